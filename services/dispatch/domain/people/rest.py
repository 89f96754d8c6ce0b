"""The work rule: no two duties at once, and enough rest between them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import pairwise

from services.dispatch.domain.people.roster import OnRota, Roster
from services.dispatch.domain.people.shifts import Duty


def too_close(duties: Iterable[Duty], rest: timedelta) -> tuple[Duty, Duty] | None:
    """The first two that overlap, or have less rest between them than `rest`; None: all is well.

    Two of the rota's own are judged by its pattern, in wall time, where it is declared (reading.py): the hour that a
    clock change takes is nobody's fault. What is left of one duty around a leave is one duty.
    """
    for one, other in pairwise(duties):
        if (one.extra or other.extra) and not _same(one, other) and other.since - one.until < rest:
            return one, other
    return None


def rested_at(agent: OnRota, roster: Roster, duty: Duty) -> datetime:
    """From when on the agent has had its rest before that duty; the duty's own beginning, where it had it then."""
    before = roster.duties(agent, duty.since - roster.rest, duty.since)
    ends = (each.until for each in before if too_close((each, duty), roster.rest))
    return max((end + roster.rest for end in ends), default=duty.since)


def _same(one: Duty, other: Duty) -> bool:
    return (one.day, one.shift, one.extra) == (other.day, other.shift, other.extra)
