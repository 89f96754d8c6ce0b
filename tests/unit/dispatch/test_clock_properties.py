"""Clocks against a sum that walks second by second over the stretches in which they ran."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from services.dispatch.domain.clocks.clock import (
    Clock,
    State,
    Terms,
    counted_at,
    finish,
    pause,
    reopen,
    resume,
    retarget,
    standing,
    start,
)
from services.dispatch.domain.clocks.terms import terms_of
from services.dispatch.domain.flows.steps import Escalation, Limit
from shared.business_time import Calendar
from tests.unit.dispatch.times import ALL_WEEK, STANDARD, settled_to

MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)
DAY = 24 * 3600
BUSY_MACHINE = settings(deadline=None)
LEVELS = (Escalation(level=1, at=0.9, tell=("owner",)), Escalation(level=2, after="7m", tell=("duty_manager",)))


def instant(second: int) -> datetime:
    """So many seconds after Monday's midnight."""
    return MIDNIGHT + timedelta(seconds=second)


@dataclass
class Walk:
    """The oracle: which seconds of a day are open (True), the same on each; stretches are in seconds since Monday."""

    open: bytes = field(repr=False)

    def seconds(self, stretches: list[tuple[int, int]]) -> int:
        return sum(self.open[second % DAY] for begin, end in stretches for second in range(begin, end))

    def reached(self, target: int, stretches: list[tuple[int, int]]) -> int | None:
        """The end of the second with which so many were counted."""
        counted = 0
        for begin, end in stretches:
            for second in range(begin, end):
                counted += self.open[second % DAY]
                if counted == target:
                    return second + 1
        return None


@st.composite
def opened_days(draw: st.DrawFn) -> tuple[Calendar, Walk]:
    """A calendar with the same spans on every day, an hour or more of them in the morning, and its oracle."""
    minutes = draw(st.lists(st.integers(8 * 60, 11 * 60), min_size=2, max_size=8, unique=True).map(sorted))
    spans = [*zip(minutes[::2], minutes[1::2], strict=False), (11 * 60 + 7, 12 * 60 + 7)]
    seconds = bytearray(DAY)
    for begin, end in spans:
        seconds[begin * 60 : end * 60] = bytes([1]) * (end - begin) * 60
    texts = [f"{a // 60:02}:{a % 60:02}-{b // 60:02}:{b % 60:02}" for a, b in spans]
    body = {"name": "Some", "zone": "UTC", "week": dict.fromkeys(ALL_WEEK, texts)}
    return Calendar.from_dict("some", body, 1), Walk(bytes(seconds))


gaps = st.lists(st.integers(0, 3000), min_size=1, max_size=9)
begins = st.integers(7 * 3600, 12 * 3600)
targets = st.integers(1, 7200)


def promised(target: int, calendar: Calendar) -> Terms:
    limit = Limit(within=f"{target}s", calendar="some", warn_at=(0.5, 0.8), escalations=LEVELS)
    return terms_of(limit, calendar, STANDARD)


def begun(target: int, calendar: Calendar, second: int) -> Clock:
    return start("resolution", None, instant(second), promised(target, calendar))


def played(
    clock: Clock, calendar: Calendar, at: int, gaps: list[int]
) -> tuple[Clock, list[tuple[int, int]], int, list]:
    """Runs for each gap, stands still for the next one, and so on; settled on the way. Ends running."""
    ran, fell = [], []
    for number, gap in enumerate([*gaps, 0] if len(gaps) % 2 else gaps):
        clock, now = settled_to(clock, instant(at + gap))
        fell += now
        if number % 2 == 0:
            ran.append((at, at + gap))
            clock = pause(clock, instant(at + gap), "waiting_for_customer", calendar)
        else:
            clock = resume(clock, instant(at + gap), calendar)
        at += gap
    return clock, ran, at, fell


def looked_at(
    clock: Clock, at: int, looks: list[int], then: Callable[[Clock, datetime], Clock] = lambda clock, at: clock
) -> tuple[Clock, list, datetime]:
    """Settled after each gap, and what `then` makes of it; settled again five days later, at the instant given last."""
    fell = []
    for gap in looks:
        at += gap
        clock, now = settled_to(clock, instant(at))
        fell += now
        clock = then(clock, instant(at))
    end = instant(at + 5 * DAY)
    clock, now = settled_to(clock, end)
    return clock, fell + now, end


@BUSY_MACHINE
@given(opened_days(), begins, gaps, targets, st.integers(0, 3 * 3600))
def test_what_is_counted_is_the_sum_of_the_open_seconds_of_the_stretches(opened, begin, gaps, target, later):
    calendar, walk = opened
    clock, ran, at, _ = played(begun(target, calendar, begin), calendar, begin, gaps)

    counted = walk.seconds([*ran, (at, at + later)])

    assert counted_at(clock, instant(at + later), calendar) == timedelta(seconds=counted)
    assert standing(clock, instant(at + later), calendar).remaining == timedelta(seconds=max(target - counted, 0))


