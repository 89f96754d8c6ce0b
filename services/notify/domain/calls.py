"""Calls: messages that a person tells. No queue: an agent has one for a while, and says what came of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from services.notify.domain import ledger
from services.notify.domain.audience import CALL
from services.notify.domain.ledger import CANCELLED, DELIVERED, FAILED, HANDED_OVER, Message
from services.notify.domain.limits import Limits
from services.notify.errors import NoSuchCall
from shared.events import Fact

Changed = tuple[Message, list[Fact]]
OUTCOMES = (REACHED, NOT_REACHED, WRONG_NUMBER) = ("reached", "not_reached", "wrong_number")


def claim(message: Message, at: datetime, agent: str, to: str, limits: Limits) -> Changed:
    """The agent has it until its lease ends, and calls `to`. Raises `NoSuchCall` where somebody else has, or it is to
    wait."""
    _require_open(message)
    if message.due_at is not None:
        raise NoSuchCall(message.message_id, f"with {message.agent}" if message.agent else "not yet to be called again")
    until = at + limits.call_lease
    claimed = replace(message, agent=agent, to=to, due_at=until)
    return claimed, [Fact("call_claimed", at, {"agent": agent, "until": until})]


def put_off(message: Message, at: datetime, why: str, until: datetime) -> Changed:
    """Nobody is to make this call before `until`: why (quiet_hours, per_day …)."""
    if not is_open(message) or message.due_at is not None:
        return message, []
    return replace(message, due_at=until), [Fact("call_put_off", at, {"why": why, "until": until})]


def finish(message: Message, at: datetime, outcome: str, note: str | None, limits: Limits) -> Changed:
    """What came of it, whoever called; who was not reached is called again, up to the limit. Raises `NoSuchCall`.

    Of a call that was taken back while an agent had it: who was reached was told; else nobody calls again.
    """
    taken_back = message.state == CANCELLED and message.agent is not None
    if not taken_back:
        _require_open(message)
    told = {"agent": message.agent, "note": note}
    calls = message.attempt + 1
    counted = replace(message, attempt=calls)
    if outcome == REACHED:
        moved, facts = ledger.move(counted, DELIVERED, at, **told)
        spoken, more = ledger.mark_reached(moved, at, DELIVERED)
        return spoken, facts + more
    said = {name: value for name, value in told.items() if value is not None}
    if taken_back:
        return replace(counted, agent=None), [Fact("call_not_reached", at, {**said, "calls": calls})]
    if outcome == WRONG_NUMBER or calls >= limits.call_attempts:
        moved, facts = ledger.move(counted, FAILED, at, detail=outcome, **told)
        return replace(moved, agent=None), facts
    later = replace(counted, agent=None, due_at=at + limits.call_again)
    return later, [Fact("call_not_reached", at, {**said, "calls": calls, "again_at": later.due_at})]


def is_open(message: Message) -> bool:
    """Whether it is a call that is to be made."""
    return message.channel == CALL and message.state == HANDED_OVER


def _require_open(message: Message) -> None:
    if not is_open(message):
        why = f"it is {message.state}" if message.channel == CALL else f"it goes by {message.channel}"
        raise NoSuchCall(message.message_id, f"{why} ({message.detail})" if message.detail else why)
