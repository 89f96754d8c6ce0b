"""Offers run out, are declined, are made again."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.dispatch import domain
from services.dispatch.domain import Rule, State, Wish
from services.dispatch.domain.work.offering import MOST_LAPSES_KEPT, next_lapse
from services.dispatch.domain.work.visiting import Terms
from services.dispatch.errors import Ineligible, NameTheStep, NoSuchMove, NothingChanges
from tests.unit.dispatch.builders import NINE, accepted, after, an_order, held, reference, resolved, types
from tests.unit.dispatch.courses import given_out, reported

FIVE_MINUTES = Terms(units=4, within=timedelta(minutes=5))


def offered(order=None, agent="a1", at=NINE):
    """Work to be accepted within five minutes."""
    return domain.assign(order or an_order(agent=None), at, agent, terms=FIVE_MINUTES)[0]


def of(order):
    """What the first open step says of its offer."""
    visit = order.visits[0]
    return visit.agent, visit.units, visit.accept_by, visit.offers, visit.lapsed


def test_an_offer_has_to_be_accepted_in_time():
    order = offered()

    assert of(order) == ("a1", 4, after(minutes=5), 1, ())
    assert domain.next_due(order) == after(minutes=5)


def test_without_a_limit_an_offer_stands():
    assert (an_order().visits[0].accept_by, next_lapse(an_order())) == (None, None)


def test_an_offer_that_is_not_accepted_in_time_is_over_at_that_time():
    order, (fact,) = domain.advance(offered(), after(minutes=6))

    assert (order.state, of(order)) == (State.QUEUED, (None, 0, None, 1, ("a1",)))
    assert (fact.type, fact.at) == ("work_lapsed", after(minutes=5))
    assert {name: fact.data[name] for name in ("agent", "team", "visit", "offers")} == {
        "agent": "a1",
        "team": "it",
        "visit": 1,
        "offers": 1,
    }


def test_an_accepted_offer_does_not_run_out():
    order, _ = domain.accept(offered(), after(minutes=4))

    assert (next_lapse(order), domain.advance(order, after(minutes=6))[1]) == (None, [])


def test_who_let_an_offer_pass_is_remembered_each_time():
    order = offered()
    for again in range(1, MOST_LAPSES_KEPT + 3):
        order, _ = domain.advance(order, after(minutes=5 * again))
        order = offered(order, at=after(minutes=5 * again))

    assert (order.visits[0].lapsed, order.visits[0].offers) == (("a1",) * MOST_LAPSES_KEPT, MOST_LAPSES_KEPT + 3)


def test_what_a_clock_says_at_the_same_instant_comes_before_the_end_of_an_offer():
    order = domain.assign(an_order(agent=None), NINE, "a1", terms=Terms(within=timedelta(minutes=12)))[0]

    _, facts = domain.advance(order, after(minutes=12))

    assert types(facts) == ["deadline_near", "work_lapsed"]


def test_no_offer_runs_out_while_the_work_is_held():
    order, _ = domain.hold(offered(), after(minutes=2), "waiting_for_customer")

    order, facts = domain.advance(order, after(hours=1))

    assert (facts, order.agent) == ([], "a1")


def test_after_a_hold_an_offer_has_as_much_time_left_as_before():
    order, _ = domain.hold(offered(), after(minutes=2), "waiting_for_customer")

    order, _ = domain.resume(order, after(hours=1))

    assert next_lapse(order) == after(hours=1, minutes=3)


# declining


@pytest.mark.parametrize("order", [an_order(), accepted(), held()], ids=["assigned", "accepted", "held"])
def test_declined_work_waits_and_says_who_declined_it(order):
    before = order.state

    order, (fact,) = domain.decline(order, after(minutes=1), reason="my neighbour")

    assert (order.state, order.agent) == (State.HELD if before is State.HELD else State.QUEUED, None)
    assert [(one.agent, one.visit, one.at, one.reason) for one in order.declined] == [
        ("a1", 1, after(minutes=1), "my neighbour"),
    ]
    assert (fact.type, fact.data["agent"], fact.data["reason"]) == ("work_declined", "a1", "my neighbour")


@pytest.mark.parametrize("order", [an_order(agent=None), resolved()], ids=["queued", "resolved"])
def test_only_who_has_work_can_decline_it(order):
    with pytest.raises(NoSuchMove):
        domain.decline(order, NINE, reason="no")


def test_where_several_steps_could_be_declined_one_is_named():
    order = reported()
    for visit in order.visits:
        order, _ = domain.assign(order, NINE, "a1", visit.number)

    with pytest.raises(NameTheStep):
        domain.decline(order, NINE, reason="no")
    order, _ = domain.decline(order, NINE, reason="no", step="survey")

    assert [visit.agent for visit in order.visits] == [None, "a1"]


def test_what_was_declined_once_stays_declined_through_the_life_of_the_work():
    order, _ = domain.decline(an_order(), NINE, reason="no")
    order, _ = domain.assign(order, NINE, "a2")
    order, _ = domain.resolve(order, NINE, "Done")

    order, _ = domain.reopen(order, NINE, reason="again", cause="customer")

    assert [one.agent for one in order.declined] == ["a1"]


# being given it


def test_each_time_somebody_is_given_work_is_counted():
    order, _ = domain.decline(offered(), NINE, reason="no")
    order, (fact,) = domain.assign(order, NINE, "a2", terms=replace(FIVE_MINUTES, choice="f" * 64))

    assert (order.given, order.visits[0].assignment, order.visits[0].offers) == (2, 2, 2)
    assert {name: fact.data[name] for name in ("assignment", "choice", "units", "accept_by", "override")} == {
        "assignment": 2,
        "choice": "f" * 64,
        "units": 4,
        "accept_by": after(minutes=5),
        "override": None,
    }


def test_reassigned_work_goes_to_that_agent_or_nobody():
    order, (fact,) = domain.reassign(
        an_order(), NINE, reference().team("it"), "a2", reason="knows it", override="she insists"
    )

    assert (order.agent, order.wishes) == (None, {1: Wish("a2", Rule.REASSIGNED, only=True, override="she insists")})
    assert (fact.type, fact.data["from_agent"], fact.data["by"]) == ("work_transferred", "a1", "supervisor")


def test_work_is_reassigned_to_another_team_only_with_a_reason_that_is_kept():
    order = an_order()
    with pytest.raises(Ineligible) as refused:
        domain.reassign(order, NINE, reference().team("desk"), "d1", reason="knows it", override=None)

    order, (fact,) = domain.reassign(order, NINE, reference().team("desk"), "d1", reason="knows it", override="ill")

    assert refused.value.details == {"rule": "eligible", "agent": "d1", "limits": ["serves"]}
    assert (order.visits[0].need.team, fact.data["override"]) == ("desk", "ill")


def test_work_that_another_team_has_is_reassigned_to_the_team_of_its_step():
    away, _ = domain.transfer(given_out(reported()), NINE, reference().team("experts"), step="approval")

    back, _ = domain.reassign(away, NINE, reference().team("desk"), "d1", reason="x", override=None, step="approval")

    assert {visit.step: visit.need.team for visit in back.visits}["approval"] == "desk"


def test_a_reassigned_step_needs_what_it_needed():
    order, _ = domain.reassign(
        reported(), NINE, reference().team("it"), "a2", reason="knows it", override=None, step="survey"
    )

    assert order.visits[0].need.key == "it#expert"


def test_work_is_not_reassigned_to_who_has_it():
    with pytest.raises(NothingChanges):
        domain.reassign(an_order(), NINE, reference().team("it"), "a1", reason="x", override=None)


def test_reassigning_work_that_is_over_is_refused_by_that_name():
    with pytest.raises(NoSuchMove) as refused:
        domain.reassign(resolved(), NINE, reference().team("it"), "a2", reason="x", override=None)

    assert refused.value.details["move"] == "reassign"


# nobody can take it


def test_work_that_nobody_can_take_says_so_and_why():
    order, (fact,) = domain.stranded(an_order(agent=None), NINE, 1, "shift, presence", known=False)

    assert (order.visits[0].stranded, domain.strandings(order)) == ("shift, presence", ["it|shift, presence"])
    assert {name: fact.data[name] for name in ("need", "cause", "supervisor", "duty_manager", "agent")} == {
        "need": "it",
        "cause": "shift, presence",
        "supervisor": "chief.it",
        "duty_manager": "duty",
        "agent": None,
    }


def test_where_others_wait_for_the_same_nobody_is_alarmed_again():
    _, (fact,) = domain.stranded(an_order(agent=None), NINE, 1, "shift", known=True)

    assert fact.type == "work_stranded_too"


@pytest.mark.parametrize(
    ("on", "strandings"),
    [
        (lambda order: domain.assign(order, NINE, "a1"), []),
        (lambda order: domain.transfer(order, NINE, reference().team("desk")), ["desk|"]),
    ],
    ids=["given to somebody", "transferred"],
)
def test_work_that_goes_on_is_stranded_no_more(on, strandings):
    order, _ = on(domain.stranded(an_order(agent=None), NINE, 1, "shift", known=False)[0])

    (visit,) = order.visits
    assert (visit.stranded, visit.alarmed) == (None, False)
    assert (domain.strandings(order), domain.alarms(order)) == (strandings, [])
