"""The calls that are to be made: listed, and given out one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from pymongo import ASCENDING

from services.notify.domain import calls
from services.notify.domain.ledger import Message
from services.notify.domain.rules import URGENCIES
from services.notify.errors import NoSuchCall
from services.notify.storage.messages import LISTED, OPEN_CALLS, Messages, Page, page
from shared.cause import Call
from shared.errors import Conflict

Reply = Callable[[Message], Mapping[str, Any]]
#: More than that many calls at once are nobody's turn: others are at each of them.
LOOKED_AT = 50


class Calls:
    """Claims of calls; two agents never have one at a time."""

    def __init__(self, messages: Messages) -> None:
        self._messages = messages

    def listed(self, filters: Mapping[str, Any], limit: int, after: str | None) -> Page:
        """Those that are to be made, oldest first, also those that somebody has just now."""
        wanted = _open(filters) | ({"_id": {"$gt": after}} if after is not None else {})
        rows = self._messages.collection.find(wanted, LISTED).hint(_index(filters)).sort("_id", ASCENDING)
        return page(list(rows.limit(limit + 1)), limit)

    def give_next(self, call: Call, agent: str, team: str | None, reply: Reply) -> Mapping[str, Any] | None:
        """The oldest of the most urgent ones, as `reply` has it, for this agent; None: there is none.

        Asked again with the same request id, it is the same call.
        """
        known = self._messages.asked_before(call)
        for message_id in [known] if known else self._free(team):
            claim = partial(calls.claim, agent=agent, limits=self._messages.limits())
            try:
                return self._messages.change(call, message_id, claim, reply)
            except NoSuchCall:
                continue  # somebody else was faster
            except Conflict:
                if self._messages.asked_before(call) is None:
                    raise
                return self.give_next(call, agent, team, reply)  # the same request, delivered twice at one moment
        return None

    def _free(self, team: str | None) -> Iterator[str]:
        filters = {"team": team} if team else {}
        for urgency in URGENCIES:
            wanted = {**_open({**filters, "urgency": urgency}), "due_at": None}
            rows = self._messages.collection.find(wanted, {"_id": 1}).hint(_index(filters)).sort("_id", ASCENDING)
            yield from (row["_id"] for row in rows.limit(LOOKED_AT))


def _open(filters: Mapping[str, Any]) -> dict[str, Any]:
    return {"urgency": {"$in": list(URGENCIES)}, **filters, **OPEN_CALLS}


def _index(filters: Mapping[str, Any]) -> str:
    return "calls_team_urgency" if "team" in filters else "calls_urgency"
