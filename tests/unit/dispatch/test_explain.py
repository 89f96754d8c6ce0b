from datetime import UTC, datetime, timedelta

import pytest

from services.dispatch import domain
from services.dispatch.domain.clocks.clock import State
from services.dispatch.domain.looking_back.explain import What, explain
from services.dispatch.domain.looking_back.stretches import Kind
from services.dispatch.errors import NoSuchClock
from services.dispatch.explaining import explanation
from tests.unit.dispatch.timelines import (
    CALENDARS,
    LOOP,
    PARTS,
    SHANGHAI,
    TARGETS,
    WAITING,
    Timeline,
    a_policy,
    a_reference,
)
from tests.unit.dispatch.times import ALL_WEEK

NINE = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)  # a Monday, nine o'clock in Shanghai


def at(day: int, clock: str, month: int = 3) -> datetime:
    """A time in Shanghai in 2026."""
    hours, minutes = clock.split(":")
    return datetime(2026, month, day, int(hours), int(minutes), tzinfo=UTC) - timedelta(hours=8)


def told(timeline: Timeline, name: str, as_of: datetime):
    return explain(timeline.entries, name, as_of, timeline.books, order_no="W-100001")


def ways(timeline: Timeline, name: str, as_of: datetime) -> list[tuple]:
    """(kind, from, to, reason) with times in Shanghai."""
    here = timedelta(hours=8)
    return [
        (one.kind.value, f"{one.start + here:%d %H:%M}", f"{one.end + here:%d %H:%M}", one.reason)
        for one in told(timeline, name, as_of).intervals
    ]


def accepted(**ticket) -> Timeline:
    timeline = Timeline(NINE, **ticket)
    timeline.do(NINE, domain.assign, "a1")
    timeline.do(NINE, domain.accept)
    return timeline


def test_what_a_clock_ended_by_is_told():
    timeline = accepted()
    timeline.do(at(2, "10:00"), domain.respond, None, "eta")

    ended, running = (told(timeline, name, at(2, "11:00")) for name in ("first_response", "resolution"))

    assert (ended.end.type, ended.end.by, running.end) == ("work_responded", "eta", None)
    assert explanation(ended, forecast=False)["ended_by"] == {"type": "work_responded", "by": "eta"}


def test_a_promise_that_gave_way_to_the_next_ended_by_the_same_entry():
    timeline = accepted(priority="P2")
    timeline.do(at(2, "09:10"), domain.respond)
    timeline.do(at(2, "10:00"), domain.respond)

    first = told(timeline, "next_update#1", at(2, "11:00"))

    assert (first.end.at, first.end.type, first.end.by) == (at(2, "10:00"), "work_responded_again", "actor")


def test_hours_count_and_what_lies_between_them_does_not():
    assert ways(Timeline(NINE), "resolution", at(3, "09:00")) == [
        ("counted", "02 09:00", "02 12:00", None),
        ("closed", "02 12:00", "02 13:30", None),
        ("counted", "02 13:30", "02 18:00", None),
        ("closed", "02 18:00", "03 08:30", None),
        ("counted", "03 08:30", "03 09:00", None),
    ]


def test_a_closed_time_is_called_by_the_days_that_closed_it():
    timeline = Timeline(at(3, "17:00", 4), priority="P2")
    closed = [(kind, reason) for kind, _, _, reason in ways(timeline, "resolution", at(7, "09:00", 4)) if reason]
    assert closed == [("closed", "清明节")]


def test_a_make_up_working_day_is_no_reason_for_the_night_after_it():
    timeline = Timeline(at(11, "17:00", 4), priority="P2")
    assert [reason for *_, reason in ways(timeline, "resolution", at(13, "09:00", 4))] == [None, None, None]


