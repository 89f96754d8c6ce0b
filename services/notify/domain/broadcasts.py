"""A broadcast: one notice to many, told a piece at a time, amended and taken back while it runs. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from services.notify.errors import NotNow, TooManyAmendments
from shared.events import Aggregate, Fact

STATES = (DRAFT, SCHEDULED, RUNNING, PAUSED, TOLD, CANCELLED, ENDED) = (
    "draft",  # recipients may be added
    "scheduled",  # begins at `start_at`
    "running",
    "paused",
    "told",  # everybody has a row in the ledger
    "cancelled",  # nobody else is told
    "ended",  # what it tells of is over: nobody else is told
)
#: (state, what is done) -> state; what is not here is refused.
MOVES: Mapping[tuple[str, str], str] = {
    (DRAFT, "add"): DRAFT,
    (DRAFT, "start"): RUNNING,
    (SCHEDULED, "begin"): RUNNING,
    (RUNNING, "finish"): TOLD,
    # also where everybody has a row: some of these may be held for the night, or have another channel to come
    **{(state, "pause"): PAUSED for state in (SCHEDULED, RUNNING, TOLD)},
    (PAUSED, "resume"): RUNNING,
    **{(state, "amend"): state for state in (DRAFT, SCHEDULED, RUNNING, PAUSED)},
    (TOLD, "amend"): RUNNING,
    **{(state, "cancel"): CANCELLED for state in (DRAFT, SCHEDULED, RUNNING, PAUSED, TOLD)},
    **{(state, "end"): ENDED for state in (SCHEDULED, RUNNING, PAUSED, TOLD)},
    (TOLD, "call"): TOLD,
}
TELL, WITHDRAW, CALL, RELEASE = "tell", "withdraw", "call", "release"
"""What a broadcast is at: telling its audience, taking back what is held, having the unreached called, letting go what
was held while it was paused."""
DEFAULT_AREA = "default"
MOST_EDITIONS = 10
MOST_CHUNKS = 5_000
#: Others may take over a broadcast whose process has done nothing for so long.
LEASE = timedelta(seconds=10)
WINDOW_AGAIN = timedelta(milliseconds=250)


@dataclass(frozen=True)
class Outage:
    """When an area is without."""

    from_: datetime
    to: datetime


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is told, in one edition: an amendment makes the next one.

    Either `template` (of the reference data) or `texts`, channel -> language -> parts.

    `outages`: area -> when, `default` for the other areas. `lead`: how long before its outage a place is promised to
    know. `at`: when its telling begins.
    """

    edition: int
    at: datetime
    channels: tuple[str, ...]
    valid_for: timedelta
    template: str | None = None
    texts: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)
    outages: Mapping[str, Outage] = field(default_factory=dict)
    lead: timedelta | None = None

    def outage(self, area: str | None) -> Outage | None:
        """The outage that hits an area; None: none does."""
        return self.outages.get(area or DEFAULT_AREA) or self.outages.get(DEFAULT_AREA)

    def worth_until(self, area: str | None, at: datetime) -> datetime:
        """When a message written `at` is not worth sending any more: at the latest when the outage is over."""
        outage, usual = self.outage(area), at + self.valid_for
        return min(usual, outage.to) if outage else usual

    def over(self, at: datetime) -> list[str]:
        """Areas whose outage is over `at`: of those nobody would be told any more."""
        return [area for area, outage in self.outages.items() if outage.to <= at]

    def on_time(self, area: str | None) -> datetime | None:
        """Who is reached by then was told in time; None: nothing is promised."""
        outage = self.outage(area)
        return outage.from_ - self.lead if outage and self.lead is not None else None


@dataclass(frozen=True, kw_only=True)
class Audience:
    """Whom it is for: `listed` recipients (chunk by chunk, in a collection of their own), else the customers.

    Of these, those in one of `areas` (empty: everywhere) for whom the condition `where` holds (None: all).
    """

    listed: bool
    chunks: int = 0
    recipients: int = 0
    areas: tuple[str, ...] = ()
    where: str | None = None


