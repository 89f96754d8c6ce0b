"""What dispatch answers about an assignment: why it was that agent. Pure; times stay datetimes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from services.dispatch.domain.assigning.assignment import Assignment
from services.dispatch.domain.assigning.explanation import explanation
from services.dispatch.domain.work.order import Books, Order

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
        "assignment": document["number"],
        **{name: document[name] for name in SHOWN},
        "choice": _choice(recorded, rules, entries) if recorded and rules else None,
    }


def _choice(recorded: Mapping[str, Any], rules: Assignment, entries: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """`intact`: the digest of the record stands in the history, which is chained, so nobody has changed the record."""
    told = explanation(recorded, rules)
    digests = {entry["data"].get("choice") for entry in entries if entry["type"] == "work_assigned"}
    return {"intact": told["digest"] in digests, **told}
