"""What a simulation costs: made-up work orders a second on one core, and whether that depends on their number."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn
from rich.table import Table

from deploy import declared
from deploy.simulation.alternatives import Base, merged, setting
from deploy.simulation.engine import Engine
from deploy.simulation.loading import declared_base
from deploy.simulation.samples import Samples
from deploy.simulation.synthetic import Synthetic

MEGABYTE = 1024  # of what `ru_maxrss` tells, on Linux


def show(console: Console, orders: int) -> None:
    """Play a hundredth of the orders, then all of them, under the shipped reference data with twenty agents of IT."""
    table = Table("work orders", "orders a second", "CPU seconds", "memory, most", title="Simulation, on one core")
    for column in table.columns:
        column.justify = "right"
    with Progress(BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console, transient=True) as bar:
        for count in (max(1, orders // 100), orders):
            task = bar.add_task("", total=count)
            seconds = play(count, lambda done, task=task: bar.update(task, completed=done))  # type: ignore[misc]
            most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MEGABYTE
            table.add_row(f"{count:,}", f"{count / seconds:,.0f}", f"{seconds:,.1f}", f"{most:,.0f} MB")
    console.print(table)


def play(count: int, progress: Callable[[int], None]) -> float:
    """CPU seconds of one run of one-step work; nothing may be left over."""
    made = Synthetic(count=count)
    engine = Engine(made.courses(), setting(_base(made), "bench"), Samples())
    began = time.process_time()
    outcome = engine.run(progress)
    assert outcome.unfinished == 0
    return time.process_time() - began


def _base(made: Synthetic) -> Base:
    team = {f"it.{number:02d}": {"name": f"IT {number:02d}", "teams": ["it"], "capacity": 3} for number in range(1, 21)}
    body = declared.load(declared.CONFIG)[0]["dispatch"]
    body = merged({**body, "flows": {}}, {"agents": {name: {"rota": None} | told for name, told in team.items()}})
    return declared_base(body, made.since, made.since)
