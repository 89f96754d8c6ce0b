from dataclasses import replace
from datetime import timedelta

import pytest

from services.dispatch.domain.clocks.clock import (
    Promise,
    Standing,
    State,
    call_off,
    counted_at,
    extend,
    finish,
    next_mark,
    pause,
    reopen,
    resume,
    retarget,
    standing,
)
from services.dispatch.domain.clocks.pin import Pin
from shared.business_time import Calendar
from shared.errors import ValidationError
from tests.unit.dispatch.times import (
    ALWAYS,
    LEVEL_1,
    LEVEL_2,
    OFFICE,
    OFFICE_BODY,
    a_clock,
    hours,
    on,
    settled_to,
    terms,
)

NINE = on("mon", "09:00")


def test_a_clock_is_due_when_its_calendar_has_been_open_long_enough():
    assert a_clock("4h").due == on("mon", "14:00")


def test_a_clock_that_starts_outside_hours_counts_from_the_next_opening():
    assert a_clock("1h", on("mon", "22:00")).due == on("tue", "10:00")


def test_a_clock_knows_what_it_counts_in_and_by_whose_word():
    clock = a_clock("4h")

    assert (clock.calendar, clock.source, clock.promise) == (Pin("office", 1), Pin("standard", 1), Promise.RESOLUTION)


def test_what_falls_due_on_the_way_has_its_instants_in_order():
    clock = a_clock("8h", warn_at=[0.5, 0.8], levels=[LEVEL_1, LEVEL_2])

    assert [(mark.key, mark.at) for mark in clock.marks] == [
        ("near/0.5", on("mon", "14:00")),
        ("near/0.8", on("mon", "16:24")),
        ("level/1", on("mon", "17:12")),
        ("missed", on("mon", "18:00")),
        ("level/2", on("tue", "10:00")),
    ]


def test_what_falls_due_at_one_instant_is_settled_warning_first_then_the_miss_then_the_levels():
    at_due = replace(LEVEL_1, at=1)
    _, fell = settled_to(a_clock("4h", levels=[at_due]), on("mon", "14:00"))

    assert fell == [("missed", on("mon", "14:00")), ("level/1", on("mon", "14:00"))]


def test_everything_falls_due_once_however_often_it_is_looked_for():
    clock, first = settled_to(a_clock("4h", warn_at=[0.5]), on("tue", "18:00"))
    clock, second = settled_to(clock, on("fri", "18:00"))

    assert [key for key, _ in first] == ["near/0.5", "missed"]
    assert (second, clock.settled, clock.marks) == ([], ("near/0.5", "missed"), ())


def test_a_miss_is_a_miss_from_the_very_instant_at_which_it_fell_due():
    before, _ = settled_to(a_clock("4h"), on("mon", "14:00") - timedelta(microseconds=1))
    at, _ = settled_to(a_clock("4h"), on("mon", "14:00"))

    assert (before.missed, at.missed) == (False, True)


# standing still


def test_a_paused_clock_counts_nothing_and_is_not_due():
    clock = pause(a_clock("4h"), on("mon", "10:00"), "waiting_for_customer", OFFICE)

    assert (clock.due, clock.paused, counted_at(clock, on("fri", "18:00"), OFFICE)) == (
        None,
        "waiting_for_customer",
        hours(1),
    )
    assert next_mark(clock) is None


def test_a_pause_moves_the_due_time_by_the_business_time_that_it_lasted():
    clock = pause(a_clock("4h"), on("mon", "10:00"), "waiting_for_customer", OFFICE)

    assert resume(clock, on("tue", "09:30"), OFFICE).due == on("tue", "13:30")


def test_a_pause_outside_hours_moves_nothing():
    clock = pause(a_clock("16h"), on("mon", "18:00"), "waiting_for_customer", OFFICE)

    assert resume(clock, on("tue", "09:00"), OFFICE).due == a_clock("16h").due


def test_a_pause_within_a_pause_is_the_same_pause():
    clock = pause(a_clock("4h"), on("mon", "10:00"), "waiting_for_customer", OFFICE)

    assert pause(clock, on("mon", "11:00"), "waiting_for_parts", OFFICE) == clock


