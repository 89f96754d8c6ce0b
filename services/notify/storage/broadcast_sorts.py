"""Rows of a piece that differ in nothing but whom they tell: one is made by all the rules, the others after it
(ADR 87)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from services.notify.broadcast_texts import OWN as OWN_WORDS
from services.notify.domain.broadcasts import Broadcast
from services.notify.domain.ledger import Message
from services.notify.domain.recipients import Target
from services.notify.domain.rules import Notice, Rule
from services.notify.storage.messages import OWN, Messages, own_of
from shared.document import Alike
from shared.values import replace

EVENT = "broadcast"


@dataclass(frozen=True)
class Row:
    """A row of the ledger as it is to be stored. `message`: what goes to the consumers now, and is in no outbox."""

    document: dict[str, Any]
    message: list[dict[str, Any]]


class Sort:
    """Makes rows after a first one that all the rules have made."""

    def __init__(self, messages: Messages, message: Message, first: Row) -> None:
        self._messages = messages
        self._message = message
        self._shared = {name: value for name, value in first.document.items() if name not in ("_id", *OWN)}
        self._handed = messages.handed_alike(message, first.message[0]) if first.message else None

    def like(self, **own: Any) -> Row:
        """The row of somebody else; `own`: `message_id`, and the fields of `OWN`, without a token."""
        said = own["said"] if self._message.said is not None else None
        message = self._messages.sealed(replace(self._message, **{**own, "said": said, "token": None}))
        document = {"_id": message.message_id, **self._shared, **own_of(message)}
        return Row(document, [self._handed(message)] if self._handed else [])


@dataclass(frozen=True)
class Piece:
    """What the rows of a piece have in common: when they are written, their histories, and the sorts that there are."""

    broadcast: Broadcast
    at: datetime
    alike: Alike = field(default_factory=Alike)
    sorts: dict[tuple[Any, ...], Sort] = field(default_factory=dict)

    @cached_property
    def rule(self) -> Rule:
        """By which its recipients are told."""
        return rule_of(self.broadcast, self.broadcast.plan.channels)


def rule_of(broadcast: Broadcast, channels: tuple[str, ...]) -> Rule:
    """The broadcast as a rule that tells by these channels."""
    return Rule(
        event=EVENT,
        audience=broadcast.kind,
        channels=channels,
        template=broadcast.plan.template or OWN_WORDS,
        kind=broadcast.about,
        urgency=broadcast.urgency,
        valid_for=broadcast.plan.valid_for,
    )


def sort_of(target: Target, notice: Notice) -> tuple[Any, ...]:
    """All of a recipient that the rules ask, where nobody has said what they want and no limit is their own; what they
    are told is written for each."""
    return (notice.channel, notice.then, notice.language, target.zone, target.area)
