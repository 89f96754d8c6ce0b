"""How worklists are found: by one key of the work's document, in order of when something is to be done.

A list stands ordered in the index `of_list` (key, `act_by`). With several filters the key is that of the narrowest one
(`NARROWEST`), and the work order itself is asked about the others. A page begins after the last row of the one before:
rows that stay as they are come once, whatever others do meanwhile.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.dispatch import answers
from services.dispatch.domain.work import worklists
from services.dispatch.domain.work.order import Books, Order
from services.dispatch.domain.work.record import order_of
from services.dispatch.domain.work.turn import place
from shared.aggregates import STATE_ONLY, Aggregates
from shared.errors import ValidationError
from shared.events import kernel_fields

#: The filters of a worklist, of which the first one that is given chooses the part of the index that is read.
NARROWEST = ("agent", "team", "type", "tier")
OF_LIST = "of_list"
_TURN = re.compile(r"[0-9]{15}W-")


def listed(order: Order) -> dict[str, Any]:
    """The fields of a work order's document by which worklists find it; `act_by` sorts as (time, number)."""
    keys = worklists.keys_of(order)
    return {"lists": keys, "act_by": place(worklists.act_by(order), order.order_no) if keys else None}


def query(name: str, filters: Mapping[str, str], after: str | None) -> dict[str, Any]:
    """The MongoDB filter of a page, for the index `of_list`, to be sorted by `act_by`.

    `ValidationError` for an `after` that no page gave.
    """
    keys = [worklists.key(name, by, filters[by]) for by in NARROWEST if by in filters] or [name]
    wanted: dict[str, Any] = {"lists": keys[0]}
    if keys[1:]:
        wanted["$expr"] = {"$setIsSubset": [keys[1:], "$lists"]}  # which no index answers
    if after is not None:
        wanted["act_by"] = {"$gt": _turn(after)}
    return wanted


def page(
    orders: Aggregates[Order], books: Books, wanted: Mapping[str, Any], limit: int, now: datetime
) -> tuple[list[dict[str, Any]], str | None]:
    """At most `limit` rows of what `query` asks for, what is to be done first first; and the next page's cursor."""
    found = list(orders.collection.find(wanted, STATE_ONLY).hint(OF_LIST).sort("act_by", 1).limit(limit + 1))
    more = found[limit - 1]["act_by"] if len(found) > limit else None
    return [row(order_of(doc, books=books, **kernel_fields(doc)), now) for doc in found[:limit]], _cursor(more)


def _cursor(turn: str | None) -> str | None:
    return urlsafe_b64encode(turn.encode()).decode() if turn else None


def row(order: Order, now: datetime) -> dict[str, Any]:
    """A work order in a worklist: its summary, the lists that it stands in, and the next thing to do."""
    following = worklists.next_action(order)
    assert following is not None  # noqa: S101 - what is over stands in no list
    return {
        **answers.summary(order),
        "lists": list(worklists.lists_of(order)),
        "urges": order.pressure.urges,
        "next": {
            "action": following.action,
            "name": dict(worklists.ACTIONS[following.action]),
            "by": following.by,
            "late": following.late(order.replay_until or now),
            "team": following.team,
            "who": list(following.who),
        },
    }


def _turn(after: str) -> str:
    try:
        turn = urlsafe_b64decode(after.encode()).decode()
    except ValueError:
        turn = ""
    if not _TURN.match(turn):
        raise ValidationError({"after": ["Is not the `next` of a page."]})
    return turn
