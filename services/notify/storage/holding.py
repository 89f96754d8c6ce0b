"""What is held: decided when a message is written, and again when its time comes."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from pymongo import ASCENDING, DESCENDING, IndexModel

from services.notify.domain import digests, holding, ledger
from services.notify.domain.audience import CALL
from services.notify.domain.holding import DIGEST, PAUSED, Case, Decision, DigestPolicy
from services.notify.domain.ledger import CANCELLED, EXPIRED, FAILED, HELD, Message
from services.notify.domain.preferences import WISHES, Wishes
from services.notify.domain.rules import NO_ADDRESS
from services.notify.reference import Reference as Rules
from services.notify.storage.customers import Customers
from services.notify.storage.digests import Digests
from services.notify.storage.messages import Messages
from services.notify.storage.obsolescence import IS_HELD, Obsolescence
from services.notify.storage.preferences import PreferencesStore
from services.notify.storage.tallies import Tallies, day_tally
from services.notify.storage.whereabouts import Whereabouts
from shared.cause import Cause
from shared.errors import NotFound
from shared.events import Fact
from shared.mongo import Database
from shared.reference import Reference
from shared.values import replace

Drafted = tuple[Message, list[Fact]]
#: Of messages: what is held about some work, the parts of a digest, and how many of a kind somebody got just now.
INDEXES = [
    IndexModel([("obsolete", ASCENDING), ("order_no", ASCENDING)], name="held", partialFilterExpression=IS_HELD),
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


class Again(NamedTuple):
    """What becomes of a held message, and why it is held on, if it is."""

    change: Callable[[Message, datetime], Drafted]
    reason: str | None


class Holding:
    """Whether messages go. Of their broadcasts: `over(message)`, why what one tells is no longer so (None: it is), and
    `paused(message, fresh_for)`, whether one is paused, as known so many seconds ago at the earliest."""

    def __init__(
        self,
        db: Database,
        reference: Reference[Rules],
        messages: Messages,
        customers: Customers,
        preferences: PreferencesStore,
        over: Callable[[Message], str | None] = lambda _: None,
        paused: Callable[..., bool] = lambda message: False,
    ) -> None:
        self._clock = db.clock
        self._reference = reference
        self._messages = messages
        self.whereabouts = Whereabouts(reference, customers, preferences)
        self._tallies = Tallies(db)
        self._over = over
        self._paused = paused
        self.obsolescence = Obsolescence(db, messages)
        self.digests = Digests(self, reference, messages)

    def now(self) -> datetime:
        """By the wall clock, whatever time the event counts at: nights and bursts are the recipients' own."""
        return self._clock.now()

    # when it is written

    def enter(self, drafted: Message, facts: list[Fact], wishes: Wishes) -> Drafted:
        """What becomes of a drafted message now: it goes, is held, or is accounted for as not sent.

        The digest that is to tell it, if any, is there when this returns. Asking again about the same message harms
        nothing.
        """
        at, now = facts[-1].at, self._clock.now()
        if drafted.to is None and drafted.detail in WISHES:
            return _with(facts, not_by_this_channel(drafted, at, drafted.detail))
        drafted = self._entering(drafted, now)
        # a broadcast's own pieces are not written while it is paused; what follows from one that failed may be
        paused = drafted.previous is not None and self.paused(drafted)
        decision = self._decision(drafted, wishes, now, None, paused) if drafted.to is not None else holding.GO
        if decision.state == HELD:
            return _with(facts, self._held(drafted, decision, max(at, now)))
        return _with(facts, self.settled(drafted, decision, at))

    def _entering(self, message: Message, now: datetime) -> Message:
        policy = self._rules.kind(message.kind).digest
        return message if policy is None or message.channel == CALL else replace(message, entered_at=now)

    def _decision(self, message: Message, wishes: Wishes, now: datetime, refused: str | None, paused: bool) -> Decision:
        return holding.decide(replace(self.case(message, wishes, now, refused), paused=paused), now)

    def case(self, message: Message, wishes: Wishes, now: datetime, refused: str | None = None) -> Case:
        """What the decision about a message rests on."""
        rules = self._rules
        kind = rules.kind(message.kind)
        if message.parts:  # a digest that has left once, and is tried again: no other one tells it
            kind = replace(kind, digest=None)
        zone = wishes.first_said("time_zone") or message.zone
        return Case(
            kind=kind,
            recipient=message.recipient,
            channel=message.channel,
            urgency=message.urgency,
            expires_at=message.expires_at,
            zone=ZoneInfo(zone) if zone else rules.zone,
            quiet_hours=rules.quiet_hours,
            wishes=wishes,
            burst=functools.partial(self._burst, message, now),
            room=functools.partial(self._room, message),
            refused=refused,
            obsolete=self.overtaken(message),
        )

    def asks_not_who(self, kind: str) -> bool:
        """Whether all who have said nothing are decided about alike: nobody counts how much of a kind one gets."""
        policy = self._rules.kind(kind)
        return policy.digest is None and policy.per_day is None

    def overtaken(self, message: Message) -> str | None:
        """What has happened since that makes it obsolete, to its work or its broadcast; None: nothing has."""
        return self.obsolescence.since(message) or (self._over(message) if message.broadcast else None)

    def paused(self, message: Message) -> bool:
        """Whether it is a broadcast's that is paused."""
        return bool(message.broadcast) and self._paused(message)

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
            return digests.hold_for(message, self.digests.of(message, decision.until), at)
        return ledger.hold(message, at, why=str(decision.reason), until=decision.until)

    def settled(self, message: Message, decision: Decision, at: datetime) -> Drafted:
        """It goes, or never does."""
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
        elif digests.is_digest(message) and not message.parts:
            self.digests.close(message, cause)
        elif not (digests.waits(message) and self.digests.tells(message, cause)):
            self.release(message, cause)

    def release(self, message: Message, cause: Cause) -> None:
        """What is held is decided again: everything may have changed, but what it says."""
        again = self.again(message, self.whereabouts)
        self._messages.change(cause, message.message_id, again.change)
        if again.reason == PAUSED:
            self.unless_resumed(message)

    def again(self, message: Message, whereabouts: Whereabouts) -> Again:
        """What is decided now of a message that is held; its digest, if that tells it, is there when this returns."""
        now = self._clock.now()
        to, wishes = whereabouts.of(message)
        message = self._entering(replace(message, to=to), now)
        refused, paused = self.refused(message, wishes) if to else None, self.paused(message)
        decision = self._decision(message, wishes, now, refused, paused) if to else holding.GO
        digest = self.digests.of(message, decision.until) if decision.reason == DIGEST and decision.until else None

        def decided(held: Message, at: datetime) -> Drafted:
            if held.state != HELD:
                return held, []  # another one was faster
            held = replace(held, to=to, digest=None, entered_at=message.entered_at)
            if digest is not None:
                return digests.hold_for(held, digest, at)
            if to is None:
                return ledger.move(held, FAILED, at, detail=NO_ADDRESS)
            return self._held(held, decision, at) if decision.state == HELD else self.settled(held, decision, at)

        return Again(decided, decision.reason)

    def unless_resumed(self, *messages: Message) -> None:
        """What was held as its broadcast is paused is let go again if that was resumed at this moment: whoever resumes
        lets go what is held by then, and nobody would see to these. All are of one broadcast."""
        if not self._paused(messages[0], 0.0):
            for message in messages:
                self.look(message.message_id, Cause.tick(self._clock.now()))

    def by_itself(self, message: Message, wishes: Wishes) -> Decision:
        """Whether it may go at this moment, told together with no others: of what is tried again, or called."""
        now = self._clock.now()
        case = self.case(message, wishes, now, self.refused(message, wishes))
        return holding.decide(replace(case, kind=replace(case.kind, digest=None)), now)

    def refused(self, message: Message, wishes: Wishes) -> str | None:
        """Why they must not be told this where they would be."""
        assert message.to is not None, "who has no address is not asked"  # noqa: S101 - the caller's condition
        obligatory = self._rules.kind(message.kind).obligatory
        return wishes.refuse(message.kind, obligatory, message.channel, message.to)

    def by_token(self, token: str) -> Message:
        """The message that this token was given to. Raises NotFound, which does not say the token again."""
        found = self._messages.collection.find_one({"token": token}, {"_id": 1})
        if found is None:
            raise NotFound("message", "of this token")
        return self._messages.get(found["_id"])


def not_by_this_channel(message: Message, at: datetime, why: str) -> Drafted:
    """They do not want it so: cancelled; by another channel that is left, they may."""
    then, said = message.then, message.said
    cancelled, facts = ledger.cancel(message, at, why=why)
    if not then:
        return cancelled, facts
    told = Fact("message_ended", at, {"then": list(then)})
    return replace(cancelled, then=then, said=said, ended_at=at), [*facts, told]


def _with(facts: list[Fact], more: Drafted) -> Drafted:
    return more[0], [*facts, *more[1]]
