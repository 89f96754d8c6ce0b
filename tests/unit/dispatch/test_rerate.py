from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, given, settings

from services.dispatch import domain
from services.dispatch.domain.clocks.promise import Promise
from services.dispatch.domain.looking_back.rerate import Outcome, recorded, rerate
from services.dispatch.forecast import told_on
from tests.unit.dispatch.random_work import PAUSES, timelines
from tests.unit.dispatch.timelines import LOOP, PARTS, TARGETS, WAITING, Timeline, a_policy, a_reference

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
NINE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ALWAYS = {"calendar": "always"}
RAISING = [{"clock": "resolution", "at": 0.5, "level": 1, "tell": [], "raise_priority": True}]
RESOLUTION, FIRST_RESPONSE, NEXT_UPDATE = Promise.RESOLUTION, Promise.FIRST_RESPONSE, Promise.NEXT_UPDATE


def after(**elapsed: float) -> datetime:
    return NINE + timedelta(**elapsed)


def promising(resolution: str = "8h", first_response: str = "1h", **changes):
    """All day long, for every priority the same unless said otherwise; version 2."""
    targets = {priority: {"first_response": first_response, "resolution": resolution, **ALWAYS} for priority in TARGETS}
    targets |= changes.pop("targets", {})
    return a_reference(a_policy(targets=targets, escalations=changes.pop("escalations", []), **changes), version=2)


def worked(reference=None, **ticket) -> Timeline:
    timeline = Timeline(NINE, *([reference] if reference else [promising()]), **ticket)
    timeline.do(NINE, domain.assign, "a1")
    timeline.do(NINE, domain.accept)
    return timeline


def before(timeline: Timeline, until: datetime):
    return recorded(timeline.entries, until, lambda pin: timeline.books(pin.version).calendar(pin.code))


def test_a_longer_promise_would_have_been_met():
    timeline = worked()
    timeline.do(after(hours=9), domain.resolve, "done")

    assert before(timeline, after(hours=9))[RESOLUTION] is Outcome.MISSED
    assert rerate(timeline.entries, after(hours=9), promising("10h"))[RESOLUTION] is Outcome.MET


def test_a_shorter_promise_would_have_been_missed():
    timeline = worked()
    timeline.do(after(hours=7), domain.resolve, "done")

    assert before(timeline, after(hours=7))[RESOLUTION] is Outcome.MET
    assert rerate(timeline.entries, after(hours=7), promising("6h"))[RESOLUTION] is Outcome.MISSED


def test_other_holds_would_have_stopped_the_clock():
    timeline = worked()
    timeline.do(after(hours=1), domain.hold, PARTS)
    timeline.do(after(hours=4), domain.resume)
    timeline.do(after(hours=6), domain.resolve, "done")

    assert rerate(timeline.entries, after(hours=6), promising("4h"))[RESOLUTION] is Outcome.MET
    assert rerate(timeline.entries, after(hours=6), promising("4h", pause={}))[RESOLUTION] is Outcome.MISSED


def test_what_the_solution_answered_is_no_promise_of_more_news():
    timeline = worked()
    timeline.do(after(minutes=30), domain.resolve, "done")
    news = {"P2": {"first_response": "1h", "resolution": "8h", "next_update": "1h", **ALWAYS}}

    assert rerate(timeline.entries, after(hours=9), promising(targets=news)) == {
        FIRST_RESPONSE: Outcome.MET,
        RESOLUTION: Outcome.MET,
        NEXT_UPDATE: Outcome.NONE,
    }


def test_news_would_have_been_promised():
    timeline = worked()
    timeline.do(after(minutes=30), domain.respond)
    timeline.do(after(hours=2), domain.resolve, "done")
    news = {"P2": {"first_response": "1h", "resolution": "8h", "next_update": "1h", **ALWAYS}}

    assert rerate(timeline.entries, after(hours=2), promising())[NEXT_UPDATE] is Outcome.NONE
    assert rerate(timeline.entries, after(hours=2), promising(targets=news))[NEXT_UPDATE] is Outcome.MISSED


def test_a_priority_that_people_gave_stays_given():
    timeline = worked()
    timeline.do(after(hours=1), domain.prioritise, "P1", "worse")
    timeline.do(after(hours=6), domain.resolve, "done")
    short = {"P1": {"first_response": "1h", "resolution": "5h", **ALWAYS}}

    assert rerate(timeline.entries, after(hours=6), promising(targets=short))[RESOLUTION] is Outcome.MISSED


def test_a_priority_that_a_policy_raised_is_raised_by_the_other_policy_only():
    raising = promising(escalations=RAISING, targets={"P1": {"first_response": "1h", "resolution": "5h", **ALWAYS}})
    timeline = worked(raising)
    timeline.do(after(hours=6), domain.resolve, "done")
    assert timeline.order.priority == "P1"

    assert before(timeline, after(hours=6))[RESOLUTION] is Outcome.MISSED
    assert rerate(timeline.entries, after(hours=6), raising)[RESOLUTION] is Outcome.MISSED
    assert rerate(timeline.entries, after(hours=6), promising())[RESOLUTION] is Outcome.MET


def test_a_priority_that_a_step_raised_counts_as_given():
    flows = {"flows": {"loop": LOOP}}
    timeline = Timeline(NINE, a_reference(**flows), priority="P2")
    timeline.pass_to(after(days=3))
    assert timeline.order.priority == "P1"
    short = {"P1": {"first_response": "1h", "resolution": "5h", **ALWAYS}}

    assert rerate(timeline.entries, after(days=3), promising("30d", targets=short))[RESOLUTION] is Outcome.MISSED


def test_what_is_open_is_judged_at_the_time_asked_for():
    timeline = worked()
    outcomes = [rerate(timeline.entries, after(hours=hours), promising("4h"))[RESOLUTION] for hours in (3, 4)]
    assert outcomes == [Outcome.OPEN, Outcome.MISSED]


def test_one_missed_round_is_a_miss():
    timeline = worked()
    timeline.do(after(hours=9), domain.resolve, "done")
    timeline.do(after(hours=10), domain.reopen, reason="not so", cause="customer")
    timeline.do(after(hours=10), domain.assign, "a1")
    timeline.do(after(hours=11), domain.resolve, "done")

    assert before(timeline, after(hours=11))[RESOLUTION] is Outcome.MISSED
    assert rerate(timeline.entries, after(hours=11), promising("9h 30m"))[RESOLUTION] is Outcome.MET


def test_withdrawn_work_owes_nothing_any_more():
    timeline = worked()
    timeline.do(after(minutes=30), domain.withdraw, "never mind")
    assert set(rerate(timeline.entries, after(hours=9), promising()).values()) == {Outcome.NONE}


def test_a_hold_for_a_reason_that_the_version_does_not_know_stops_nothing():
    timeline = worked()
    timeline.do(after(hours=1), domain.hold, WAITING)
    other = a_reference(a_policy(pause={}, escalations=[]), hold_reasons={}, version=2)
    assert rerate(timeline.entries, after(days=9), other)[RESOLUTION] is Outcome.MISSED


@given(timelines(), PAUSES)
@settings(max_examples=200, deadline=None, suppress_health_check=SLOW)
def test_under_its_own_version_work_is_rated_as_it_was(timeline, later):
    until = timeline.order.last_at + later
    (reference,) = timeline.versions.values()
    entries = told_on(timeline.entries, timeline.books, until)
    was = recorded(entries, until, lambda pin: reference.calendar(pin.code))
    assert rerate(entries, until, reference) == was
