"""What an explanation sums up to is what the clock says, whatever was done with the work."""

from datetime import timedelta
from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.dispatch.domain.clocks.clock import standing
from services.dispatch.domain.looking_back.explain import explain
from services.dispatch.domain.looking_back.stretches import Kind
from services.dispatch.domain.work.advance import advance
from services.dispatch.explaining import explanation
from services.dispatch.forecast import told_on
from tests.unit.dispatch.random_work import PAUSES, rolled_timelines, timelines

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
NAMES = {"step": "step:{}", "group": "group:{}"}


def named(key: str) -> str:
    kind, _, own = key.partition("/")
    return NAMES[kind].format(own) if own else kind


def check(entries, order, as_of):
    """Every clock of the work as it stood, beside its explanation."""
    for key, clock in order.clocks.items():
        told = explain(entries, named(key), as_of, order.books)
        mine = standing(clock, as_of, order.calendar(clock))
        assert told.clock == clock
        assert told.standing == mine
        assert told.earlier is None
        assert sum((one.length for one in told.intervals if one.kind is Kind.COUNTED), timedelta()) == mine.counted
        edges = [clock.started_at, *(one.end for one in told.intervals)]
        assert [one.start for one in told.intervals] == edges[:-1]
        assert edges[-1] == (clock.done_at or clock.called_off_at or as_of)
        assert all(one.start < one.end for one in told.intervals)


@given(timelines() | rolled_timelines(), PAUSES)
@settings(max_examples=150, deadline=None, suppress_health_check=SLOW)
def test_what_counted_sums_up_to_what_the_clock_says_at_every_time(timeline, later):
    for (at, order), (then, _) in pairwise(timeline.stood):
        between = max(at, then - timedelta(milliseconds=1))
        if between < then:
            check(timeline.entries, advance(order, between)[0], between)
    as_of = timeline.order.last_at + later
    check(told_on(timeline.entries, timeline.books, as_of), advance(timeline.order, as_of)[0], as_of)


@given(timelines(), st.data())
@settings(max_examples=50, deadline=None, suppress_health_check=SLOW)
def test_an_explanation_of_then_is_the_same_whenever_it_is_asked_for(timeline, data):
    at, order = data.draw(st.sampled_from(timeline.stood))
    known = [entry for entry in timeline.entries if entry["recorded_at"] <= at]
    known_then = told_on(known, order.books, at)
    for key in order.clocks:
        then, now = (explain(entries, named(key), at, order.books) for entries in (known_then, timeline.entries))
        assert explanation(now, forecast=False) == explanation(then, forecast=False)
