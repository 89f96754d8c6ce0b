from datetime import timedelta

import pytest

from services.dispatch.domain.people.availability import Availability, availability
from tests.unit.dispatch.builders import NINE, said
from tests.unit.dispatch.people.builders import a_roster, day, extra, leave, on_rota

EARLY = {"duty_since": day(2, 6), "duty_until": day(2, 14), "shift": "early"}


@pytest.mark.parametrize("status", ["available", "busy", "break", "away", "offline"])
def test_on_duty_it_is_as_the_agent_says(status):
    agent = on_rota(presence=said(status))

    assert availability(agent, a_roster(), day(2, 9)) == Availability(status, **EARLY)


@pytest.mark.parametrize("status", ["available", "busy", "break", "away", "offline"])
def test_off_duty_it_does_not_matter_what_the_agent_says(status):
    agent = on_rota(presence=said(status))

    assert availability(agent, a_roster(), day(2, 5)) == Availability("off_shift")


def test_a_break_of_the_rota_is_one_whatever_the_agent_says():
    roster, agent = a_roster(), on_rota()

    assert availability(agent, roster, day(2, 10)) == Availability("rota_break", **EARLY)
    assert availability(agent, roster, day(2, 10, 30)) == Availability("available", **EARLY)


def test_on_leave_nothing_else_matters_to_its_last_instant():
    roster, agent = a_roster(), on_rota(leave(day(2, 8), day(2, 12)))

    assert availability(agent, roster, day(2, 8)) == Availability("on_leave")
    assert availability(agent, roster, day(2, 12)) == Availability("available", day(2, 12), day(2, 14), "early")


def test_before_a_leave_the_duty_ends_with_its_beginning():
    agent = on_rota(leave(day(2, 12), day(3)))

    assert availability(agent, a_roster(), day(2, 9)).duty_until == day(2, 12)


def test_who_has_no_rota_is_on_duty_whenever_present_but_for_leave():
    agent = on_rota(leave(day(3), day(4)), rota=None)

    assert availability(agent, a_roster(), day(2, 3)) == Availability("available")
    assert availability(agent, a_roster(), day(3, 3)) == Availability("on_leave")


def test_who_is_on_a_rota_that_is_not_declared_is_never_on_duty():
    assert availability(on_rota(rota="gone"), a_roster(), day(2, 9)) == Availability("off_shift")


def test_a_presence_is_believed_up_to_its_end():
    agent = on_rota(presence=said("available", lasts=timedelta(minutes=15)))

    assert availability(agent, a_roster(), NINE + timedelta(minutes=14, seconds=59)).status == "available"
    assert availability(agent, a_roster(), NINE + timedelta(minutes=15)).status == "expired"


def test_after_a_duty_too_close_before_it_is_given_nothing_until_it_has_had_its_rest():
    roster = a_roster(rest="8h")
    agent = on_rota(extra(day(2, 18), day(3, 1)))

    assert availability(agent, roster, day(3, 8, 59)) == Availability("no_rest", day(3, 6), day(3, 14), "early")
    assert availability(agent, roster, day(3, 9)).status == "available"


def test_who_is_on_leave_from_a_duty_has_rested_from_its_beginning():
    roster = a_roster(rest="8h")
    agent = on_rota(extra(day(2, 18), day(3, 1)), leave(day(2, 20), day(3, 5)))

    assert availability(agent, roster, day(3, 6)).status == "available"


def test_what_a_leave_leaves_of_one_duty_needs_no_rest_between():
    roster = a_roster(rest="8h")
    agent = on_rota(leave(day(9, 9), day(9, 10)), extra(day(9, 6), day(9, 14), "early"))

    assert availability(agent, roster, day(9, 10, 30)).status == "available"