@dataclass(frozen=True, kw_only=True)
class Walk:
    """How far it has come: `tasks` still to do, the first of them up to `cursor`.

    `seen`: how many of the audience the current edition has come by. `tokens` at `filled_at`: how many may go at once
    by the pace. `due_at`: when somebody is to go on.
    """

    tasks: tuple[str, ...] = ()
    cursor: str | None = None
    seen: int = 0
    tokens: float = 0.0
    filled_at: datetime | None = None
    due_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Broadcast(Aggregate):
    """`kind` is one of the reference data's `broadcasts`, `about` what its messages are about, for preferences.

    `pace`: messages a second, None: as fast as it goes. `window`: how many may be with the consumers without a word of
    theirs, so that an amendment comes in time for nearly all; None: any number. `publishing`: when those rows were
    written whose messages the broker may not have yet, and which have no outbox: whoever goes on publishes them first.
    """

    broadcast_id: str
    name: str
    kind: str
    about: str
    urgency: str
    plan: Plan
    audience: Audience
    created_at: datetime
    state: str = DRAFT
    earlier: tuple[Plan, ...] = ()
    start_at: datetime | None = None
    pace: float | None = None
    window: int | None = None
    ended_why: str | None = None
    walk: Walk = field(default_factory=Walk)
    publishing: tuple[datetime, ...] = ()

    @property
    def occurrence(self) -> str:
        """What the ledger's rows of the current edition tell of."""
        return occurrence(self.broadcast_id, self.plan.edition)

    def edition_of(self, number: int) -> Plan | None:
        """What was told in that edition."""
        return next((plan for plan in (*self.earlier, self.plan) if plan.edition == number), None)


def occurrence(broadcast_id: str, edition: int) -> str:
    """What the ledger's rows of one edition tell of."""
    return f"notify_broadcasts/{broadcast_id}/{edition}"


def edition_told(occurrence: str) -> int:
    """The edition that such a row tells."""
    return int(occurrence.rpartition("/")[2])


def begins(broadcast: Broadcast, at: datetime) -> datetime:
    """When its telling begins if nothing else is done `at`."""
    return max(broadcast.start_at or at, at)


def create(broadcast: Broadcast, at: datetime) -> tuple[Broadcast, list[Fact]]:
    """A new draft."""
    said = {"kind": broadcast.kind, "name": broadcast.name}
    return broadcast, [Fact("broadcast_created", at, said)]


def add(broadcast: Broadcast, at: datetime, number: int) -> tuple[Broadcast, list[Fact]]:
    """A draft with one more chunk, of so many recipients. Raises NotNow."""
    _moved(broadcast, "add")
    if not broadcast.audience.listed:
        raise NotNow(broadcast.broadcast_id, "add", "of customers chosen by filter")
    if broadcast.audience.chunks >= MOST_CHUNKS:
        raise NotNow(broadcast.broadcast_id, "add", "full")
    audience = replace(
        broadcast.audience, chunks=broadcast.audience.chunks + 1, recipients=broadcast.audience.recipients + number
    )
    said = {"chunk": audience.chunks, "recipients": number}
    return replace(broadcast, audience=audience), [Fact("recipients_added", at, said)]


def start(broadcast: Broadcast, at: datetime) -> tuple[Broadcast, list[Fact]]:
    """It begins, or will at its time. Raises NotNow."""
    state = _moved(broadcast, "start")
    if broadcast.audience.listed and not broadcast.audience.recipients:
        raise NotNow(broadcast.broadcast_id, "start", "without recipients")
    later = broadcast.start_at is not None and broadcast.start_at > at
    due = broadcast.start_at if later else at
    walk = Walk(tasks=(TELL,), due_at=due)
    plan = replace(broadcast.plan, at=due or at)
    begun = replace(broadcast, state=SCHEDULED if later else state, plan=plan, walk=walk)
    return begun, [Fact("broadcast_scheduled" if later else "broadcast_started", at)]


def pause(broadcast: Broadcast, at: datetime) -> tuple[Broadcast, list[Fact]]:
    """Nobody else is told until it is resumed, nor what is held let go. Raises NotNow."""
    state = _moved(broadcast, "pause")
    return replace(_without_release(broadcast), state=state), [Fact("broadcast_paused", at)]


