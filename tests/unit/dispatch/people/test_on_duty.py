from datetime import timedelta

from services.dispatch.domain.people.on_duty import who_is_on
from tests.unit.dispatch.builders import said
from tests.unit.dispatch.people.builders import a_roster, day, extra, leave, on_rota

NOW = day(2, 9)


def standing(agent, at=NOW, live=True, rest="0s"):
    (row,) = who_is_on([agent], a_roster(rest), at, live=live)
    return row.on, row.status, row.shift


def test_who_is_on_a_shift_is_on_duty_whatever_it_says_and_one_sees_what():
    agents = [on_rota(presence=said(status)) for status in ("available", "away", "offline")]

    assert [standing(agent) for agent in agents] == [
        (True, "available", "early"),
        (True, "away", "early"),
        (True, "offline", "early"),
    ]


def test_a_break_belongs_to_the_duty():
    assert standing(on_rota(), day(2, 10, 15)) == (True, "rota_break", "early")


def test_of_another_time_than_now_one_sees_a_break_of_the_rota_and_missing_rest():
    tired = on_rota(extra(day(2, 18), day(3, 1)))

    assert standing(on_rota(), day(2, 10, 15), live=False) == (True, "rota_break", "early")
    assert standing(tired, day(3, 8, 59), live=False, rest="8h") == (True, "no_rest", "early")
    assert standing(tired, day(3, 9), live=False, rest="8h") == (True, None, "early")


def test_off_shift_and_on_leave_nobody_is_on_duty():
    assert standing(on_rota(), day(2, 15)) == (False, "off_shift", None)
    assert standing(on_rota(leave(day(2), day(3)))) == (False, "on_leave", None)
    assert standing(on_rota(leave(day(2), day(3)), rota=None)) == (False, "on_leave", None)


def test_who_has_no_rota_is_on_duty_as_long_as_it_is_present():
    statuses = ("available", "busy", "break", "away", "offline")
    agents = [on_rota(rota=None, presence=said(status)) for status in statuses]
    gone = on_rota(rota=None, presence=said("available", day(2, 8), timedelta(minutes=15)))

    assert [standing(agent)[0] for agent in agents] == [True, True, True, True, False]
    assert standing(gone) == (False, "expired", None)


def test_of_another_time_than_now_only_the_roster_knows():
    assert standing(on_rota(), day(6, 23), live=False) == (True, None, "night")
    assert standing(on_rota(), day(6, 7), live=False) == (False, "off_shift", None)
    assert standing(on_rota(rota=None), day(6, 7), live=False) == (None, None, None)
    assert standing(on_rota(leave(day(6), day(7)), rota=None), day(6, 7), live=False) == (False, "on_leave", None)