def test_a_running_clock_is_not_resumed():
    clock = a_clock("4h")

    assert resume(clock, on("mon", "11:00"), OFFICE) == clock


def test_two_pauses_are_each_counted_once():
    clock = a_clock("4h")
    for day in ("mon", "tue"):
        clock = pause(clock, on(day, "10:00"), "waiting_for_customer", OFFICE)
        clock = resume(clock, on(day, "11:00"), OFFICE)

    assert counted_at(clock, on("tue", "11:00"), OFFICE) == hours(1 + 1 + 5 + 1)


def test_what_had_fallen_due_before_a_pause_does_not_fall_due_again_after_it():
    clock, _ = settled_to(a_clock("4h", warn_at=[0.5]), on("mon", "11:30"))
    clock = resume(pause(clock, on("mon", "11:30"), "waiting_for_customer", OFFICE), on("mon", "16:30"), OFFICE)

    assert settled_to(clock, on("fri", "18:00"))[1] == [("missed", on("mon", "18:00"))]


def test_a_clock_that_is_missed_already_keeps_its_due_time_while_it_stands_still():
    clock, _ = settled_to(a_clock("4h", levels=[LEVEL_2]), on("mon", "14:30"))
    clock = pause(clock, on("mon", "14:30"), "waiting_for_customer", OFFICE)
    again = resume(clock, on("mon", "16:30"), OFFICE)

    assert (clock.due, again.due, again.marks[0].at) == (on("mon", "14:00"), on("mon", "14:00"), on("mon", "17:00"))


def test_a_clock_keeps_at_most_32_stretches():
    clock = a_clock("4h", calendar=ALWAYS)
    for minute in range(40):
        at = NINE + timedelta(minutes=minute)
        clock = resume(pause(clock, at, "waiting_for_customer", ALWAYS), at, ALWAYS)

    assert len(clock.laps) == 32
    assert clock.due == a_clock("4h", calendar=ALWAYS).due


def test_a_change_before_the_last_one_is_refused():
    clock = resume(pause(a_clock("4h"), on("mon", "10:00"), "waiting_for_parts", OFFICE), on("mon", "11:00"), OFFICE)

    with pytest.raises(ValidationError):
        pause(clock, on("mon", "10:30"), "waiting_for_parts", OFFICE)


# the end


def test_what_is_done_before_it_is_due_is_met():
    clock = finish(a_clock("4h"), on("mon", "13:59"), OFFICE)

    assert (clock.met, clock.done_at, clock.due) == (True, on("mon", "13:59"), on("mon", "14:00"))


def test_what_is_done_at_the_due_instant_is_late():
    clock, _ = settled_to(a_clock("4h"), on("mon", "14:00"))

    assert finish(clock, on("mon", "14:00"), OFFICE).met is False


def test_what_is_done_outside_hours_counts():
    clock = finish(a_clock("12h"), on("mon", "23:00"), OFFICE)

    assert (clock.met, clock.counted) == (True, hours(8))


def test_a_clock_that_is_done_while_it_stands_still_is_due_as_if_it_had_run_on():
    clock = pause(a_clock("4h"), on("mon", "10:00"), "waiting_for_customer", OFFICE)

    assert finish(clock, on("mon", "15:00"), OFFICE).due == on("mon", "18:00")


def test_nothing_falls_due_on_a_clock_that_is_done():
    clock = finish(a_clock("4h", warn_at=[0.5]), on("mon", "10:00"), OFFICE)

    assert settled_to(clock, on("fri", "18:00")) == (clock, [])


def test_a_clock_that_is_done_is_not_done_again():
    clock = finish(a_clock("4h"), on("mon", "10:00"), OFFICE)

    assert finish(clock, on("mon", "17:00"), OFFICE) == clock


def test_a_clock_that_is_called_off_is_neither_met_nor_missed_and_nothing_falls_due():
    clock = call_off(a_clock("4h", warn_at=[0.5]), on("mon", "10:00"), OFFICE)

    assert (clock.met, clock.due, clock.marks, clock.counted) == (None, None, (), hours(1))