def test_a_day_is_no_reason_for_the_time_at_which_its_weekday_is_closed_anyway():
    half = SHANGHAI | {"days": {"2026-03-03": {"without": ["16:00-24:00"], "name": "半天"}}}
    timeline = Timeline(NINE, a_reference(calendars=CALENDARS | {"shanghai": half}))

    assert [way for way in ways(timeline, "resolution", at(4, "09:00")) if way[0] == "closed"] == [
        ("closed", "02 12:00", "02 13:30", None),
        ("closed", "02 18:00", "03 08:30", None),
        ("closed", "03 12:00", "03 13:30", None),
        ("closed", "03 16:00", "04 08:30", "半天"),
    ]


def test_a_night_that_a_day_took_away_is_called_by_it_also_after_midnight():
    free = CALENDARS["nights"] | {"days": {"2026-03-03": {"closed": True, "name": "frei"}}}
    timeline = Timeline(NINE, a_reference(calendars=CALENDARS | {"nights": free}), priority="P3")

    closed = [way[1:] for way in ways(timeline, "resolution", at(5, "09:00")) if way[0] == "closed"]
    assert closed == [("02 13:00", "03 05:00", None), ("03 13:00", "05 05:00", "frei")]


def test_a_hold_is_a_pause_with_its_reason_also_at_night():
    timeline = accepted()
    timeline.do(at(2, "11:00"), domain.hold, WAITING)
    timeline.do(at(3, "10:00"), domain.resume)

    assert ways(timeline, "resolution", at(3, "10:30")) == [
        ("counted", "02 09:00", "02 11:00", None),
        ("paused", "02 11:00", "03 10:00", WAITING),
        ("counted", "03 10:00", "03 10:30", None),
    ]


def test_a_hold_that_does_not_stop_a_clock_is_no_pause_of_it():
    timeline = accepted()
    timeline.do(at(2, "09:30"), domain.respond)
    timeline.do(at(2, "11:00"), domain.hold, PARTS)

    assert ways(timeline, "next_update", at(2, "11:30")) == [("counted", "02 09:30", "02 11:30", None)]
    assert ways(timeline, "resolution", at(2, "11:30"))[-1] == ("paused", "02 11:00", "02 11:30", PARTS)


def test_a_deadline_says_by_which_versions_it_is_due():
    one = told(Timeline(NINE), "resolution", at(2, "10:00"))
    assert [str(one.intervals[0].calendar), str(one.intervals[0].source)] == ["shanghai@1", "standard@1"]
    assert one.zone == "Asia/Shanghai"


def test_a_running_deadline_says_how_much_is_left():
    one = told(Timeline(NINE), "resolution", at(2, "10:00"))
    assert (one.standing.state, one.standing.counted, one.standing.remaining) == (
        State.RUNNING,
        timedelta(hours=1),
        timedelta(hours=7),
    )
    assert one.clock.due == at(3, "09:00")


def test_a_deadline_is_near_from_the_first_warning_on():
    assert told(Timeline(NINE), "resolution", at(2, "14:30")).standing.state is State.NEAR


def test_a_paused_deadline_has_no_due_time():
    timeline = accepted()
    timeline.do(at(2, "10:00"), domain.hold, WAITING)
    one = told(timeline, "resolution", at(2, "11:00"))
    assert (one.standing.state, one.clock.due, one.clock.paused) == (State.PAUSED, None, WAITING)


def test_what_was_done_in_time_ends_there():
    timeline = accepted()
    timeline.do(at(2, "10:00"), domain.resolve, "done")
    one = told(timeline, "resolution", at(5, "10:00"))
    assert one.standing.state is State.MET
    assert [(one.start, one.end) for one in one.intervals] == [(NINE, at(2, "10:00"))]


def test_what_was_done_late_says_by_how_much():
    timeline = accepted()
    timeline.do(at(3, "10:30"), domain.resolve, "done")
    one = told(timeline, "resolution", at(5, "10:00"))
    assert (one.standing.state, one.standing.over) == (State.MISSED, timedelta(hours=1, minutes=30))