def resume(broadcast: Broadcast, at: datetime) -> tuple[Broadcast, list[Fact]]:
    """It goes on where it was, and first lets go what was held as it was paused. Raises NotNow."""
    state = _moved(broadcast, "resume")
    later = broadcast.start_at is not None and broadcast.start_at > at
    due = broadcast.start_at if later else at
    if TELL not in broadcast.walk.tasks:
        state = MOVES[state, "finish"]
    walk = replace(broadcast.walk, tasks=(RELEASE, *broadcast.walk.tasks), due_at=due, tokens=0.0, filled_at=None)
    return replace(broadcast, state=SCHEDULED if later else state, walk=walk), [Fact("broadcast_resumed", at)]


def released(broadcast: Broadcast, at: datetime) -> tuple[Broadcast, list[Fact]]:
    """What was held as it was paused may go; the task after that goes on at its own place."""
    left = _without_release(broadcast)
    return replace(left, walk=replace(left.walk, due_at=at)), []


def _without_release(broadcast: Broadcast) -> Broadcast:
    tasks = tuple(task for task in broadcast.walk.tasks if task != RELEASE)
    return replace(broadcast, walk=replace(broadcast.walk, tasks=tasks))


def stop(broadcast: Broadcast, at: datetime, act: str, why: str) -> tuple[Broadcast, list[Fact]]:
    """`act`: `cancel`, or `end` where what it tells of is over. What is held is taken back. Raises NotNow."""
    state = _moved(broadcast, act)
    walk = Walk(tasks=(WITHDRAW,), due_at=at, seen=broadcast.walk.seen)
    stopped = replace(broadcast, state=state, walk=walk, ended_why=why)
    return stopped, [Fact(f"broadcast_{state}", at, {"why": why})]


def amend(broadcast: Broadcast, at: datetime, why: str, changed: Mapping[str, Any]) -> tuple[Broadcast, list[Fact]]:
    """A new edition: nobody is told the old one any more, everybody the new one, whoever knows the old one as well.

    `changed`: fields of `Plan`. Raises NotNow, TooManyAmendments.
    """
    state = _moved(broadcast, "amend")
    if broadcast.plan.edition >= MOST_EDITIONS:
        raise TooManyAmendments(broadcast.broadcast_id, MOST_EDITIONS)
    plan = replace(broadcast.plan, edition=broadcast.plan.edition + 1, at=at, **changed)
    begun = broadcast.state != DRAFT
    due = broadcast.walk.due_at if state == SCHEDULED else at
    walk = Walk(tasks=(WITHDRAW, TELL), due_at=due) if begun else broadcast.walk
    amended = replace(broadcast, state=state, plan=plan, earlier=(*broadcast.earlier, broadcast.plan), walk=walk)
    return amended, [Fact("broadcast_amended", at, {"edition": plan.edition, "why": why})]


def call_unreached(broadcast: Broadcast, at: datetime) -> tuple[Broadcast, list[Fact]]:
    """Whoever was not reached is to be called. Raises NotNow."""
    _moved(broadcast, "call")
    if CALL in broadcast.walk.tasks:
        return broadcast, []
    tasks = broadcast.walk.tasks
    walk = replace(broadcast.walk, tasks=(*tasks, CALL), due_at=broadcast.walk.due_at if tasks else at)
    return replace(broadcast, walk=walk), [Fact("calls_asked", at)]


def next_due(broadcast: Broadcast) -> datetime | None:
    """When somebody is to see to it, to go on or to publish what may not be out; None: never."""
    times = [walk_due(broadcast), *(mark + LEASE for mark in broadcast.publishing)]
    return min((time for time in times if time is not None), default=None)


def marked(broadcast: Broadcast, mark: datetime | None, published: Collection[datetime]) -> Broadcast:
    """With the mark of a piece that is to be published (None: nothing is), without those that are."""
    left = [one for one in broadcast.publishing if one not in published]
    return replace(broadcast, publishing=(*left, mark) if mark is not None else tuple(left))


