"""The calls that are to be made: listed, and given out one by one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from pymongo import ASCENDING

from services.notify.domain import calls, ledger
from services.notify.domain.holding import GO, Decision
from services.notify.domain.ledger import FAILED, HELD, Message
from services.notify.domain.rules import NO_ADDRESS, URGENCIES
from services.notify.errors import NoSuchCall
from services.notify.storage.holding import Drafted, Holding
from services.notify.storage.messages import LISTED, OPEN_CALLS, Messages, Page, page
from shared.cause import Call, Cause
from shared.errors import Conflict

Reply = Callable[[Message], Mapping[str, Any]]
#: Calls looked at in one go, and seconds in all: at night, all but a few may have to wait for the morning.
LOOKED_AT = 50
LOOK_FOR = 2.0
_NOWHERE = Decision(FAILED, NO_ADDRESS)


class Calls:
    """Claims of calls; two agents never have one at a time. Before one is given out, it is decided again as any message
    that has waited: nobody is called at night, or about what is over."""

    def __init__(self, messages: Messages, holding: Holding) -> None:
        self._messages = messages
        self._holding = holding

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
        until = time.monotonic() + LOOK_FOR
        for message_id in [known] if known else self._free(team):
            to = self._number(message_id) if known is None else ""  # the answer is kept
            if to is None and time.monotonic() > until:
                return None  # what was put off is not looked at again: who asks next goes on from here
            if to is None:
                continue
            claim = partial(calls.claim, agent=agent, to=to, limits=self._messages.limits())
            try:
                return self._messages.change(call, message_id, claim, reply)
            except NoSuchCall:
                continue  # somebody else was faster
            except Conflict:
                if known or self._messages.asked_before(call) is None:
                    raise
                return self.give_next(call, agent, team, reply)  # the same request, delivered twice at one moment
        return None

    def _number(self, message_id: str) -> str | None:
        """Where to call now; None: not at this moment, or never: then the call is put off, or taken back."""
        message = self._messages.get(message_id)
        to, wishes = self._holding.whereabouts.of(message)
        decision = self._holding.by_itself(replace(message, to=to), wishes) if to else _NOWHERE
        if decision == GO:
            return to
        tick = Cause.tick(self._holding.now())
        self._messages.change(tick, message_id, partial(self._not_now, decision=decision))
        return None

    def _not_now(self, message: Message, at: datetime, decision: Decision) -> Drafted:
        if not calls.is_open(message) or message.due_at is not None:
            return message, []  # somebody has it now
        if decision is _NOWHERE:
            return ledger.move(message, FAILED, at, detail=NO_ADDRESS)
        if decision.state == HELD and decision.until is not None:
            return calls.put_off(message, at, str(decision.reason), decision.until)
        return self._holding.settled(message, decision, at)

    def _free(self, team: str | None) -> Iterator[str]:
        """A page at a time: those of a page that nobody was given are free no more."""
        filters = {"team": team} if team else {}
        for urgency in URGENCIES:
            wanted = {**_open({**filters, "urgency": urgency}), "due_at": None}
            found = [""] * LOOKED_AT
            while len(found) == LOOKED_AT:
                rows = self._messages.collection.find(wanted, {"_id": 1}).hint(_index(filters)).sort("_id", ASCENDING)
                found = [row["_id"] for row in rows.limit(LOOKED_AT)]
                yield from found


def _open(filters: Mapping[str, Any]) -> dict[str, Any]:
    return {"urgency": {"$in": list(URGENCIES)}, **filters, **OPEN_CALLS}


def _index(filters: Mapping[str, Any]) -> str:
    return "calls_team_urgency" if "team" in filters else "calls_urgency"