def test_a_miss_stays_one_when_the_clock_is_called_off():
    clock, _ = settled_to(a_clock("4h"), on("mon", "15:00"))

    assert call_off(clock, on("mon", "15:00"), OFFICE).met is False


def test_pausing_resuming_and_retargeting_leave_a_stopped_clock_as_it_is():
    for clock in (finish(a_clock("4h"), on("mon", "10:00"), OFFICE), call_off(a_clock(), on("mon", "10:00"), OFFICE)):
        assert pause(clock, on("mon", "11:00"), "waiting_for_parts", OFFICE) == clock
        assert resume(clock, on("mon", "11:00"), OFFICE) == clock
        assert retarget(clock, on("mon", "11:00"), terms("1h"), OFFICE) == clock


# reopening


def test_a_reopened_clock_goes_on_from_what_it_had_counted():
    done = finish(a_clock("4h", warn_at=[0.5]), on("mon", "10:00"), OFFICE, resting="resolved")
    clock = reopen(done, on("wed", "09:00"), OFFICE)

    assert (done.paused, clock.paused, clock.done_at, clock.due) == ("resolved", None, None, on("wed", "12:00"))
    assert settled_to(clock, on("fri", "18:00"))[1] == [
        ("near/0.5", on("wed", "10:00")),
        ("missed", on("wed", "12:00")),
    ]


def test_a_reopened_clock_does_not_warn_again():
    clock, _ = settled_to(a_clock("4h", warn_at=[0.5]), on("mon", "11:30"))
    clock = reopen(finish(clock, on("mon", "11:30"), OFFICE), on("wed", "09:00"), OFFICE)

    assert settled_to(clock, on("fri", "18:00"))[1] == [("missed", on("wed", "10:30"))]


def test_a_clock_that_was_missed_stays_missed_when_it_is_reopened():
    clock, _ = settled_to(a_clock("4h", levels=[LEVEL_2]), on("mon", "14:30"))
    clock = reopen(finish(clock, on("mon", "14:30"), OFFICE), on("wed", "09:00"), OFFICE)

    assert (clock.met, clock.due) == (False, on("mon", "14:00"))
    assert settled_to(clock, on("fri", "18:00"))[1] == [("level/2", on("wed", "09:30"))]


def test_a_clock_that_was_never_done_is_not_reopened():
    clock = a_clock("4h")

    assert reopen(clock, on("tue", "09:00"), OFFICE) == clock


# other terms


def test_a_new_priority_counts_from_the_original_start():
    clock = retarget(a_clock("8h"), on("mon", "11:00"), terms("4h"), OFFICE)

    assert (clock.due, clock.target, clock.started_at) == (on("mon", "14:00"), hours(4), NINE)


def test_a_new_priority_forgets_no_pause():
    clock = resume(pause(a_clock("8h"), on("mon", "10:00"), "waiting_for_parts", OFFICE), on("mon", "15:00"), OFFICE)

    assert retarget(clock, on("mon", "16:00"), terms("4h"), OFFICE).due == on("mon", "18:00")


def test_a_new_priority_during_a_pause_is_in_force_when_the_clock_runs_again():
    clock = pause(a_clock("8h"), on("mon", "10:00"), "waiting_for_parts", OFFICE)
    clock = retarget(clock, on("mon", "15:00"), terms("2h"), OFFICE)

    assert (clock.due, clock.paused) == (None, "waiting_for_parts")
    assert resume(clock, on("mon", "16:00"), OFFICE).due == on("mon", "17:00")


def test_a_target_that_has_passed_already_is_missed_now_and_was_due_when_it_was_reached():
    clock = retarget(a_clock("8h"), on("mon", "17:00"), terms("4h", warn_at=[0.5], levels=[LEVEL_2]), OFFICE)

    assert clock.due == on("mon", "14:00")
    assert settled_to(clock, on("mon", "17:00"))[1] == [
        ("near/0.5", on("mon", "17:00")),
        ("missed", on("mon", "17:00")),
        ("level/2", on("mon", "17:00")),
    ]


