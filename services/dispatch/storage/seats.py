"""Agents' seats: the only place where a load changes, always inside the transaction that changes the work.

A transaction sees the agents as they were when it began, and whoever has changed one of them since makes its write to
that one fail, and all of it is done again. So what was chosen by is true of whom was chosen: its load, its presence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.dispatch.domain import Agent
from services.dispatch.domain.work.order import Seat
from shared.aggregates import Aggregates
from shared.mongo import LostRace, Transaction

_PRESENT = {"$eq": ["$presence.status", "available"]}
_HAS_ROOM = {"$set": {"has_room": {"$and": [_PRESENT, {"$lt": ["$load", "$capacity"]}]}}}


@dataclass(frozen=True, kw_only=True)
class Taken:
    """A seat that is taken at an instant, in the shift that began then."""

    seat: Seat
    at: datetime
    shift_since: datetime


class Seats:
    """The agents' seats: `load` units of `capacity` are taken, by `open` pieces of work, of each kind `kinds`."""

    def __init__(self, agents: Aggregates[Agent]) -> None:
        self._agents = agents.collection

    def has_room(self, queues: Sequence[str]) -> bool:
        """Whether somebody who serves one of these queues may have room: a rough look, which limits may refute."""
        wanted = {"queues": {"$in": list(queues)}, "has_room": True}
        return self._agents.find_one(wanted, {"_id": 1}, hint="seats") is not None

    def take(self, taken: Taken, tx: Transaction) -> None:
        """One more piece of work for the agent; `LostRace` if it is not there."""
        units, since = taken.seat.units, taken.shift_since
        shift = {"$cond": [{"$eq": ["$shift_since", since]}, {"$add": [_number("$shift_units"), units]}, units]}
        more = {
            "last_assigned_at": {"$max": ["$last_assigned_at", taken.at]},
            "shift_units": shift,
            "shift_since": since,
        }
        done = self._agents.update_one(
            {"_id": taken.seat.agent}, [_counted(taken.seat, 1, more), _HAS_ROOM], session=tx.session
        )
        if not done.matched_count:
            raise LostRace

    def give_back(self, seat: Seat, tx: Transaction, completed: str | None = None) -> Sequence[str]:
        """One piece of work less; gives the queues for which the agent has room now.

        `completed`: the category of which it has completed a step by that.
        """
        known: dict[str, Any] = {}
        if completed:
            known = {"experience": _at_key("experience", completed, {"$add": [_of_key("experience", completed), 1]})}
        return self._freed(seat.agent, [_counted(seat, -1, known)], tx)

    def reweigh(self, before: Seat, now: Seat, tx: Transaction) -> Sequence[str]:
        """Work that the agent goes on having takes other units, or is of another kind; also beyond the capacity.

        Gives the queues for which the agent has room now.
        """
        return self._freed(before.agent, [_counted(before, -1, {}), _counted(now, 1, {})], tx)

    def _freed(self, agent_id: str, counted: Sequence[Mapping[str, Any]], tx: Transaction) -> Sequence[str]:
        freed: dict[str, Any] | None = self._agents.find_one_and_update(
            {"_id": agent_id},
            [*counted, _HAS_ROOM],
            {"queues": 1, "has_room": 1},
            return_document=True,
            session=tx.session,
        )
        return freed["queues"] if freed and freed["has_room"] else ()

    def recount_room(self, agent_id: str, tx: Transaction) -> None:
        """After its capacity or presence has changed."""
        counted = {"$set": {"load": _number("$load"), "open": _number("$open"), "kinds": {"$ifNull": ["$kinds", {}]}}}
        self._agents.update_one({"_id": agent_id}, [counted, _HAS_ROOM], session=tx.session)


def _counted(seat: Seat, sign: int, more: Mapping[str, Any]) -> Mapping[str, Any]:
    left = {"$add": [_of_key("kinds", seat.kind), sign]}
    kinds = _at_key("kinds", seat.kind, {"$cond": [{"$gt": [left, 0]}, left, "$$REMOVE"]})
    load = {"$add": [_number("$load"), sign * seat.units]}
    return {"$set": {"load": load, "open": {"$add": [_number("$open"), sign]}, "kinds": kinds, **more}}


def _number(field: str) -> Mapping[str, Any]:
    return {"$ifNull": [field, 0]}


# a type or category may be any text, also one with a dot


def _of_key(field: str, key: str) -> Mapping[str, Any]:
    return {"$ifNull": [{"$getField": {"field": {"$literal": key}, "input": _members(field)}}, 0]}


def _at_key(field: str, key: str, value: Any) -> Mapping[str, Any]:
    return {"$setField": {"field": {"$literal": key}, "input": _members(field), "value": value}}


def _members(field: str) -> Mapping[str, Any]:
    return {"$ifNull": [f"${field}", {}]}
