"""What dispatch answers about an assignment: why it was that agent, or why it is nobody yet; times stay datetimes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from services.dispatch.domain import Order, Reference, Visit
from services.dispatch.domain import waiting as waiting_steps
from services.dispatch.domain.assigning.assignment import Assignment
from services.dispatch.domain.assigning.explanation import explanation
from services.dispatch.domain.assigning.record import record
from services.dispatch.domain.work.order import Books
from services.dispatch.domain.work.picking import Picked
from services.dispatch.domain.work.visiting import named
from services.dispatch.storage.assignments import Assignments
from services.dispatch.storage.choosing import Choosing
from services.dispatch.storage.waiting import time_of
from shared.aggregates import Aggregates

#: Of an assignment's document, what the answer shows as it is.
SHOWN = (
    "visit",
    "step",
    "agent",
    "principal",
    "team",
    "came",
    "rule",
    "units",
    "assigned_at",
    "accept_by",
    "accepted_at",
    "ended_at",
    "outcome",
)


class ExplainingAssignments:
    """Reads what is asked for: plain reads, in no transaction, so nobody who assigns work waits for them."""

    def __init__(
        self,
        orders: Aggregates[Order],
        assignments: Assignments,
        choosing: Callable[[], Choosing],
        books: Books,
        now: Callable[[], datetime],
    ) -> None:
        self._orders = orders
        self._assignments = assignments
        self._choosing = choosing
        self._books = books
        self._now = now

    def answer(self, order_no: str, number: int | None, step: str | None) -> dict[str, Any]:
        """Of that assignment; else of how that open step stands now; else of the first that waits, or the newest one.

        Raises NotFound (work, assignment, open step).
        """
        order = self._orders.get(order_no)
        visit = None if number is not None else _asked_about(order, step)
        if visit is not None and visit.agent is None:
            return self._as_of_now(order, visit)
        document = self._assignments.get(order_no, visit.assignment if visit is not None else number)
        return assignment(order, document, self._orders.entries(order_no), self._books)

    def _as_of_now(self, order: Order, visit: Visit) -> dict[str, Any]:
        choosing, at = self._choosing(), time_of(order, self._now())
        picked = choosing.among(choosing.crowd(order, visit, at), order, visit, at)
        return waiting(order, visit, picked, choosing.reference)


def _asked_about(order: Order, step: str | None) -> Visit | None:
    if step is not None:
        return named(order, step)
    return next(iter(waiting_steps(order)), None)


def waiting(order: Order, visit: Visit, picked: Picked, reference: Reference) -> dict[str, Any]:
    """The answer about a step that waits; `choice` is the one that would be made now, of which there is no record."""
    recorded = record(picked.task, picked.candidates, picked.choice, reference.version)
    told = explanation(recorded, reference.assignment)
    return {
        "order_no": order.order_no,
        "ticket_no": order.ticket_no,
        "reference": order.reference,
        "state": order.state.value,
        "waiting": True,
        "stranded": visit.stranded,
        "assignment": None,
        **dict.fromkeys(SHOWN),
        "visit": visit.number,
        "step": visit.step if order.flow else None,
        "team": visit.need.team,
        "units": picked.task.units,
        "choice": {**told, "intact": None, "digest": None},
    }


def assignment(
    order: Order, document: Mapping[str, Any], entries: Iterable[Mapping[str, Any]], books: Books
) -> dict[str, Any]:
    """The answer to `explain_assignment`; `entries` are the history of the work, `books` the reference data by version.

    `choice` is null where nobody chose: work that came by a hand-over, or goes back after one.
    """
    recorded = document["record"]
    rules = books(recorded["version"]).assignment if recorded else None
    return {
        "order_no": order.order_no,
        "ticket_no": order.ticket_no,
        "reference": order.reference,
        "state": order.state.value,
        "waiting": False,
        "stranded": None,
        "assignment": document["number"],
        **{name: document[name] for name in SHOWN},
        "choice": _choice(recorded, rules, entries) if recorded and rules else None,
    }


def _choice(recorded: Mapping[str, Any], rules: Assignment, entries: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """`intact`: the digest of the record stands in the history, which is chained, so nobody has changed the record."""
    told = explanation(recorded, rules)
    digests = {entry["data"].get("choice") for entry in entries if entry["type"] == "work_assigned"}
    return {"intact": told["digest"] in digests, **told}