def test_a_target_that_was_reached_before_a_pause_was_due_before_that_pause():
    clock = resume(pause(a_clock("8h"), on("mon", "11:30"), "waiting_for_parts", OFFICE), on("mon", "13:30"), OFFICE)

    assert retarget(clock, on("mon", "17:00"), terms("2h"), OFFICE).due == on("mon", "11:00")
    assert retarget(clock, on("mon", "17:00"), terms("3h"), OFFICE).due == on("mon", "14:00")


def test_a_target_that_was_reached_just_as_a_pause_began_was_due_then():
    clock = resume(pause(a_clock("8h"), on("mon", "11:00"), "waiting_for_parts", OFFICE), on("mon", "13:30"), OFFICE)

    assert retarget(clock, on("mon", "17:00"), terms("2h"), OFFICE).due == on("mon", "11:00")


def test_a_target_that_has_passed_is_missed_now_also_while_the_clock_stands_still():
    clock = pause(a_clock("8h"), on("mon", "15:00"), "waiting_for_parts", OFFICE)
    clock = retarget(clock, on("mon", "16:00"), terms("4h"), OFFICE)

    assert (clock.due, settled_to(clock, on("mon", "16:00"))[1]) == (
        on("mon", "14:00"),
        [("missed", on("mon", "16:00"))],
    )


def test_a_target_reached_before_the_stretches_that_are_known_is_due_at_the_first_of_them():
    clock = a_clock("8h", calendar=ALWAYS)
    for minute in range(1, 41):
        at = NINE + timedelta(minutes=minute)
        clock = resume(pause(clock, at, "waiting_for_customer", ALWAYS), at, ALWAYS)

    moved = retarget(clock, on("mon", "10:00"), terms("5m", calendar=ALWAYS), ALWAYS)

    assert moved.due == clock.laps[0].since


def test_a_later_target_takes_the_miss_back_and_may_be_missed_again():
    clock, first = settled_to(a_clock("4h", warn_at=[0.5]), on("mon", "15:00"))
    clock = retarget(clock, on("mon", "15:00"), terms("8h", warn_at=[0.5, 0.8]), OFFICE)

    assert ([key for key, _ in first], clock.missed, clock.settled) == (["near/0.5", "missed"], False, ("near/0.5",))
    assert settled_to(clock, on("fri", "18:00"))[1] == [
        ("near/0.8", on("mon", "16:24")),
        ("missed", on("mon", "18:00")),
    ]


def test_a_warning_that_lies_ahead_again_is_given_again():
    clock, _ = settled_to(a_clock("4h", warn_at=[0.5]), on("mon", "11:00"))
    clock = retarget(clock, on("mon", "11:00"), terms("8h", warn_at=[0.5]), OFFICE)

    assert settled_to(clock, on("mon", "15:00"))[1] == [("near/0.5", on("mon", "14:00"))]


def test_a_shorter_target_that_is_passed_as_well_is_not_missed_twice():
    clock, _ = settled_to(a_clock("4h"), on("mon", "15:00"))
    clock = retarget(clock, on("mon", "15:00"), terms("2h"), OFFICE)

    assert (clock.missed, clock.due, settled_to(clock, on("fri", "18:00"))[1]) == (True, on("mon", "11:00"), [])


def test_a_level_that_lies_ahead_under_other_terms_is_reached_again_and_known_to_have_acted():
    clock, first = settled_to(a_clock("4h", levels=[LEVEL_1, LEVEL_2]), on("mon", "13:45"))
    clock = retarget(clock, on("mon", "13:45"), terms("8h", levels=[LEVEL_1, LEVEL_2]), OFFICE)

    assert [key for key, _ in first] == ["level/1"]
    assert (clock.settled, clock.acted) == ((), (1,))
    assert [key for key, _ in settled_to(clock, on("fri", "18:00"))[1]] == ["level/1", "missed", "level/2"]


