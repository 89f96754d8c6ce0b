"""What a simulation costs: made-up work orders a second on one core, and whether that depends on their number.

Work of one step, and work through the shipped flow, as `loopdesk simulate --synthetic` plays it.
"""

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
from deploy.simulation.loading import declared_base, made_up
from deploy.simulation.samples import Samples
from deploy.simulation.synthetic import Synthetic

ONE_STEP, FLOW = "one step each", "the shipped flow, four steps"
MEGABYTE = 1024  # of what `ru_maxrss` tells, on Linux


def show(console: Console, orders: int) -> None:
    """Play a hundredth of the orders, then all of them: one step each, twenty agents of IT; then some by the flow."""
    table = Table(
        "what", "work orders", "orders a second", "CPU seconds", "memory, most", title="Simulation, on one core"
    )
    for column in table.columns[1:]:
        column.justify = "right"
    with Progress(BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console, transient=True) as bar:
        for what, count in (
            *((ONE_STEP, count) for count in (max(1, orders // 100), orders)),
            (FLOW, orders // 10 or 1),
        ):
            task = bar.add_task("", total=count)
            seconds = PLAYS[what](count, lambda done, task=task: bar.update(task, completed=done))  # type: ignore[misc]
            most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MEGABYTE
            table.add_row(what, f"{count:,}", f"{count / seconds:,.0f}", f"{seconds:,.1f}", f"{most:,.0f} MB")
    console.print(table)


def play(count: int, progress: Callable[[int], None]) -> float:
    """CPU seconds of one run of one-step work; nothing may be left over."""
    made = Synthetic(count=count)
    engine = Engine(made.courses(), setting(_base(made), "bench"), Samples())
    began = time.process_time()
    outcome = engine.run(progress)
    assert outcome.unfinished == 0
    return time.process_time() - began


def play_flow(count: int, progress: Callable[[int], None]) -> float:
    """CPU seconds of one run of what `loopdesk simulate --synthetic` plays; nothing may be left over."""
    body = declared.load(declared.CONFIG)[0]["dispatch"]
    made = Synthetic.fitting(count, body)
    loaded = made_up(made.courses(), body, made.count, made.per_hour)
    engine = Engine(loaded.courses, setting(loaded.base, "bench"), loaded.samples)
    began = time.process_time()
    outcome = engine.run(progress)
    assert outcome.unfinished == 0
    return time.process_time() - began


PLAYS = {ONE_STEP: play, FLOW: play_flow}


def _base(made: Synthetic) -> Base:
    team = {f"it.{number:02d}": {"name": f"IT {number:02d}", "teams": ["it"], "capacity": 3} for number in range(1, 21)}
    body = declared.load(declared.CONFIG)[0]["dispatch"]
    body = merged({**body, "flows": {}}, {"agents": {name: {"rota": None} | told for name, told in team.items()}})
    return declared_base(body, made.since, made.since)
