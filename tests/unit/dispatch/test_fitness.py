"""Whether a stand-in will do."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from services.dispatch.domain.people.exceptions import Kind, RotaException
from services.dispatch.domain.people.need import Need
from services.dispatch.domain.work.fitness import role_may_have, warnings
from tests.unit.dispatch.builders import NINE, after, an_agent, an_order, reference

ROLES = {"intern": {"may": 'type == "enquiry"'}}
SHIFTS = {
    "shifts": {"early": {"name": "Early", "from": "08:00", "to": "16:00"}},
    "rotas": {
        "week": {
            "name": "Week",
            "zone": "UTC",
            "starts_on": "2026-03-02",
            "pattern": ["early", "early", "rest", "rest", "rest"],
        }
    },
}
BOOK = reference(roles=ROLES, **SHIFTS)
WEEKS = timedelta(days=14)


def leave(since, until):
    return RotaException(id="leave-1", kind=Kind.LEAVE, since=since, until=until)


def told(stand_in, *, since=NINE, lasts=WEEKS, agent=None):
    agent = agent or an_agent("a1")
    found = warnings(agent, stand_in, since, since + lasts, BOOK.roster, BOOK.assignment)
    return [tuple(one) for one in found]


@pytest.mark.parametrize(("role", "type", "may"), [("intern", "fault", False), ("intern", "enquiry", True)])
def test_a_role_may_have_what_its_condition_lets_it(role, type, may):
    order = an_order(type=type)

    assert role_may_have(role, order, order.visits[0], BOOK.assignment) is may


@pytest.mark.parametrize(("role", "may"), [("specialist", False), ("expert", True)])
def test_a_role_may_have_the_steps_that_ask_for_one_that_it_serves(role, may):
    order = an_order()
    visit = replace(order.visits[0], need=Need(team="it", role="expert"))

    assert role_may_have(role, order, visit, BOOK.assignment) is may


def test_nothing_speaks_against_who_is_there_and_may_have_all_of_it():
    assert told(an_agent("a2")) == []
    assert told(an_agent("a2", rota="week")) == []


def test_who_has_no_duty_on_the_first_day_is_off_shift():
    assert told(an_agent("a2", rota="week"), since=after(days=2)) == [("a2", "off_shift")]


def test_one_duty_within_the_first_day_is_enough():
    assert told(an_agent("a2", rota="week"), since=after(hours=8)) == []


def test_only_the_period_counts_where_it_is_shorter_than_a_day():
    assert told(an_agent("a2", rota="week"), since=after(hours=8), lasts=timedelta(hours=8)) == [("a2", "off_shift")]


@pytest.mark.parametrize("rota", [None, "week"])
def test_who_is_on_leave_all_of_the_first_day_is_named(rota):
    away = an_agent("a2", rota=rota, exceptions=(leave(NINE - WEEKS, after(days=3)),))

    assert told(away) == [("a2", "on_leave")]


@pytest.mark.parametrize("rota", [None, "week"])
def test_who_comes_back_on_the_first_day_is_not(rota):
    back = an_agent("a2", rota=rota, exceptions=(leave(NINE - WEEKS, after(hours=6)),))

    assert told(back) == []


def test_two_leaves_that_touch_are_one():
    away = an_agent("a2", exceptions=(leave(NINE, after(hours=6)), leave(after(hours=6), after(days=2))))

    assert told(away) == [("a2", "on_leave")]


@pytest.mark.parametrize(
    ("role", "its", "codes"),
    [
        ("specialist", "intern", ["role"]),
        ("expert", "specialist", ["role"]),
        ("expert", "supervisor", ["role"]),
        ("specialist", "expert", []),
        ("intern", "intern", []),
    ],
)
def test_a_role_that_may_have_less_is_named(role, its, codes):
    found = told(an_agent("a2", role=its), agent=an_agent("a1", role=role))

    assert [code for _, code in found] == codes