def test_a_level_that_other_terms_do_not_have_is_reached_again_under_those_that_do():
    clock, _ = settled_to(a_clock("4h", levels=[LEVEL_1]), on("mon", "13:45"))
    clock = retarget(clock, on("mon", "13:45"), terms("8h"), OFFICE)
    clock = retarget(clock, on("mon", "13:45"), terms("4h", levels=[LEVEL_1]), OFFICE)

    assert settled_to(clock, on("fri", "18:00"))[1] == [("level/1", on("mon", "13:45")), ("missed", on("mon", "14:00"))]


def test_a_clock_that_goes_on_reaches_the_levels_that_it_had_reached_at_once():
    clock, _ = settled_to(a_clock("4h", levels=[LEVEL_1, LEVEL_2]), on("mon", "13:45"))
    clock = finish(clock, on("mon", "13:45"), OFFICE, resting="resolved")

    clock = reopen(clock, on("tue", "10:00"), OFFICE)

    assert settled_to(clock, on("tue", "10:30"))[1] == [("level/1", on("tue", "10:00")), ("missed", on("tue", "10:15"))]
    assert clock.acted == (1,)


def test_a_clock_is_not_near_for_a_warning_that_its_terms_do_not_have():
    clock, _ = settled_to(a_clock("8h", warn_at=[0.1]), on("mon", "10:00"))
    clock = retarget(clock, on("mon", "10:00"), terms("8h", warn_at=[0.9]), OFFICE)

    assert standing(clock, on("mon", "10:00"), OFFICE).state is State.RUNNING


def test_two_warnings_that_lie_close_to_each_other_are_both_given():
    clock = a_clock("8h", warn_at=[0.1234561, 0.1234564])

    assert [key for key, _ in settled_to(clock, on("mon", "11:00"))[1]] == ["near/0.1234561", "near/0.1234564"]


def test_another_calendar_counts_from_now_on_and_what_was_counted_stays():
    clock = retarget(a_clock("8h"), on("mon", "17:00"), terms("9h", calendar=ALWAYS), OFFICE)

    assert (clock.calendar, clock.counted, clock.due) == (Pin("always", 1), hours(7), on("mon", "19:00"))


def test_a_target_passed_under_the_calendar_before_was_due_by_that_one():
    clock = retarget(a_clock("16h"), on("tue", "10:00"), terms("4h", calendar=ALWAYS), OFFICE)

    assert clock.due == on("mon", "14:00")


def test_under_another_calendar_a_target_passed_before_the_change_is_due_at_the_change():
    clock = retarget(a_clock("16h"), on("mon", "17:00"), terms("24h", calendar=ALWAYS), OFFICE)

    assert retarget(clock, on("mon", "19:00"), terms("2h", calendar=ALWAYS), ALWAYS).due == on("mon", "17:00")


def test_a_new_version_of_the_same_hours_forgets_no_stretch():
    newer = Calendar.from_dict("office", OFFICE_BODY, 2)
    clock = retarget(a_clock("16h"), on("mon", "15:00"), terms("16h", calendar=newer), OFFICE)

    assert clock.calendar == Pin("office", 2)
    assert retarget(clock, on("mon", "16:00"), terms("2h", calendar=newer), newer).due == on("mon", "11:00")


# the calendar's horizon

SHORT = Calendar.from_dict("office", OFFICE_BODY | {"horizon": "2026-03-04"}, 1)
LONG = Calendar.from_dict(
    "office", OFFICE_BODY | {"horizon": "2026-04-01", "days": {"2026-03-05": {"closed": True}}}, 2
)


def test_a_clock_that_is_due_beyond_the_horizon_is_provisional():
    assert a_clock("16h", calendar=SHORT).provisional is False
    assert a_clock("17h", calendar=SHORT).provisional is True


def test_a_longer_horizon_moves_what_lies_beyond_the_old_one():
    clock = retarget(a_clock("28h", calendar=SHORT), on("tue", "10:00"), terms("28h", calendar=LONG), SHORT)

    assert (a_clock("28h", calendar=SHORT).due, clock.due, clock.provisional) == (
        on("thu", "14:00"),
        on("fri", "14:00"),
        False,
    )


