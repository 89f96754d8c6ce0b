"""Work orders as documents, and back. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from services.dispatch.domain import Order, alarms, claimed, queues, strandings, turn, waits_in
from services.dispatch.domain.rollouts.repin import pinned, provisional
from services.dispatch.domain.work.incidents import is_open
from services.dispatch.domain.work.order import Books
from services.dispatch.domain.work.record import MERGED, order_of, record
from services.dispatch.domain.work.standing_in import acting
from services.dispatch.domain.work.turn import place
from services.dispatch.storage.worklists import listed
from shared.document import KERNEL_OWN
from shared.errors import NotFound
from shared.events import kernel_fields, to_json
from shared.history import differences, rebuild


def order_document(order: Order) -> dict[str, Any]:
    """The work order's own fields, its seats and queues, its places in lists, and what rollouts find it by."""
    return {
        **record(order),
        "seats": {str(visit): seat._asdict() for visit, seat in claimed(order).items()},
        "queues": queues(order),
        "place": place(order.opened_at, order.order_no),
        "turn": turn(order),
        "stranded": strandings(order),
        "alarms": alarms(order),
        "teams": _each([visit.need.team for visit in order.visits], order.team),
        "agents": _each([visit.agent for visit in order.visits], order.agent),
        "steps": [visit.step for visit in order.visits] if order.flow else [],
        "mass_incident": place(order.opened_at, order.order_no) if is_open(order) else None,
        "acting": acting(order),
        **listed(order),
        "pinned": pinned(order),
        "provisional": provisional(order),
    }


def order_from(doc: Mapping[str, Any], books: Books) -> Order:
    """The work order in a document; `books` gives the versions of the reference data."""
    order = order_of(doc, books=books, **kernel_fields(doc))
    return replace(order, seated=claimed(order), waited=waits_in(order), was_held_since=order.held_since)


def order_faults(doc: Mapping[str, Any], entries: Sequence[Mapping[str, Any]], books: Books) -> list[str]:
    """The fields of a stored work order that are not what its whole history makes of them, or that are none of ours."""
    whole = _whole(rebuild(entries, MERGED), books)
    return [*differences(doc, to_json(whole), whole), *sorted(doc.keys() - whole.keys() - KERNEL_OWN)]


def _whole(rebuilt: Mapping[str, Any], books: Books) -> Mapping[str, Any]:
    """The document, what is derived included; of a forged history that tells no work order, what it tells."""
    try:
        order = order_of(rebuilt, books=books)
        return {"_id": order.order_no, **order_document(order)}
    except (KeyError, TypeError, ValueError, AttributeError, NotFound):
        return rebuilt


def _each(of_visits: Sequence[str | None], last: str | None) -> list[str]:
    """Those of the open steps, each once; of work without any, the last one."""
    return list(dict.fromkeys(one for one in (of_visits or (last,)) if one))
