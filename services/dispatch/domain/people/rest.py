"""The work rule: no two duties at once, and enough rest between them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import pairwise

from services.dispatch.domain.people.agent import Agent
from services.dispatch.domain.people.roster import AROUND, OnRota, Roster
from services.dispatch.domain.people.shifts import Duty
from services.dispatch.errors import TooLittleRest, TwoDuties


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


def require_fit(before: Agent, after: Agent, roster: Roster, since: datetime, until: datetime) -> None:
    """That no two duties have come too close to each other by what has changed in that period.

    What was too close before, under another rota or work rule, stands in nobody's way. Raises TwoDuties, TooLittleRest.
    """
    near = since - AROUND, until + AROUND
    pair = too_close(roster.duties(after, *near), roster.rest)
    if pair is None or too_close(roster.duties(before, *near), roster.rest) == pair:
        return
    one, other = pair
    if other.since < one.until:
        raise TwoDuties(after.agent_id, str(one), str(other))
    raise TooLittleRest(after.agent_id, str(one), str(other), roster.rest)


def _same(one: Duty, other: Duty) -> bool:
    """Whether they are what a leave has left of one duty: such do not overlap, as the same duty twice would."""
    return one.until <= other.since and (one.day, one.shift, one.extra) == (other.day, other.shift, other.extra)