def test_a_longer_horizon_changes_nothing_before_the_old_one():
    before, _ = settled_to(a_clock("12h", calendar=SHORT, warn_at=[0.5]), on("tue", "10:00"))
    clock = retarget(before, on("tue", "10:00"), terms("12h", calendar=LONG, warn_at=[0.5]), SHORT)

    assert (clock.due, clock.marks, clock.settled) == (before.due, before.marks, before.settled)
    assert retarget(clock, on("tue", "11:00"), terms("2h", calendar=LONG), LONG).due == on("mon", "11:00")


def test_a_calendar_that_knows_further_keeps_what_has_fallen_due():
    before, _ = settled_to(a_clock("28h", calendar=SHORT, warn_at=[0.1], levels=[LEVEL_1]), on("tue", "10:00"))
    clock = extend(before, on("tue", "10:00"), LONG, SHORT)

    assert (clock.settled, clock.calendar, clock.due) == (("near/0.1",), Pin("office", 2), on("fri", "14:00"))
    assert extend(pause(before, on("tue", "10:00"), "waiting_for_parts", SHORT), on("tue", "11:00"), LONG, SHORT) == (
        replace(pause(before, on("tue", "10:00"), "waiting_for_parts", SHORT), calendar=Pin("office", 2))
    )


def test_a_calendar_that_knows_further_changes_nothing_that_is_done():
    done = finish(a_clock("28h", calendar=SHORT), on("tue", "10:00"), SHORT)

    assert extend(done, on("tue", "11:00"), LONG, SHORT) == done


def test_a_clock_whose_calendar_never_opens_long_enough_is_never_due():
    once = {"name": "Once", "zone": "UTC", "week": {}, "days": {"2026-03-02": {"open": ["09:00-12:00"]}}}
    clock = a_clock("4h", calendar=Calendar.from_dict("once", once, 1), warn_at=[0.5])

    assert (clock.due, clock.provisional) == (None, False)
    assert settled_to(clock, on("fri", "18:00"))[1] == [("near/0.5", on("mon", "11:00"))]


# how it stands


@pytest.mark.parametrize(
    ("at", "stands"),
    [
        (on("mon", "10:00"), Standing(state=State.RUNNING, counted=hours(1), remaining=hours(3), over=None)),
        (on("mon", "11:00"), Standing(state=State.NEAR, counted=hours(2), remaining=hours(2), over=None)),
        (on("mon", "14:00"), Standing(state=State.MISSED, counted=hours(4), remaining=hours(0), over=hours(0))),
        (on("mon", "20:00"), Standing(state=State.MISSED, counted=hours(8), remaining=hours(0), over=hours(4))),
    ],
)
def test_how_a_clock_stands_does_not_depend_on_what_was_settled(at, stands):
    clock = a_clock("4h", warn_at=[0.5])

    assert standing(clock, at, OFFICE) == stands
    assert standing(settled_to(clock, at)[0], at, OFFICE) == stands


def test_a_paused_clock_stands_as_it_was_paused():
    clock = pause(a_clock("4h"), on("mon", "10:00"), "waiting_for_parts", OFFICE)

    assert standing(clock, on("fri", "10:00"), OFFICE) == Standing(
        state=State.PAUSED, counted=hours(1), remaining=hours(3), over=None
    )


def test_a_clock_that_is_done_stands_as_it_was_done():
    met = finish(a_clock("4h"), on("mon", "10:00"), OFFICE)
    late = finish(settled_to(a_clock("4h"), on("mon", "15:00"))[0], on("mon", "15:00"), OFFICE)

    assert (standing(met, on("fri", "10:00"), OFFICE).state, standing(late, on("fri", "10:00"), OFFICE).over) == (
        State.MET,
        hours(1),
    )


def test_a_clock_that_was_called_off_promises_nothing():
    clock = call_off(a_clock("4h"), on("mon", "10:00"), OFFICE)

    assert standing(clock, on("fri", "10:00"), OFFICE).state is State.CALLED_OFF