def test_earlier_times_are_explained_by_what_was_known_then():
    timeline = accepted()
    timeline.do(at(2, "10:00"), domain.hold, WAITING)
    timeline.do(at(2, "11:00"), domain.resume)
    assert told(timeline, "resolution", at(2, "09:30")).standing.state is State.RUNNING
    assert told(timeline, "resolution", at(2, "09:30")).clock.due == at(3, "09:00")


def test_another_priority_keeps_what_was_counted_and_goes_on_in_its_own_calendar():
    timeline = accepted()
    timeline.do(at(2, "18:30"), domain.prioritise, "P1", "down everywhere")

    one = told(timeline, "resolution", at(2, "19:00"))
    assert [(str(i.calendar), i.kind, i.length) for i in one.intervals] == [
        ("shanghai@1", Kind.COUNTED, timedelta(hours=3)),
        ("shanghai@1", Kind.CLOSED, timedelta(hours=1, minutes=30)),
        ("shanghai@1", Kind.COUNTED, timedelta(hours=4, minutes=30)),
        ("shanghai@1", Kind.CLOSED, timedelta(minutes=30)),
        ("always@1", Kind.COUNTED, timedelta(minutes=30)),
    ]
    (change,) = one.changes
    assert (change.what, change.at, change.why) == (What.RETARGETED, at(2, "18:30"), "down everywhere")
    assert (change.before.target, change.after.target) == (timedelta(hours=8), timedelta(hours=4))


def test_a_new_round_has_a_run_of_its_own():
    timeline = accepted()
    timeline.do(at(2, "10:00"), domain.resolve, "done")
    timeline.do(at(2, "11:00"), domain.reopen, reason="not done", cause="customer")

    newest = told(timeline, "resolution", at(2, "11:30"))
    first = told(timeline, "resolution#1", at(2, "11:30"))
    assert [(one.run, one.of_runs, one.standing.counted) for one in (first, newest)] == [
        (1, 2, timedelta(hours=1)),
        (2, 2, timedelta(minutes=30)),
    ]
    assert first.standing.state is State.MET


def test_where_the_policy_resumes_the_time_between_rounds_is_a_pause():
    timeline = Timeline(NINE, a_reference(a_policy(reopening="resume")))
    timeline.do(NINE, domain.assign, "a1")
    timeline.do(at(2, "10:00"), domain.resolve, "done")
    timeline.do(at(2, "11:00"), domain.reopen, reason="not done", cause="customer")

    assert ways(timeline, "resolution", at(2, "11:30")) == [
        ("counted", "02 09:00", "02 10:00", None),
        ("paused", "02 10:00", "02 11:00", "resolved"),
        ("counted", "02 11:00", "02 11:30", None),
    ]
    (change,) = told(timeline, "resolution", at(2, "11:30")).changes
    assert (change.what, change.why) == (What.REOPENED, "not done")


def test_each_promise_of_news_is_a_run():
    timeline = accepted()
    for minute in ("09:30", "10:00", "11:00"):
        timeline.do(at(2, minute), domain.respond)
    runs = [told(timeline, f"next_update#{number}", at(2, "11:30")) for number in (1, 2, 3)]
    assert [one.standing.state for one in runs] == [State.MET, State.MET, State.RUNNING]
    assert [one.standing.counted for one in runs] == [timedelta(minutes=minutes) for minutes in (30, 60, 30)]
    assert told(timeline, "next_update", at(2, "11:30")) == runs[-1]


def test_a_withdrawal_calls_the_clocks_off():
    timeline = accepted()
    timeline.do(at(2, "10:00"), domain.withdraw, "never mind")
    one = told(timeline, "resolution", at(5, "10:00"))
    assert (one.standing.state, one.standing.counted) == (State.CALLED_OFF, timedelta(hours=1))


def test_a_deadline_beyond_the_horizon_is_provisional():
    short = {**SHANGHAI, "horizon": "2026-03-03"}
    timeline = Timeline(NINE, a_reference(calendars=CALENDARS | {"shanghai": short}))
    assert told(timeline, "resolution", at(2, "10:00")).clock.provisional
    assert not told(timeline, "first_response", at(2, "10:00")).clock.provisional


