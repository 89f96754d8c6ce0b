"""An open step and an agent as the choice sees them; wishes, and who stands in."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.dispatch import domain
from services.dispatch.domain import Need, Rule, Wish
from services.dispatch.domain.assigning.assignment import Assignment, UnitsRule
from services.dispatch.domain.people.roster import Roster
from services.dispatch.domain.work.candidacy import Around, candidate_of, serves, shift_units, task_of
from services.dispatch.domain.work.facets import Asked
from services.dispatch.domain.work.picking import cause_of, is_passing, pick, terms_of
from tests.unit.dispatch.builders import NINE, after, an_agent, an_order, resolved, said
from tests.unit.dispatch.courses import reported

RULES = Assignment(units=(UnitsRule(units=3),), accept={"P1": timedelta(minutes=5)})


def picked(order, *agents, away=None, **around):
    """The choice for the first open step among these agents."""
    people = {agent.agent_id: agent for agent in agents}
    return pick(order, order.visits[0], people, Around(at=NINE, roster=Roster(), away=away or {}, **around), RULES)


def who(order, *agents, **around):
    """Who gets it, by which rule, and for whom that one stands in."""
    made = picked(order, *agents, **around)
    return made.choice.agent_id, made.choice.rule, made.principal


def waiting(**changes):
    return replace(an_order(agent=None), **changes)


@pytest.mark.parametrize("need", [Need(team="it"), Need(team="it", role="expert"), Need(team="it", skill="radio")])
@pytest.mark.parametrize("named", [None, "a1", "a2"])
@pytest.mark.parametrize("teams", [("it",), ("desk",)])
@pytest.mark.parametrize("role", ["specialist", "expert"])
@pytest.mark.parametrize("skills", [{}, {"radio": 2}])
def test_an_agent_serves_a_need_whose_queue_is_one_of_its_own(need, named, teams, role, skills):
    agent, need = an_agent("a1", teams=teams, role=role, skills=skills), replace(need, agent=named)

    assert serves(agent, need) is (need.key in agent.queues)


def test_a_task_is_due_when_the_first_of_its_running_clocks_is():
    order = an_order(agent=None)

    task = task_of(order, order.visits[0], NINE, RULES)

    assert (task.due, task.units, task.priority, task.wish) == (after(minutes=15), 3, "P1", None)


def test_a_candidate_has_what_counts_for_that_work():
    order = waiting(asked=Asked(subject="a1"))
    order, _ = domain.decline(domain.assign(order, NINE, "a1")[0], NINE, reason="no")
    agent = an_agent("a1", load=2, kinds={"fault": 2}, at_once={"fault": 4}, experience={"network": 7}, capacity=9)

    seen = candidate_of(agent, order, order.visits[0], Around(at=NINE, roster=Roster(), contended={"a1"}), {})

    assert (seen.serves, seen.declined, seen.subject, seen.contended, seen.kind_open, seen.kind_limit) == (
        *(True, True, True, True, 2, 4),
    )
    assert (seen.knows_matter, seen.load, seen.capacity, seen.status) == (7, 2, 9, "available")


def test_units_of_an_earlier_day_do_not_count_for_fairness():
    agent = an_agent(shift_since=NINE - timedelta(days=1, hours=9), shift_units=5)

    assert [shift_units(agent, NINE - timedelta(hours=9, days=days)) for days in (0, 1)] == [0, 5]


# wishes


def test_whom_the_customer_asks_for_is_asked_first_if_that_one_can_have_it():
    order = waiting(asked=Asked(agent="a2"))

    assert who(order, an_agent("a1"), an_agent("a2", load=2, capacity=9)) == ("a2", Rule.WISHED, None)
    assert who(order, an_agent("a1"), an_agent("a2", presence=said("away"))) == ("a1", Rule.BEST_SCORE, None)


def test_where_the_customers_wish_cannot_be_met_who_had_the_work_is_asked():
    order, _ = domain.reopen(resolved(), NINE, reason="again", cause="customer")
    order = replace(order, asked=Asked(agent="a2"))
    had, other = an_agent("a1", load=1, capacity=9), an_agent("a3", capacity=9)

    assert who(order, had, other, an_agent("a2", presence=said("offline"))) == ("a1", Rule.FORMER, None)


def test_an_agent_who_is_named_or_nobody_gets_it():
    order = waiting(wishes={1: Wish("a2", Rule.WISHED, only=True)})

    made = picked(order, an_agent("a1"), an_agent("a2", presence=said("away")))

    assert (made.choice.agent_id, made.choice.limits_of("a2")) == (None, ("presence",))


def test_a_supervisors_reason_lifts_every_limit_but_that_of_a_complaints_subject():
    wish = Wish("a2", Rule.REASSIGNED, only=True, override="now")
    absent = an_agent("a2", presence=said("away"))

    assert who(waiting(wishes={1: wish}), absent)[:2] == ("a2", Rule.REASSIGNED)
    assert who(waiting(wishes={1: wish}, asked=Asked(subject="a2")), absent)[0] is None


# standing in


def test_work_of_a_team_may_go_to_who_stands_in_for_one_of_it():
    helper = an_agent("b1", teams=("desk",))

    assert who(waiting(), an_agent("a1"), helper, away={"a1": "b1"}) == ("b1", Rule.STAND_IN, "a1")
    assert who(waiting(), an_agent("a1"), helper, away={}) == ("a1", Rule.BEST_SCORE, None)


def test_a_wish_for_who_is_away_goes_to_the_stand_in():
    order = waiting(wishes={1: Wish("a1", Rule.FORMER)})

    assert who(order, an_agent("a1"), an_agent("a2", load=2, capacity=9), an_agent("a3"), away={"a1": "a2"}) == (
        *("a2", Rule.FORMER, "a1"),
    )


def test_nobody_pulls_work_for_another():
    order = waiting(wishes={1: Wish("a1", Rule.PULLED, only=True)})

    assert who(order, an_agent("a1"), an_agent("a2"), away={"a1": "a2"})[0] is None


def test_who_is_busy_may_pull_and_is_not_given_work():
    busy = an_agent("a1", presence=said("busy"))

    assert who(waiting(wishes={1: Wish("a1", Rule.PULLED, only=True)}), busy)[:2] == ("a1", Rule.PULLED)
    assert who(waiting(), busy)[0] is None


# on what terms


def test_what_is_pushed_has_to_be_accepted_in_time_and_what_is_pulled_not():
    pushed = picked(waiting(), an_agent("a1"))
    pulled = picked(waiting(wishes={1: Wish("a1", Rule.PULLED, only=True)}), an_agent("a1"))

    assert [terms_of(an_order(), one, RULES).within for one in (pushed, pulled)] == [timedelta(minutes=5), None]


@pytest.mark.parametrize(
    ("agents", "cause", "passing"),
    [
        ((an_agent("a1", load=9),), "capacity", True),
        ((an_agent("a1", load=9, presence=said("away")),), "presence", False),
        ((an_agent("a1", presence=said("away")), an_agent("a2", load=9)), "presence, capacity", True),
        ((an_agent("a1", teams=("desk",)),), "nobody serves it", False),
        ((), "nobody serves it", False),
    ],
)
def test_why_nobody_can_take_it_names_what_comes_first_for_each(agents, cause, passing):
    choice = picked(waiting(), *agents).choice

    assert (choice.agent_id, cause_of(choice), is_passing(cause)) == (None, cause, passing)


def test_a_step_whose_role_nobody_has_is_for_nobody():
    made = picked(reported(), an_agent("a1"), an_agent("a2"))

    assert (made.choice.agent_id, cause_of(made.choice)) == (None, "nobody serves it")
