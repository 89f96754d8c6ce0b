"""From recipients to rows of the ledger, a piece at a time: every read is one for the whole piece."""

from __future__ import annotations

import gc
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.notify.addresses import usable
from services.notify.broadcast_texts import OWN, BroadcastTexts
from services.notify.domain.audience import CALL, Contact
from services.notify.domain.broadcasts import Broadcast, edition_told, occurrence
from services.notify.domain.ledger import DELIVERED, HANDED_OVER, SENT, UNKNOWN, Content, Message, draft, start
from services.notify.domain.occurrence import Occurrence, message_id
from services.notify.domain.preferences import Wishes
from services.notify.domain.recipients import NO_OUTAGE, Target
from services.notify.domain.rules import Notice, Rule, notice_of
from services.notify.reference import Reference as Rules
from services.notify.storage.broadcasts import Broadcasts
from services.notify.storage.holding import WISHES, Holding
from services.notify.storage.messages import Messages
from services.notify.storage.preferences import PreferencesStore
from services.notify.storage.telling import wanted as fit
from services.notify.texts import RENDERING
from shared.cause import Cause
from shared.document import Alike
from shared.events import Fact
from shared.reference import Reference
from shared.values import replace

EVENT = "broadcast"
CONTACT = "_contact"
"""Where a message says what other address a listed recipient has, for its fallback."""
#: Of an older edition: they know it, or may.
TOLD = (HANDED_OVER, SENT, DELIVERED, UNKNOWN)


Together = tuple[datetime, Alike]
"""When the rows of a piece are written, and what their histories have in common."""


@contextmanager
def _no_collections() -> Iterator[None]:
    """The rows of a piece are all kept until they are stored: looking for garbage finds none, and costs a fifth."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@dataclass(frozen=True)
class Row:
    """A row of the ledger as it is to be stored. `message`: what goes to the consumers now, and is in no outbox."""

    document: dict[str, Any]
    message: list[dict[str, Any]]


class BroadcastRows:
    """Makes the rows of a broadcast's recipients; stores nothing."""

    def __init__(
        self,
        reference: Reference[Rules],
        messages: Messages,
        preferences: PreferencesStore,
        holding: Holding,
        texts: BroadcastTexts,
    ) -> None:
        self._reference = reference
        self._messages = messages
        self._preferences = preferences
        self._holding = holding
        self._texts = texts

    def of(
        self, broadcast: Broadcast, targets: Sequence[Target], now: datetime, beside: Collection[str] = ()
    ) -> list[Row]:
        """The rows of those recipients who have none of this edition yet; of one who is there twice, the first.

        `beside`: ids of rows that are being stored meanwhile.
        """
        first = {target.recipient: target for target in reversed(targets)}
        ids = {self._id(broadcast, target.recipient): target for target in targets if first[target.recipient] is target}
        known = self._messages.collection.find({"_id": {"$in": list(ids)}}, {"_id": 1})
        for there in (*(doc["_id"] for doc in known), *beside):
            ids.pop(there, None)
        wanted = list(ids.values())
        wishes = self._preferences.wishes_of_many({target.recipient: target.addresses for target in wanted})
        told = self._told(broadcast, wanted)
        together = now, Alike()
        with _no_collections():
            return [self._row(broadcast, one, wishes[one.recipient], one.recipient in told, together) for one in wanted]

    def _id(self, broadcast: Broadcast, recipient: str) -> str:
        return message_id(_occurrence(broadcast, broadcast.plan.at), recipient, broadcast.plan.channels[0])

    def _told(self, broadcast: Broadcast, targets: Sequence[Target]) -> set[str]:
        """Those who know an older edition."""
        if not broadcast.earlier or not targets:
            return set()
        older = [occurrence(broadcast.broadcast_id, plan.edition) for plan in broadcast.earlier]
        recipients = [target.recipient for target in targets]
        rows = {"occurrence": {"$in": older}, "recipient": {"$in": recipients}, "state": {"$in": list(TOLD)}}
        return {doc["recipient"] for doc in self._messages.collection.find(rows, {"recipient": 1}).hint("once")}

    def _row(self, broadcast: Broadcast, target: Target, wishes: Wishes, told: bool, together: Together) -> Row:
        rules, now = self._reference.current(), together[0]
        target = _with_wishes(target, wishes)
        rule = _rule(broadcast, broadcast.plan.channels)
        notice = notice_of(rule, target.recipient, [target.contact], target.preferred, fit(rules, wishes))
        message, facts = self._drafted(broadcast, target, notice, said(broadcast, target, told), now)
        message, facts = self._holding.enter(message, facts, wishes)
        return self._stored(message, facts, together)

    def _drafted(
        self, broadcast: Broadcast, target: Target, notice: Notice, said: Mapping[str, Any], now: datetime
    ) -> tuple[Message, list[Fact]]:
        """The row before it is decided whether it goes; `detail` says why it cannot, if so."""
        rules, plan = self._reference.current(), broadcast.plan
        zone = target.zone
        language, content = notice.language or rules.default_language, None
        why = target.fault or (NO_OUTAGE if plan.outages and plan.outage(target.area) is None else _unwanted(notice))
        if notice.to is not None and why is None:
            language, content, why = self._written(broadcast, notice.channel, language, said, zone)
        if why is not None:
            notice = replace(notice, to=None, then=(), refused=((notice.channel, why),))
        message, _ = draft(
            _occurrence(broadcast, plan.at),
            notice,
            language,
            content,
            **_fields(broadcast, target),
            reference_version=rules.version,
            zone=zone,
            said=said,
            created_at=now,
            written_at=now,
            since=now,
            expires_at=plan.worth_until(target.area, now),
        )
        return message, [Fact("message_queued", now)]

    def _written(
        self, broadcast: Broadcast, channel: str, language: str, said: Mapping[str, Any], zone: str | None
    ) -> tuple[str, Content | None, str | None]:
        """Language, text, and what is wrong with it for this recipient: others must not suffer for it."""
        rules, edition = self._reference.current(), broadcast.plan.edition
        try:
            read, content = self._texts.written(rules, broadcast, edition, channel, language, said, zone)
        except RENDERING as error:
            return language, None, f"cannot be written: {error}"[:500]
        return read, content, None

    # calls

    def call(self, broadcast: Broadcast, target: Target, now: datetime) -> Row:
        """A call task."""
        rule = _rule(broadcast, (CALL,))
        notice = notice_of(rule, target.recipient, [target.contact], usable=usable)
        message, facts = self._drafted(broadcast, target, notice, said(broadcast, target, False), now)
        message, more = start(message, now)
        return self._stored(message, [*facts, *more], (now, Alike()))

    def _stored(self, message: Message, facts: Sequence[Fact], together: Together) -> Row:
        cause = Cause(ref=f"broadcast {message.broadcast}", at=together[0])
        document = self._messages.document(cause, message.message_id, message, facts, together)
        if message.state != HANDED_OVER or message.channel == CALL:
            return Row(document, [])
        handed, document["outbox"] = document["outbox"], []
        del document["relay_at"]  # the broadcast's mark stands for the outbox
        return Row(document, handed)


