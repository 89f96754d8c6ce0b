"""What falls due among very many open work orders: what a look costs, and how far acting lags behind the instant."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo import WriteConcern
from pymongo.collection import Collection
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from shared.due import due
from tests.bench.measure import Desk
from tests.support import eventually

PER_SECOND, SECONDS = 100, 20
AT_ONCE = 1000  # documents in one insert
LOOKS = 200
LEAD = timedelta(seconds=5)
AHEAD = timedelta(days=30)  # when the filling falls due: never within the run
Doc = dict[str, Any]


def report(desk: Desk, console: Console, open_orders: int) -> None:
    """Fill up with open work in two steps; after each, look for what is due and let `PER_SECOND` a second fall due."""
    orders = desk.stack.database.dispatch_orders
    template = _template(desk, orders)
    rows: dict[str, list[str]] = {}
    have = 0
    for goal in (open_orders // 100, open_orders):
        _fill(orders, template, have, goal, console)
        have = goal
        lags = _fall_due(orders, template, goal)
        rows[f"{goal:,} open"] = [f"{_look(orders):.3f}", *_lag_figures(lags)]
    _show(console, rows)
    console.print(f"The timer query's plan: {_plan(orders)}; of 100 that are due it reads {_read(orders)} documents")
    orders.delete_many({"bench": True})


def _show(console: Console, rows: Mapping[str, list[str]]) -> None:
    title = f"Timers: {PER_SECOND} a second falling due for {SECONDS} s, one dispatch-worker (aim: lag under 1 s)"
    table = Table("", *rows, title=title)
    names = ("one look with nothing due, median ms", "acted on", "lag p50 ms", "lag p99 ms", "lag longest ms")
    for name, *cells in zip(names, *rows.values(), strict=True):
        table.add_row(name, *cells)
    console.print(table)


def _template(desk: Desk, orders: Collection[Doc]) -> Doc:
    """A real open work order, as dispatch stores it."""
    answer = desk.client.result(desk.client.send(desk.submission()))
    order_no = "W-" + answer["ticket_no"].removeprefix("T-")
    return eventually(lambda: orders.find_one({"_id": order_no, "outbox": [], "agent": {"$ne": None}}))


def _fill(orders: Collection[Doc], template: Doc, start: int, goal: int, console: Console) -> None:
    """Open work that falls due a month from now or later."""
    bulk = orders.with_options(write_concern=WriteConcern(w=1, j=False))
    far = _moved(template, AHEAD)
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("open work orders", total=goal, completed=start)
        for first in range(start, goal, AT_ONCE):
            bulk.insert_many(list(_copies(far, "FILL", first, min(goal, first + AT_ONCE))), ordered=False)
            progress.update(task, completed=first + AT_ONCE)


def _copies(doc: Doc, name: str, first: int, last: int) -> Iterator[Doc]:
    for number in range(first, last):
        later = timedelta(milliseconds=number)
        yield {**doc, "_id": f"{name}-{number}", "timer_at": doc["timer_at"] + later, "bench": True}


def _fall_due(orders: Collection[Doc], template: Doc, run: int) -> list[float]:
    """Milliseconds from the instant at which each warning fell due to its being recorded."""
    begin = datetime.now(UTC) + LEAD
    instants = [begin + timedelta(seconds=number / PER_SECOND) for number in range(PER_SECOND * SECONDS)]
    docs = [_due_at(template, f"DUE-{run}-{number}", at) for number, at in enumerate(instants)]
    orders.insert_many(docs, ordered=False)
    names = {"_id": {"$in": [doc["_id"] for doc in docs]}}
    until = LEAD.total_seconds() + SECONDS + 60
    warned = {**names, "history.type": "deadline_near"}
    eventually(lambda: orders.count_documents(warned) == len(docs), timeout=until)
    found = [_lag(doc) for doc in orders.find(names, {"history": 1})]
    orders.delete_many(names)
    return found


def _due_at(template: Doc, name: str, at: datetime) -> Doc:
    return {**_moved(template, at - template["timer_at"]), "_id": name, "bench": True}


def _lag(doc: Mapping[str, Any]) -> float:
    entry = next(entry for entry in doc["history"] if entry["type"] == "deadline_near")
    return float((entry["recorded_at"] - entry["at"]) / timedelta(milliseconds=1))


def _lag_figures(lags: list[float]) -> list[str]:
    ordered = sorted(lags)
    figures = (statistics.median(ordered), ordered[int(len(ordered) * 0.99) - 1], ordered[-1])
    return [f"{len(ordered):,}", *(f"{figure:.0f}" for figure in figures)]


def _moved(value: Any, by: timedelta) -> Any:
    """The same document at another time: every instant in it moved."""
    if isinstance(value, datetime):
        return value + by
    if isinstance(value, dict):
        return {key: _moved(item, by) for key, item in value.items()}
    if isinstance(value, list):
        return [_moved(item, by) for item in value]
    return value


def _look(orders: Collection[Doc]) -> float:
    """Median milliseconds of the timer's own query when nothing is due."""
    now = datetime.now(UTC)
    return _median_ms(lambda: list(due(orders, now, 100)))


def _median_ms(run: Callable[[], Any]) -> float:
    found = []
    for _ in range(LOOKS):
        began = time.perf_counter()
        run()
        found.append((time.perf_counter() - began) * 1000)
    return statistics.median(found)


def _explained(orders: Collection[Doc], until: datetime) -> Mapping[str, Any]:
    found: Mapping[str, Any] = due(orders, until, 100).explain()
    return found


def _plan(orders: Collection[Doc]) -> str:
    stage = _explained(orders, datetime.now(UTC))["queryPlanner"]["winningPlan"]
    names = []
    while stage:
        names.append(" ".join(filter(None, (stage["stage"], stage.get("indexName")))))
        stage = stage.get("inputStage")
    return " < ".join(names)


def _read(orders: Collection[Doc]) -> int:
    return int(_explained(orders, datetime.now(UTC) + 2 * AHEAD)["executionStats"]["totalDocsExamined"])
