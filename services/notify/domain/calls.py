"""Calls: messages that a person tells. No queue: an agent has one for a while, and says what came of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from services.notify.domain import ledger
from services.notify.domain.audience import CALL
from services.notify.domain.ledger import DELIVERED, FAILED, HANDED_OVER, Message
from services.notify.domain.limits import Limits
from services.notify.errors import NoSuchCall
from shared.events import Fact

Changed = tuple[Message, list[Fact]]
OUTCOMES = (REACHED, NOT_REACHED, WRONG_NUMBER) = ("reached", "not_reached", "wrong_number")


def claim(message: Message, at: datetime, agent: str, limits: Limits) -> Changed:
    """The agent has it until its lease ends. Raises `NoSuchCall` where somebody else has, or it is to wait."""
    _require_open(message)
    if message.due_at is not None:
        raise NoSuchCall(message.message_id, f"with {message.agent}" if message.agent else "not yet to be called again")
    until = at + limits.call_lease
    claimed = replace(message, agent=agent, due_at=until)
    return claimed, [Fact("call_claimed", at, {"agent": agent, "until": until})]


def finish(message: Message, at: datetime, outcome: str, note: str | None, limits: Limits) -> Changed:
    """What came of it, whoever called; who was not reached is called again, up to the limit. Raises `NoSuchCall`."""
    _require_open(message)
    told = {"agent": message.agent, "note": note}
    calls = message.attempt + 1
    counted = replace(message, attempt=calls)
    if outcome == REACHED:
        moved, facts = ledger.move(counted, DELIVERED, at, **told)
        return ledger.mark_reached(moved, at, DELIVERED), facts
    if outcome == WRONG_NUMBER or calls >= limits.call_attempts:
        moved, facts = ledger.move(counted, FAILED, at, detail=outcome, **told)
        return replace(moved, agent=None), facts
    said = {name: value for name, value in told.items() if value is not None}
    later = replace(counted, agent=None, due_at=at + limits.call_again)
    return later, [Fact("call_not_reached", at, {**said, "calls": calls, "again_at": later.due_at})]


def _require_open(message: Message) -> None:
    if message.channel != CALL or message.state != HANDED_OVER:
        why = f"it is {message.state}" if message.channel == CALL else f"it goes by {message.channel}"
        raise NoSuchCall(message.message_id, why)