def walk_due(broadcast: Broadcast) -> datetime | None:
    """When somebody is to go on with it; None: there is nothing to do, or it is paused.

    What must not go any more is taken back all the same.
    """
    tasks = broadcast.walk.tasks
    idle = not tasks or (broadcast.state == PAUSED and tasks[0] != WITHDRAW)
    return None if idle else broadcast.walk.due_at


@dataclass(frozen=True)
class Room:
    """How many may be told now, and when to ask again if that is none."""

    number: int
    again_at: datetime


def room(broadcast: Broadcast, now: datetime, most: int, open_: int) -> Room:
    """At most `most`, as pace and window allow; `open_` messages are with the consumers without a word of theirs.

    The pace is a bucket that holds what one second brings, and at least one.
    """
    number, again = most, now
    if broadcast.pace is not None:
        tokens = tokens_at(broadcast, now)
        number = min(number, int(tokens))
        again = now + timedelta(seconds=max(0.0, min(most, max(broadcast.pace, 1.0)) - tokens) / broadcast.pace)
    if broadcast.window is not None and broadcast.window - open_ < number:
        number, again = max(0, broadcast.window - open_), now + WINDOW_AGAIN
    return Room(number, again)


def tokens_at(broadcast: Broadcast, now: datetime) -> float:
    """How many may go at once by the pace."""
    pace, walk = broadcast.pace or 0.0, broadcast.walk
    most = max(pace, 1.0)
    if walk.filled_at is None:
        return most
    return min(most, walk.tokens + pace * (now - walk.filled_at).total_seconds())


def advanced(
    broadcast: Broadcast, at: datetime, cursor: str | None, due_at: datetime, seen: int = 0, told: int = 0
) -> tuple[Broadcast, list[Fact]]:
    """One piece further, `told` of them; `cursor` None: its first task is done, and so may be the broadcast."""
    walk = replace(broadcast.walk, cursor=cursor, due_at=due_at)
    if walk.tasks[0] == TELL:
        tokens = tokens_at(broadcast, at) - told if broadcast.pace is not None else 0.0
        walk = replace(walk, seen=walk.seen + seen, tokens=tokens, filled_at=at)
    state = _moved(broadcast, "begin") if broadcast.state == SCHEDULED and walk.tasks[0] == TELL else broadcast.state
    facts = [Fact("broadcast_started", at)] if state != broadcast.state else []
    broadcast = replace(broadcast, state=state, walk=walk)
    return (broadcast, facts) if cursor is not None else _task_done(broadcast, at, facts)


def waiting(broadcast: Broadcast, due_at: datetime) -> Broadcast:
    """The same, to be gone on with at another time."""
    return replace(broadcast, walk=replace(broadcast.walk, due_at=due_at))


def _task_done(broadcast: Broadcast, at: datetime, facts: Sequence[Fact]) -> tuple[Broadcast, list[Fact]]:
    done, *left = broadcast.walk.tasks
    walk = replace(broadcast.walk, tasks=tuple(left), cursor=None)
    if done != TELL:
        return replace(broadcast, walk=walk), [*facts]
    told = Fact("broadcast_told", at, {"edition": broadcast.plan.edition, "seen": walk.seen})
    return replace(broadcast, walk=walk, state=_moved(broadcast, "finish")), [*facts, told]


def same_place(one: Broadcast, other: Broadcast) -> bool:
    """Whether nobody has gone on with it, or done anything to it, between the two."""
    place = (one.state, one.plan.edition, one.walk.tasks, one.walk.cursor, one.walk.seen)
    return place == (other.state, other.plan.edition, other.walk.tasks, other.walk.cursor, other.walk.seen)


def obsolete(broadcast: Broadcast, told: str) -> str | None:
    """Why a message that tells of the occurrence `told` must not go any more; None: it may.

    What tells of a later edition than `broadcast` knows may: the caller's broadcast is a little old, no more.
    """
    if broadcast.state in (CANCELLED, ENDED):
        return f"broadcast_{broadcast.state}"
    return "superseded" if edition_told(told) < broadcast.plan.edition else None


def _moved(broadcast: Broadcast, act: str) -> str:
    state = MOVES.get((broadcast.state, act))
    if state is None:
        raise NotNow(broadcast.broadcast_id, act, broadcast.state)
    return state