@BUSY_MACHINE
@given(opened_days(), begins, gaps, targets)
def test_a_clock_is_due_at_the_instant_at_which_that_sum_reaches_the_target(opened, begin, gaps, target):
    calendar, walk = opened
    clock, ran, at, fell = played(begun(target, calendar, begin), calendar, begin, gaps)

    reached = walk.reached(target, [*ran, (at, at + 5 * DAY)])

    assert reached is not None
    assert clock.due == instant(reached)
    clock, rest = settled_to(clock, instant(at + 5 * DAY))
    assert dict([*fell, *rest])["missed"] == instant(reached)


@BUSY_MACHINE
@given(opened_days(), begins, gaps, targets)
def test_each_mark_falls_due_once_in_order_and_none_before_its_part_is_counted(opened, begin, gaps, target):
    calendar, _ = opened
    clock, _, at, fell = played(begun(target, calendar, begin), calendar, begin, gaps)
    _, rest = settled_to(clock, instant(at + 5 * DAY))
    fell = [*fell, *rest]

    assert [key for key, _ in fell] == ["near/0.5", "near/0.8", "level/1", "missed", "level/2"]
    assert all(one <= other for (_, one), (_, other) in pairwise(fell))


@BUSY_MACHINE
@given(opened_days(), begins, targets, st.lists(st.integers(0, 2000), max_size=12))
def test_looking_often_changes_nothing(opened, begin, target, looks):
    calendar, _ = opened
    clock, fell, end = looked_at(begun(target, calendar, begin), begin, looks)

    assert (clock, fell) == settled_to(begun(target, calendar, begin), end)


@BUSY_MACHINE
@given(opened_days(), begins, targets, st.lists(st.integers(0, 2000), max_size=12))
def test_a_pause_that_ends_as_it_begins_changes_nothing(opened, begin, target, looks):
    calendar, _ = opened

    def blink(clock: Clock, at: datetime) -> Clock:
        return resume(pause(clock, at, "waiting_for_parts", calendar), at, calendar)

    clock, fell, end = looked_at(begun(target, calendar, begin), begin, looks, blink)
    undisturbed, all_fell = settled_to(begun(target, calendar, begin), end)

    assert fell == all_fell
    assert counted_at(clock, end, calendar) == counted_at(undisturbed, end, calendar)
    assert replace(clock, laps=(), since=None, counted=timedelta()) == replace(
        undisturbed, laps=(), since=None, counted=timedelta()
    )


@BUSY_MACHINE
@given(opened_days(), begins, gaps, targets, targets)
def test_another_target_is_due_when_the_sum_since_the_start_reaches_it_also_where_that_is_past(
    opened, begin, gaps, target, other
):
    calendar, walk = opened
    clock, ran, at, _ = played(begun(target, calendar, begin), calendar, begin, gaps)
    clock = retarget(clock, instant(at), promised(other, calendar), calendar)

    reached = walk.reached(other, [*ran, (at, at + 5 * DAY)])

    assert reached is not None
    assert clock.due == instant(reached)
    passed = walk.seconds(ran) >= other
    assert (standing(clock, instant(at), calendar).state is State.MISSED) == passed
    clock, fell = settled_to(clock, instant(at))
    assert clock.missed == passed
    assert all(when == instant(at) for _, when in fell)


@BUSY_MACHINE
@given(opened_days(), begins, targets, targets, st.integers(0, 3 * 3600))
def test_going_to_another_target_and_back_at_once_is_due_as_before(opened, begin, target, other, ran):
    calendar, _ = opened
    at = instant(begin + ran)
    clock, _ = settled_to(begun(target, calendar, begin), at)
    there, _ = settled_to(retarget(clock, at, promised(other, calendar), calendar), at)
    back, _ = settled_to(retarget(there, at, promised(target, calendar), calendar), at)

    assert (back.due, back.missed) == (clock.due, clock.missed)
    assert back.marks == clock.marks
    assert counted_at(back, at, calendar) == counted_at(clock, at, calendar)


@BUSY_MACHINE
@given(opened_days(), begins, gaps, targets, st.integers(0, DAY))
def test_the_time_between_done_and_reopened_does_not_count(opened, begin, gaps, target, between):
    calendar, walk = opened
    clock, ran, at, _ = played(begun(target, calendar, begin), calendar, begin, gaps)
    assume(not clock.missed)
    clock = reopen(finish(clock, instant(at), calendar), instant(at + between), calendar)

    reached = walk.reached(target, [*ran, (at + between, at + 5 * DAY)])

    assert reached is not None
    assert clock.due == instant(reached)


@pytest.mark.deep
@settings(max_examples=2000, deadline=None)
@given(opened_days(), begins, st.lists(st.integers(0, 20_000), min_size=1, max_size=40), targets)
def test_counting_holds_over_many_long_stretches(opened, begin, gaps, target):
    calendar, walk = opened
    clock, ran, at, _ = played(begun(target, calendar, begin), calendar, begin, gaps)

    assert counted_at(clock, instant(at), calendar) == timedelta(seconds=walk.seconds(ran))
