"""Columns side by side, for a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from rich.table import Table
from rich.text import Text

from deploy.simulation.measure import Outcome
from deploy.simulation.staffing import Staffing

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
BETTER = {True: "green", False: "red"}
MISSED = "bold red"
NOT_REACHED = "In red: with these agents the target is not reached in the simulation; it needs more than Erlang C says."


def comparison(columns: Sequence[Outcome], left_out: str = "") -> Table:
    """A row for each figure; where a column differs from the first simulated one, it is green or red.

    `left_out`: what of the log stands in no column.
    """
    table = Table(box=None, header_style="bold", caption_justify="left")
    table.caption = f"in no column: {left_out}" if left_out else None
    table.add_column("")
    for column in columns:
        table.add_column(column.name, justify="right")
    for name, cells in rows(columns):
        table.add_row(name, *cells)
    return table


def rows(columns: Sequence[Outcome]) -> Iterator[tuple[str, list[Text]]]:
    """Name and cells of each figure: counts, promises kept, waits, load, idle hours and overtime."""
    yield from _plain(columns)
    keys = sorted({key for column in columns for key in column.attainment})
    for priority, promise in keys:
        shares = [column.attainment[key].share if (key := (priority, promise)) in column.attainment else None
                  for column in columns]  # fmt: skip
        yield f"{priority} {promise.replace('_', ' ')} kept", _cells(shares, percent, up=True)
    for priority in sorted({priority for column in columns for priority in column.waits}):
        for place, name in enumerate(("median", "p90", "p99")):
            waits = [column.waits[priority][place] if priority in column.waits else None for column in columns]
            yield f"{priority} wait, {name}", _cells(waits, length, up=False)
    yield "load fairness (Jain)", _cells([column.fairness for column in columns], _three, up=True)
    yield "idle hours", _cells([column.idle_hours for column in columns], _hours, up=None)
    yield "overtime hours", _cells([column.overtime_hours for column in columns], _hours, up=False)


def _plain(columns: Sequence[Outcome]) -> Iterator[tuple[str, list[Text]]]:
    yield "work orders", [Text(f"{column.orders:,}") for column in columns]
    yield "not finished", [Text(f"{column.unfinished:,}") for column in columns]
    yield "assignments", [Text(f"{column.counts.get('work_assigned', 0):,}") for column in columns]
    yield "escalations", [Text(f"{column.counts.get('work_escalated', 0):,}") for column in columns]


def _cells(values: Sequence[float | None], form: Callable[[float], str], *, up: bool | None) -> list[Text]:
    """`up`: more is better; None: neither is."""
    first = next((value for value in values[1:2] or values if value is not None), None)
    cells = []
    for place, value in enumerate(values):
        style = ""
        if place > 1 and up is not None and value is not None and first is not None and form(value) != form(first):
            style = BETTER[(value > first) is up]
        cells.append(Text("-" if value is None else form(value), style))
    return cells


def percent(share: float) -> str:
    """`93.4%`."""
    return f"{share:.1%}"


def length(seconds: float) -> str:
    """`45s`, `12m`, `3.4h`, `2.1d`."""
    for size, unit in ((86400, "d"), (3600, "h")):
        if seconds >= size:
            return f"{seconds / size:.1f}{unit}"
    return f"{seconds / 60:.0f}m" if seconds >= 60 else f"{seconds:.0f}s"


def _three(value: float) -> str:
    return f"{value:.3f}"


def _hours(value: float) -> str:
    return f"{value:,.1f}"


def staffing_summary(found: Sequence[Staffing]) -> Table:
    """A row for each team and target: what is needed, what Erlang C says of it, and what the simulation does."""
    names = ("team", "target", "in a seat", "peak load", "peak agents", "agent hours a week", "Erlang C", "simulated")
    table = Table(*names, "difference", box=None, header_style="bold")
    for column in table.columns[2:]:
        column.justify = "right"
    for one in found:
        missed = MISSED if one.reached is False else ""
        simulated = Text("-" if one.simulated is None else percent(one.simulated), missed)
        apart = "-" if one.difference is None else f"{one.difference * 100:+.1f} points"
        peak = max(one.load, default=0.0)
        figures = (length(one.handling), f"{peak:.1f}", str(max(one.agents, default=0)), f"{sum(one.agents):,}")
        table.add_row(one.team, one.target.text, *figures, percent(one.predicted), simulated, apart)
        if one.reached is False:
            table.caption, table.caption_style, table.caption_justify = NOT_REACHED, MISSED, "left"
    return table


def staffing_week(one: Staffing) -> Table:
    """Agents for each hour of the week: a row for a day, a column for an hour."""
    table = Table("", *(f"{hour:02d}" for hour in range(24)), box=None, header_style="bold", padding=(0, 0, 0, 1))
    for column in table.columns[1:]:
        column.justify = "right"
    for day, name in enumerate(DAYS):
        table.add_row(name, *(str(count) for count in one.agents[day * 24 : day * 24 + 24]))
    return table