@pytest.mark.parametrize(
    "name",
    [
        "nothing",
        "resolution#2",
        "resolution#0",
        "resolution#x",
        "resolution#²",
        "resolution#１",
        "resolution#",
        "step:work",
        "step:1",
        "",
    ],
)
def test_an_unknown_clock_is_refused_with_the_names_of_those_there_are(name):
    with pytest.raises(NoSuchClock) as refused:
        told(Timeline(NINE), name, at(2, "10:00"))
    assert refused.value.message == f"W-100001: no clock {name!r}; it has first_response, resolution"
    assert refused.value.code == "NotFound"


def looping() -> Timeline:
    """Work of which `look` was opened for the second time, as the third visit."""
    timeline = Timeline(NINE, a_reference(flows={"loop": LOOP}))
    for clock in ("09:10", "09:40"):
        timeline.do(at(2, clock), domain.assign, "a1")
        timeline.do(at(2, clock), domain.complete_step)
    return timeline


def test_a_steps_clock_is_named_by_its_step_its_visit_or_as_the_work_lists_it():
    timeline = looping()
    first, newest = (told(timeline, name, at(2, "10:00")) for name in ("step:1", "step:look"))

    assert (first.clock.name, newest.clock.name) == ("step/1", "step/3")
    assert [told(timeline, f"step/{visit}", at(2, "10:00")) for visit in (1, 3)] == [first, newest]


def test_of_a_step_that_came_several_times_a_refusal_names_the_step_once():
    with pytest.raises(NoSuchClock) as refused:
        told(looping(), "step:last", at(2, "10:00"))

    known = ["first_response", "group:repair", "resolution", "step:look", "step:mend"]
    assert refused.value.details["known"] == known


def test_before_it_was_opened_work_has_no_clocks():
    with pytest.raises(NoSuchClock) as refused:
        told(Timeline(NINE), "resolution", at(1, "10:00"))
    assert refused.value.message == "W-100001: no clock 'resolution'; it has none yet"


def test_ten_years_in_many_spans_a_day_are_told_in_sum_exactly():
    hourly = {"name": "Hourly", "zone": "Asia/Shanghai", "working_day": "8h"}
    hourly |= {"week": {key: [f"{hour:02}:00-{hour:02}:40" for hour in range(24)] for key in ALL_WEEK}}
    timeline = Timeline(NINE, a_reference(calendars=CALENDARS | {"shanghai": hourly}))

    one = told(timeline, "resolution", NINE + timedelta(days=3650))

    assert (one.earlier.number, len(one.intervals)) == (3650 * 48 - 1000, 1000)
    assert one.earlier.lengths == {
        Kind.COUNTED: timedelta(days=3650) * 2 / 3 - timedelta(minutes=40) * 500,
        Kind.CLOSED: timedelta(days=3650) / 3 - timedelta(minutes=20) * 500,
        Kind.PAUSED: timedelta(),
    }


def test_pauses_before_a_thousand_intervals_are_told_in_sum():
    timeline = accepted()
    timeline.do(at(2, "10:00"), domain.hold, WAITING)
    timeline.do(at(2, "11:00"), domain.resume)

    one = told(timeline, "resolution", datetime(2028, 3, 2, tzinfo=UTC))

    assert (one.earlier.lengths[Kind.PAUSED], one.earlier.end) == (timedelta(hours=1), one.intervals[0].start)
    assert len(one.intervals) == 1000


def test_intervals_beyond_a_thousand_are_told_in_sum():
    one = told(Timeline(NINE), "resolution", datetime(2028, 3, 2, tzinfo=UTC))
    assert (len(one.intervals), one.earlier.start, one.earlier.end) == (1000, NINE, one.intervals[0].start)
    counted = sum((i.length for i in one.intervals if i.kind is Kind.COUNTED), one.earlier.lengths[Kind.COUNTED])
    assert counted == one.standing.counted
    assert TARGETS["P2"]["resolution"] == "1wd"
