"""From recipients to rows of the ledger, a piece at a time: every read is one for the whole piece."""

from __future__ import annotations

import gc
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import eventlet

from services.notify.addresses import usable
from services.notify.broadcast_texts import BroadcastTexts
from services.notify.domain.audience import CALL
from services.notify.domain.broadcasts import Broadcast, occurrence
from services.notify.domain.ledger import DELIVERED, HANDED_OVER, SENT, UNKNOWN, Content, Message, draft, start
from services.notify.domain.occurrence import Occurrence, message_id
from services.notify.domain.preferences import NO_WISHES, Wishes
from services.notify.domain.recipients import NO_OUTAGE, Target
from services.notify.domain.rules import Notice, notice_of
from services.notify.storage.broadcast_sorts import EVENT, Piece, Row, Sort, rule_of, sort_of
from services.notify.storage.means import Means
from services.notify.storage.telling import unwanted
from services.notify.storage.telling import wanted as fit
from services.notify.texts import RENDERING
from shared.cause import Cause
from shared.events import Fact
from shared.values import replace

CONTACT = "_contact"
"""Where a message says what other address a listed recipient has, for its fallback."""
#: Rows that are made before whoever stores and publishes others has its turn: a commit must not wait for a piece.
AT_A_STRETCH = 50
#: Of an older edition: they know it, or may.
TOLD = (HANDED_OVER, SENT, DELIVERED, UNKNOWN)


@contextmanager
def _no_collections() -> Iterator[None]:
    """The rows of a piece are all kept until they are stored: looking for garbage finds none, and costs a fifth."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


class BroadcastRows:
    """Makes the rows of a broadcast's recipients; stores nothing."""

    def __init__(self, means: Means, texts: BroadcastTexts) -> None:
        self._means = means
        self._texts = texts

    def of(
        self, broadcast: Broadcast, targets: Sequence[Target], now: datetime, beside: Collection[str] = ()
    ) -> list[Row]:
        """The rows of those recipients who have none of this edition yet; of one who is there twice, the first.

        `beside`: ids of rows that are being stored meanwhile.
        """
        occurrence, channel = _occurrence(broadcast), broadcast.plan.channels[0]
        ids: dict[str, Target] = {}
        for target in targets:
            ids.setdefault(message_id(occurrence, target.recipient, channel), target)
        known = self._means.messages.collection.find({"_id": {"$in": list(ids)}}, {"_id": 1})
        for there in (*(doc["_id"] for doc in known), *beside):
            ids.pop(there, None)
        wishes = self._means.preferences.wishes_of_many({target.recipient: target.addresses for target in ids.values()})
        told = self._told(broadcast, list(ids.values()))
        piece, rows = Piece(broadcast, now), []
        with _no_collections():
            for number, (key, one) in enumerate(ids.items()):
                if number % AT_A_STRETCH == 0:
                    eventlet.sleep(0)
                rows.append(self._row(piece, key, one, wishes[one.recipient], one.recipient in told))
        return rows

    def _told(self, broadcast: Broadcast, targets: Sequence[Target]) -> set[str]:
        """Those who know an older edition."""
        if not broadcast.earlier or not targets:
            return set()
        older = [occurrence(broadcast.broadcast_id, plan.edition) for plan in broadcast.earlier]
        recipients = [target.recipient for target in targets]
        rows = {"occurrence": {"$in": older}, "recipient": {"$in": recipients}, "state": {"$in": list(TOLD)}}
        return {doc["recipient"] for doc in self._means.messages.collection.find(rows, {"recipient": 1}).hint("once")}

    def _row(self, piece: Piece, key: str, target: Target, wishes: Wishes, told: bool) -> Row:
        target = _with_wishes(target, wishes)
        usual = fit(self._means.reference.current(), wishes)
        notice = notice_of(piece.rule, target.recipient, [target.contact], target.preferred, usual)
        tells, sort = said(piece.broadcast, target, told), sort_of(target, notice)
        if wishes is NO_WISHES and sort in piece.sorts:
            row = self._like(piece, piece.sorts[sort], key, target, notice, tells)
            if row is not None:
                return row
        message, facts = self._drafted(piece.broadcast, target, notice, tells, piece.at)
        message, facts = self._means.holding.enter(message, facts, wishes)
        row = self._stored(message, facts, piece)
        if wishes is NO_WISHES and self._asks_not_who(message, row):
            piece.sorts[sort] = Sort(self._means.messages, message, row)
        return row

    def _asks_not_who(self, message: Message, row: Row) -> bool:
        """Whether the rules would have made the same of anybody else of its sort."""
        sendable = message.to is not None and message.content is not None
        return sendable and not row.document["outbox"] and self._means.holding.asks_not_who(message.kind)

    def _like(
        self, piece: Piece, sort: Sort, key: str, target: Target, notice: Notice, said: Mapping[str, Any]
    ) -> Row | None:
        """A row of a sort; None where there is no address, or no text."""
        if notice.to is None or target.fault:
            return None
        language = notice.language or self._means.reference.current().default_language
        _, content, why = self._written(piece.broadcast, notice.channel, language, said, target.zone)
        if why is not None:
            return None
        own = {"message_id": key, "recipient": target.recipient, "household": target.household, "to": notice.to}
        return sort.like(**own, content=content, said=said)

    def _drafted(
        self, broadcast: Broadcast, target: Target, notice: Notice, said: Mapping[str, Any], now: datetime
    ) -> tuple[Message, list[Fact]]:
        """The row before it is decided whether it goes; `detail` says why it cannot, if so."""
        rules, plan = self._means.reference.current(), broadcast.plan
        zone = target.zone
        language, content = notice.language or rules.default_language, None
        why = target.fault or (NO_OUTAGE if plan.outages and plan.outage(target.area) is None else unwanted(notice))
        if notice.to is not None and why is None:
            language, content, why = self._written(broadcast, notice.channel, language, said, zone)
        if why is not None:
            notice = replace(notice, to=None, then=(), refused=((notice.channel, why),))
        message, _ = draft(
            _occurrence(broadcast),
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
        rules, edition = self._means.reference.current(), broadcast.plan.edition
        try:
            read, content = self._texts.written(rules, broadcast, edition, channel, language, said, zone)
        except RENDERING as error:
            return language, None, f"cannot be written: {error}"[:500]
        return read, content, None

    # calls

    def call(self, broadcast: Broadcast, target: Target, now: datetime) -> Row:
        """A call task."""
        rule = rule_of(broadcast, (CALL,))
        notice = notice_of(rule, target.recipient, [target.contact], usable=usable)
        message, facts = self._drafted(broadcast, target, notice, said(broadcast, target, False), now)
        message, more = start(message, now)
        return self._stored(message, [*facts, *more], Piece(broadcast, now))

    def _stored(self, message: Message, facts: Sequence[Fact], piece: Piece) -> Row:
        cause = Cause(ref=f"broadcast {message.broadcast}", at=piece.at)
        document = self._means.messages.document(cause, message.message_id, message, facts, (piece.at, piece.alike))
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


def _occurrence(broadcast: Broadcast) -> Occurrence:
    at = broadcast.plan.at
    return Occurrence(id=broadcast.occurrence, event=EVENT, at=at, recorded_at=at, ticket_no="", order_no="")


def _fields(broadcast: Broadcast, target: Target) -> dict[str, Any]:
    return {"broadcast": broadcast.broadcast_id, "area": target.area, "household": target.household}


def _with_wishes(target: Target, wishes: Wishes) -> Target:
    """What they said here counts before what intake knows."""
    return target if wishes is NO_WISHES else replace(target, contact=wishes.customer(target.contact))
