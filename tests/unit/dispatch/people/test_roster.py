from datetime import datetime, timedelta

import pytest

from tests.unit.dispatch.people.builders import a_roster, a_rota, day, extra, leave, off, on_rota

NEW_YORK = "America/New_York"  # its clocks change on 8 March and 1 November 2026, at 02:00


def hours(roster, agent, since, until):
    """Its duties as (shift, since, until)."""
    return [(duty.shift, duty.since, duty.until) for duty in roster.duties(agent, since, until)]


def test_a_pattern_is_worked_day_by_day_and_over_and_over():
    duties = a_roster().duties(on_rota(), day(2), day(18))

    assert [(duty.day.day, duty.shift) for duty in duties] == [
        (2, "early"),
        (3, "early"),
        (4, "late"),
        (5, "late"),
        (6, "night"),
        (7, "night"),
        (10, "early"),
        (11, "early"),
        (12, "late"),
        (13, "late"),
        (14, "night"),
        (15, "night"),
    ]


def test_an_agent_with_an_offset_is_so_many_days_ahead():
    duties = a_roster().duties(on_rota(rota_offset=3), day(2), day(5))

    assert [duty.shift for duty in duties] == ["late", "night", "night"]


def test_before_its_first_day_a_rota_has_no_duties_whatever_the_offset():
    assert a_roster().duties(on_rota(rota_offset=3), day(1), day(2, 14)) == ()


def test_a_shift_past_midnight_belongs_to_the_day_on_which_it_begins():
    (duty,) = a_roster().duties(on_rota(), day(7), day(7, 22))

    assert (duty.shift, duty.day.day, duty.since, duty.until) == ("night", 6, day(6, 22), day(7, 6))


def test_breaks_past_midnight_are_of_the_next_day():
    (duty,) = a_roster().duties(on_rota(), day(7), day(7, 22))

    assert duty.breaks == ((day(7, 2), day(7, 2, 30)),)


def test_a_duty_reaches_up_to_its_end_and_not_into_it():
    roster, agent = a_roster(), on_rota()

    assert roster.duties(agent, day(2, 14), day(3, 6)) == ()
    assert roster.duty_at(agent, day(2, 6)).shift == "early"
    assert roster.duty_at(agent, day(2, 14)) is None


def test_wall_times_are_those_of_the_rotas_zone():
    roster = a_roster(desk=a_rota(zone="Asia/Shanghai"))

    assert hours(roster, on_rota(), day(1, 12), day(2, 12)) == [("early", day(1, 22), day(2, 6))]


@pytest.mark.parametrize(
    ("night_of", "seconds"),
    [("2026-03-06", 8 * 3600), ("2026-03-07", 7 * 3600), ("2026-10-31", 9 * 3600)],
)
def test_a_night_in_which_the_clocks_change_is_an_hour_shorter_or_longer(night_of, seconds):
    roster = a_roster(desk=a_rota(["night"], zone=NEW_YORK, starts_on="2026-01-01"))
    noon = datetime.fromisoformat(f"{night_of}T17:00:00+00:00")

    (duty,) = roster.duties(on_rota(), noon, noon + timedelta(hours=20))

    assert (duty.until - duty.since).total_seconds() == seconds


def test_of_a_break_in_the_hour_that_is_skipped_nothing_is_left():
    roster = a_roster(desk=a_rota(["night"], zone=NEW_YORK, starts_on="2026-03-07"))

    assert roster.duty_at(on_rota(), day(8, 5)).breaks == ()
    assert roster.duty_at(on_rota(), day(9, 5)).breaks == ((day(9, 6), day(9, 6, 30)),)


def test_a_shift_within_the_hour_that_is_skipped_is_not_worked_that_day():
    shifts = {"peak": {"name": "Peak", "from": "02:00", "to": "03:00"}}
    roster = a_roster(shifts=shifts, desk=a_rota(["peak"], zone=NEW_YORK, starts_on="2026-03-07"))

    assert [duty.day.day for duty in roster.duties(on_rota(), day(7), day(10))] == [7, 9]


def test_leave_takes_out_what_lies_in_it():
    agent = on_rota(leave(day(2, 12), day(4, 16)))

    assert hours(a_roster(), agent, day(2), day(5)) == [
        ("early", day(2, 6), day(2, 12)),
        ("late", day(4, 16), day(4, 22)),
    ]


def test_leave_within_a_duty_leaves_both_ends_of_it_with_their_breaks():
    first, second = a_roster().duties(on_rota(leave(day(2, 8), day(2, 10, 15))), day(2), day(3))

    assert (first.since, first.until, first.breaks) == (day(2, 6), day(2, 8), ())
    assert (second.since, second.until, second.breaks) == (
        day(2, 10, 15),
        day(2, 14),
        ((day(2, 10, 15), day(2, 10, 30)),),
    )
    assert first.day == second.day


def test_a_day_off_takes_out_the_rotas_duty_of_that_day_also_if_its_hours_are_others_by_now():
    agent = on_rota(off(day(2, 7), day(2, 15)))

    assert [duty.day.day for duty in a_roster().duties(agent, day(2), day(5))] == [3, 4]


def test_an_extra_duty_is_worked_besides_with_the_breaks_of_its_shift():
    agent = on_rota(extra(day(8, 6), day(8, 14), "early"))

    (duty,) = a_roster().duties(agent, day(8, 6), day(9))

    assert (duty.shift, duty.since, duty.until, duty.extra) == ("early", day(8, 6), day(8, 14), True)
    assert duty.breaks == ((day(8, 10), day(8, 10, 30)),)


@pytest.mark.parametrize("shift", ["early", "gone", None])
def test_an_extra_duty_keeps_its_hours_when_its_shift_is_another_by_now(shift):
    (duty,) = a_roster().duties(on_rota(extra(day(8, 7), day(8, 15), shift)), day(8, 6), day(9))

    assert (duty.since, duty.until, duty.breaks) == (day(8, 7), day(8, 15), ())


def test_duties_come_in_order_of_their_beginning():
    agent = on_rota(extra(day(2, 22), day(2, 23), "late"))

    assert [duty.since for duty in a_roster().duties(agent, day(2), day(4))] == [day(2, 6), day(2, 22), day(3, 6)]


def test_a_rota_that_is_not_declared_has_no_duties():
    assert a_roster().duties(on_rota(rota="gone"), day(2), day(9)) == ()
    assert a_roster().duty_at(on_rota(rota="gone"), day(2, 7)) is None


def test_what_is_remembered_of_one_instant_is_not_taken_for_another():
    roster, agent = a_roster(), on_rota()
    asked = [day(2, 7), day(2, 15), day(3, 5), day(3, 6), day(2, 7), day(8, 7), day(10, 7), day(2, 5)]

    found = [roster.duty_at(agent, at) for at in asked]

    assert [duty and duty.day.day for duty in found] == [2, None, None, 3, 2, None, 10, None]
