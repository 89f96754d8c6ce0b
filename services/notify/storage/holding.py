"""What is held: decided when a message is written, and again when its time comes."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from pymongo import ASCENDING, DESCENDING, IndexModel

from services.notify.addresses import fault
from services.notify.domain import digests, holding, ledger
from services.notify.domain.audience import CALL, Customer
from services.notify.domain.holding import DIGEST, Case, Decision, DigestPolicy
from services.notify.domain.ledger import CANCELLED, EXPIRED, HELD, Message
from services.notify.domain.preferences import ADDRESS, CUSTOMER, NOT_WANTED, OPTED_OUT, Wishes
from services.notify.domain.quiet_hours import local_day
from services.notify.domain.rules import NO_ADDRESS
from services.notify.reference import Reference as Rules
from services.notify.storage.customers import Customers
from services.notify.storage.matters import Matters, is_after
from services.notify.storage.messages import Messages
from services.notify.storage.preferences import PreferencesStore
from services.notify.storage.tallies import Tallies, day_tally
from shared.cause import Cause
from shared.errors import NotFound, NotYetKnown
from shared.events import Event, Fact
from shared.mongo import Database
from shared.reference import Reference

Drafted = tuple[Message, list[Fact]]
WISHES = (OPTED_OUT, NOT_WANTED)
_HELD = {"held_for": {"$exists": True}}
#: Of messages: what is held about some work, the parts of a digest, and how many of a kind somebody got just now.
INDEXES = [
    IndexModel([("order_no", ASCENDING)], name="held", partialFilterExpression=_HELD),
    IndexModel(
        [("digest", ASCENDING), ("_id", ASCENDING)],
        name="digest",
        partialFilterExpression={"digest": {"$exists": True}},
    ),
    IndexModel(
        [*((name, ASCENDING) for name in ("recipient", "channel", "kind")), ("entered_at", DESCENDING)],
        name="burst",
        partialFilterExpression={"entered_at": {"$exists": True}},
    ),
]


class Holding:
    """Whether messages go. `over(message)`: why what a broadcast tells is no longer so; None: it is."""

    def __init__(
        self,
        db: Database,
        reference: Reference[Rules],
        messages: Messages,
        customers: Customers,
        preferences: PreferencesStore,
        over: Callable[[Message], str | None] = lambda _: None,
    ) -> None:
        self._clock = db.clock
        self._reference = reference
        self._messages = messages
        self._customers = customers
        self._preferences = preferences
        self._tallies = Tallies(db)
        self.matters = Matters(db)
        self._over = over

    # when it is written

    def enter(self, drafted: Message, facts: list[Fact], wishes: Wishes) -> Drafted:
        """What becomes of a drafted message now: it goes, is held, or is accounted for as not sent.

        The digest that is to tell it, if any, is there when this returns. Asking again about the same message harms
        nothing.
        """
        at, now = drafted.created_at, self._clock.now()
        if drafted.to is None and drafted.detail in WISHES:
            return _with(facts, not_by_this_channel(drafted, at, drafted.detail))
        drafted = self._entering(drafted, now)
        decision = self._decision(drafted, wishes, now) if drafted.to is not None else holding.GO
        if decision.state == HELD:
            return _with(facts, self._held(drafted, decision, max(at, now)))
        return _with(facts, self._settled(drafted, decision, at))

    def _entering(self, message: Message, now: datetime) -> Message:
        policy = self._rules.kind(message.kind).digest
        return message if policy is None or message.channel == CALL else replace(message, entered_at=now)

    def _decision(self, message: Message, wishes: Wishes, now: datetime, refused: str | None = None) -> Decision:
        return holding.decide(self.case(message, wishes, now, refused), now)

    def case(self, message: Message, wishes: Wishes, now: datetime, refused: str | None = None) -> Case:
        """What the decision about a message rests on."""
        rules = self._rules
        kind = rules.kind(message.kind)
        return Case(
            kind=kind,
            recipient=message.recipient,
            channel=message.channel,
            urgency=message.urgency,
            expires_at=message.expires_at,
            zone=ZoneInfo(message.zone) if message.zone else rules.zone,
            quiet_hours=rules.quiet_hours,
            wishes=wishes,
            burst=functools.partial(self._burst, message, now),
            room=functools.partial(self._room, message),
            refused=refused,
            obsolete=self.matters.since(message) or (self._over(message) if message.broadcast else None),
        )

    @property
    def _rules(self) -> Any:
        return self._reference.current().holding

    def _burst(self, message: Message, now: datetime, policy: DigestPolicy) -> bool:
        """One read of at most `after` keys of an index, no document."""
        same: Mapping[str, Any] = {name: getattr(message, name) for name in ("recipient", "channel", "kind")}
        lately = {**same, "entered_at": {"$gt": now - policy.within}}
        rows = self._messages.collection.find(lately, {"_id": 0, "entered_at": 1}).hint("burst")
        return next(rows.sort("entered_at", DESCENDING).skip(policy.after - 1).limit(1), None) is not None

    def _room(self, message: Message, day: str, limit: int) -> bool:
        """Once per notice: another channel for the same one has its place already."""
        name = day_tally(f"kind {message.kind}", message.recipient, day)
        return self._tallies.take(name, message.occurrence, limit)

    def _held(self, message: Message, decision: Decision, at: datetime) -> Drafted:
        if decision.reason == DIGEST and decision.until is not None:
            return digests.hold_for(message, self._digest(message, decision.until), at)
        return ledger.hold(message, at, why=str(decision.reason), until=decision.until)

    def _digest(self, part: Message, until: datetime) -> Message:
        """The digest that tells this part; it is made before the part is, so that no part is without one."""
        digest, facts = digests.digest_of(part, until, self._clock.now())
        known = self._messages.collection.find_one({"_id": digest.message_id}, {"_id": 1})
        if known is None:
            self._messages.create(Cause.tick(self._clock.now()), digest.message_id, digest, facts)
        return digest

    def _settled(self, message: Message, decision: Decision, at: datetime) -> Drafted:
        if decision.state == CANCELLED:
            why = str(decision.reason)
            return not_by_this_channel(message, at, why) if why in WISHES else ledger.cancel(message, at, why=why)
        if decision.state == EXPIRED:
            return ledger.expire(message, at)
        return ledger.start(message, at)

    # when its time has come

    def look(self, key: str, cause: Cause) -> None:
        """The timer's work on one message: what is held is decided again, all else goes on by itself."""
        message = self._messages.find(key)
        if message is None or message.state != HELD:
            self._messages.change(cause, key, lambda state, at: (state, []))
        elif digests.is_digest(message):
            self._close(message, cause)
        elif digests.waits(message) and self._waits_still(message, cause):
            return
        else:
            self._release(message, cause)

    def _release(self, message: Message, cause: Cause) -> None:
        now = self._clock.now()
        to, wishes = self._whereabouts(message)
        message = self._entering(replace(message, to=to), now)
        decision = (
            Decision(HELD) if to is None else self._decision(message, wishes, now, self._refused(message, wishes))
        )
        digest = self._digest(message, decision.until) if decision.reason == DIGEST and decision.until else None

        def decided(held: Message, at: datetime) -> Drafted:
            if held.state != HELD:
                return held, []  # another one was faster
            held = replace(held, to=to, digest=None, entered_at=message.entered_at)
            if to is None:
                return ledger.move(held, ledger.FAILED, at, detail=NO_ADDRESS)
            if digest is not None:
                return digests.hold_for(held, digest, at)
            return self._held(held, decision, at) if decision.state == HELD else self._settled(held, decision, at)

        self._messages.change(cause, message.message_id, decided)

    def _refused(self, message: Message, wishes: Wishes) -> str | None:
        assert message.to is not None, "who has no address is not asked"  # noqa: S101 - the caller's condition
        obligatory = self._rules.kind(message.kind).obligatory
        return wishes.refuse(message.kind, obligatory, message.channel, message.to)

    def _whereabouts(self, message: Message) -> tuple[str | None, Wishes]:
        """Where they are told by this channel today, and what they want today."""
        customer = self._customer(message.recipient)
        if customer is None:
            return message.to, self._preferences.wishes(message.recipient, (message.to,))
        address = customer.address(message.channel)
        usable = address if address and fault(message.channel, address) is None else None
        return usable, self._preferences.wishes_of(customer)

    def _customer(self, recipient: str) -> Customer | None:
        if not recipient.startswith(CUSTOMER):
            return None
        try:
            return self._customers.get(recipient.removeprefix(CUSTOMER))
        except NotYetKnown:  # forgotten since: told where they were
            return None

    # digests

    def _close(self, digest: Message, cause: Cause) -> None:
        """The period is over: what is still to be told of its parts leaves as one message."""
        now = self._clock.now()
        to, wishes = self._whereabouts(digest)
        if to is None or self._rules.kind(digest.kind).digest is None or self._refused(replace(digest, to=to), wishes):
            self._give_up(digest, cause)
            return
        parts = list(self._still_to_tell(digest, cause))
        if not parts:
            self._give_up(digest, cause)
            return
        digest_now = replace(digest, to=to, expires_at=max(part.expires_at for part in parts))
        kind = replace(self._rules.kind(digest.kind), digest=None)
        decision = holding.decide(replace(self.case(digest_now, wishes, now), kind=kind), now)
        language, content = self._written(digest, parts)

        def closed(held: Message, at: datetime) -> Drafted:
            if held.state != HELD:
                return held, []
            if decision.state == HELD:
                return ledger.hold(held, at, why=str(decision.reason), until=decision.until)
            return digests.close(replace(held, language=language), at, parts, content, to)

        self._messages.change(cause, digest.message_id, closed)

    def _give_up(self, digest: Message, cause: Cause) -> None:
        """Nothing is left to tell, or not like this: its parts, if any, look for themselves."""

        def given_up(held: Message, at: datetime) -> Drafted:
            return ledger.cancel(held, at, why=digests.NOTHING_LEFT) if held.state == HELD else (held, [])

        self._messages.change(cause, digest.message_id, given_up)

    def _still_to_tell(self, digest: Message, cause: Cause) -> Iterator[Message]:
        """The parts that are worth telling still; the others are settled by the way."""
        now = self._clock.now()
        waiting = {"digest": digest.message_id, "state": HELD}
        found = self._messages.collection.find(waiting, {"_id": 1}).hint("digest").sort("_id", ASCENDING)
        for row in list(found.limit(digests.MOST)):
            part = self._messages.find(row["_id"])
            if part is None or not digests.waits(part):
                continue
            if part.expires_at <= now or self.matters.since(part) is not None:
                self._release(part, cause)
            else:
                yield part

    def _written(self, digest: Message, parts: list[Message]) -> tuple[str, Any]:
        reference = self._reference.current()
        names = self._rules.kind(digest.kind).name
        name = names.get(digest.language) or next(iter(names.values()), digest.kind)
        said = digests.said(parts, name)
        return reference.written(digest.template, digest.channel, digest.language, said, digest.zone)

    def _waits_still(self, part: Message, cause: Cause) -> bool:
        """Whether its digest is still to come, or tells it; else it came too late, and is to be decided again."""
        digest = self._messages.find(part.digest) if part.digest else None
        if digest is None:
            return False
        if digest.state == HELD:
            self._messages.change(cause, part.message_id, functools.partial(_on, digest=digest))
            return True
        self._follow(part.message_id, digest, cause)
        return part.message_id in digest.parts

    def follow(self, digest_id: str, cause: Cause) -> None:
        """The parts of a digest that has moved are where it is."""
        digest = self._messages.get(digest_id)
        for part in digest.parts:
            self._follow(part, digest, cause)

    def _follow(self, part: str, digest: Message, cause: Cause) -> None:
        self._messages.change(cause, part, lambda state, at: digests.follow(state, digest, at))

    def by_token(self, token: str) -> Message:
        """The message that this token was given to. Raises NotFound, which does not say the token again."""
        found = self._messages.collection.find_one({"token": token}, {"_id": 1})
        if found is None:
            raise NotFound("message", "of this token")
        return self._messages.get(found["_id"])

    # what makes obsolete

    def obsolete(self, event: Event, cause: Cause) -> None:
        """Remember what has happened to work, and cancel what waits and is obsolete by it."""
        keep = self._rules.obsoleting.get(event.type)
        if keep is None or not event.data.get("order_no"):
            return
        self.matters.note(event, keep)
        about = {"order_no": event.data["order_no"], "obsolete": event.type, **_HELD}
        for row in list(self._messages.collection.find(about, {"_id": 1}).hint("held")):
            self._messages.change(cause, row["_id"], functools.partial(_cancelled_by, event=event))

    # answers to what came in

    def may_answer(self, address: str, channel: str, cause: str) -> bool:
        """Whether an automatic answer may go to this address today; `cause`: the id of what it answers, once each.

        So that two machines that answer each other fall silent, whatever else fails to tell that they are machines.
        """
        limit = self._rules.answers.get(channel, 0)
        day = local_day(self._rules.zone, self._clock.now())
        return bool(limit) and self._tallies.take(day_tally("answers", f"{ADDRESS}{address}", day), cause, limit)


def not_by_this_channel(message: Message, at: datetime, why: str) -> Drafted:
    """They do not want it so: cancelled; by another channel that is left, they may."""
    then, said = message.then, message.said
    cancelled, facts = ledger.cancel(message, at, why=why)
    if not then:
        return cancelled, facts
    told = Fact("message_ended", at, {"then": list(then)})
    return replace(cancelled, then=then, said=said, ended_at=at), [*facts, told]


def _on(part: Message, at: datetime, digest: Message) -> Drafted:
    return digests.hold_for(part, digest, at) if digests.waits(part) else (part, [])


def _cancelled_by(message: Message, at: datetime, event: Event) -> Drafted:
    if message.state != HELD or not is_after(event, message):
        return message, []
    return ledger.cancel(message, at, why=f"{holding.OBSOLETE}: {event.type}")


def _with(facts: list[Fact], more: Drafted) -> Drafted:
    return more[0], [*facts, *more[1]]
