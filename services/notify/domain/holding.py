"""Whether a message goes now, waits, or is not sent at all. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from services.notify.domain.audience import CALL
from services.notify.domain.ledger import CANCELLED, EXPIRED, HANDED_OVER, HELD
from services.notify.domain.preferences import ADDRESS, CUSTOMER, Wishes
from services.notify.domain.quiet_hours import QuietHours, local_day, next_day, quiet_until
from services.notify.domain.rules import URGENT

QUIET_HOURS, PER_DAY, DIGEST, PAUSED = "quiet_hours", "per_day", "digest", "paused"
"""What a message is held for."""
OBSOLETE = "obsolete"


@dataclass(frozen=True)
class DigestPolicy:
    """More than `after` messages of a kind to one recipient by one channel `within` a time are told together.

    At the end of each period `every`, counted from 1970 UTC. Messages of the urgencies `spare` always go by themselves.
    """

    after: int
    within: timedelta
    every: timedelta
    spare: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Kind:
    """What messages are about. `quiet`: quiet hours apply; `per_day`: at most so many to one recipient, None: any."""

    code: str
    obligatory: bool = False
    quiet: bool = True
    per_day: int | None = None
    digest: DigestPolicy | None = None
    name: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Decision:
    """`state` to go to: handed_over, held (`reason`, `until`), cancelled or expired (`reason`)."""

    state: str
    reason: str | None = None
    until: datetime | None = None


GO = Decision(HANDED_OVER)


@dataclass(frozen=True)
class Case:
    """A message that is to go to `recipient`, and what is known of them; `quiet_hours`, `zone`: the desk's own.

    `refused`: why they must not be told by this channel at this address; `obsolete`: what happened since that makes it
    so; `paused`: its broadcast is. `burst` says whether there were too many just now, `room` takes one of `limit`
    places of the day `at` the recipient's: both are asked only if it comes to that.
    """

    kind: Kind
    recipient: str
    channel: str
    urgency: str
    expires_at: datetime
    zone: ZoneInfo
    quiet_hours: QuietHours | None
    wishes: Wishes
    burst: Callable[[DigestPolicy], bool]
    room: Callable[[str, int], bool]
    refused: str | None = None
    obsolete: str | None = None
    paused: bool = False


def decide(case: Case, now: datetime) -> Decision:
    """What becomes of it now. First whether it is worth anything still, then whether they want it, then when.

    A place of the day is taken last, when nothing else keeps it: it is never given back.
    """
    if case.expires_at <= now:
        return Decision(EXPIRED, "expired while held")
    if case.obsolete is not None:
        return Decision(CANCELLED, f"{OBSOLETE}: {case.obsolete}")
    if case.refused is not None:
        return Decision(CANCELLED, case.refused)
    if case.paused:  # who resumes it has this decided anew
        return _held(case, PAUSED, case.expires_at)
    return _quiet(case, now) or _burst(case, now) or _throttled(case, now) or GO


def quiet_hours_of(case: Case) -> QuietHours | None:
    """The recipient's own, else the desk's; only customers have any."""
    if not case.recipient.startswith((CUSTOMER, ADDRESS)):
        return None
    own: Any = case.wishes.first_said("quiet_hours")
    return own if own is not None else case.quiet_hours


def per_day_of(kind: Kind, wishes: Wishes) -> int | None:
    """How many of a kind they get a day: the smaller of what the desk and they themselves say; None: any number."""
    return min((n for n in (kind.per_day, wishes.per_day(kind.code)) if n is not None), default=None)


def window_end(policy: DigestPolicy, now: datetime) -> datetime:
    """When the period that it is now ends."""
    since = timedelta(seconds=now.timestamp() % policy.every.total_seconds())
    return now - since + policy.every


def _held(case: Case, reason: str, until: datetime) -> Decision:
    """Looked at again when that is over; what is not worth sending by then, when it ceases to be."""
    return Decision(HELD, reason, min(until, case.expires_at))


def _quiet(case: Case, now: datetime) -> Decision | None:
    quiet = quiet_hours_of(case) if case.kind.quiet and case.urgency != URGENT else None
    until = quiet_until(quiet, case.zone, now) if quiet else None
    return _held(case, QUIET_HOURS, until) if until else None


def _burst(case: Case, now: datetime) -> Decision | None:
    """What would not be worth telling at the end of the period goes by itself; so do tasks to call somebody."""
    policy = case.kind.digest
    if policy is None or case.urgency in policy.spare or case.channel == CALL:
        return None
    end = window_end(policy, now)
    return Decision(HELD, DIGEST, end) if end < case.expires_at and case.burst(policy) else None


def _throttled(case: Case, now: datetime) -> Decision | None:
    limit = per_day_of(case.kind, case.wishes)
    if limit is None or case.room(local_day(case.zone, now), limit):
        return None
    return _held(case, PER_DAY, next_day(case.zone, now))