def said(broadcast: Broadcast, target: Target, told: bool) -> dict[str, Any]:
    """What the texts of a broadcast are given; a recipient's own variables count before the broadcast's."""
    plan = broadcast.plan
    outage = plan.outage(target.area) if plan.outages else None
    return {
        **plan.variables,
        **target.variables,
        "broadcast_name": broadcast.name,
        "customer_name": target.name,
        "area": target.area,
        "outage_from": outage.from_ if outage else None,
        "outage_to": outage.to if outage else None,
        "edition": plan.edition,
        "replaces": told,
        **({CONTACT: {"phone": target.contact.phone, "email": target.contact.email}} if target.listed else {}),
    }


class Retold:
    """What a message of a broadcast says, written anew for another channel; None: it cannot be said any more."""

    def __init__(self, reference: Reference[Rules], broadcasts: Broadcasts, texts: BroadcastTexts) -> None:
        self._reference = reference
        self._broadcasts = broadcasts
        self._texts = texts

    def __call__(self, message: Message, channel: str, language: str) -> tuple[str, Content] | None:
        """The language, and the text of the edition that the message tells."""
        broadcast = self._broadcasts.find(message.broadcast or "")
        if broadcast is None or message.said is None:
            return None
        rules, edition = self._reference.current(), edition_told(message.occurrence)
        try:
            return self._texts.written(rules, broadcast, edition, channel, language, message.said, message.zone)
        except RENDERING:
            return None


def elsewhere(message: Message) -> Sequence[Contact]:
    """Where else somebody can be told who is only on a broadcast's list."""
    known = (message.said or {}).get(CONTACT)
    return [Contact(**known, language=message.language)] if known else []


def _rule(broadcast: Broadcast, channels: tuple[str, ...]) -> Rule:
    return Rule(
        event=EVENT,
        audience=broadcast.kind,
        channels=channels,
        template=broadcast.plan.template or OWN,
        kind=broadcast.about,
        urgency=broadcast.urgency,
        valid_for=broadcast.plan.valid_for,
    )


def _unwanted(notice: Notice) -> str | None:
    """Where no channel is left, it is what they want that says so, also if another channel has no address."""
    return next((why for _, why in notice.refused if why in WISHES), None) if notice.to is None else None


def _occurrence(broadcast: Broadcast, at: datetime) -> Occurrence:
    return Occurrence(id=broadcast.occurrence, event=EVENT, at=at, recorded_at=at, ticket_no="", order_no="")


def _fields(broadcast: Broadcast, target: Target) -> dict[str, Any]:
    return {"broadcast": broadcast.broadcast_id, "area": target.area, "household": target.household}


def _with_wishes(target: Target, wishes: Wishes) -> Target:
    """What they said here counts before what intake knows."""
    return replace(target, contact=wishes.customer(target.contact))

