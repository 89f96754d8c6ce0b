from datetime import timedelta

import pytest

from services.dispatch import domain
from services.dispatch.domain import State
from services.dispatch.errors import NoSuchMove, NothingChanges, StaleRound
from tests.unit.dispatch.builders import NINE, accepted, after, an_order, held, reference, resolved, types


def test_assigned_work_is_accepted_by_its_agent():
    order, facts = domain.accept(an_order(), NINE)

    assert (order.state, order.agent, types(facts)) == (State.ACCEPTED, "a1", ["work_accepted"])


def test_queued_work_cannot_be_accepted():
    with pytest.raises(NoSuchMove):
        domain.accept(an_order(agent=None), NINE)


def test_the_first_response_counts_once():
    order, first = domain.respond(accepted(), after(minutes=5))
    order, second = domain.respond(order, after(minutes=6))

    assert types(first) == ["work_responded"]
    assert types(second) == ["work_responded_again"]
    assert order.first_response.done_at == after(minutes=5)


def test_a_response_before_its_deadline_has_met_it():
    _, (fact,) = domain.respond(an_order(), after(minutes=14, seconds=59))

    assert (fact.data["met"], fact.data["due"], fact.data["responded_at"]) == (
        True,
        after(minutes=15),
        after(minutes=14, seconds=59),
    )


def test_a_response_at_the_instant_of_its_deadline_is_late():
    order, _ = domain.advance(an_order(), after(minutes=15))

    _, (fact,) = domain.respond(order, after(minutes=15))

    assert fact.data["met"] is False


def test_resolving_without_a_response_is_the_first_response():
    order, facts = domain.resolve(an_order(), after(minutes=10), "Plugged it in")

    assert types(facts) == ["work_responded", "work_resolved"]
    assert order.first_response.met is True


def test_resolved_work_says_whether_it_met_its_deadline():
    order, _ = domain.respond(an_order(), NINE)
    order, _ = domain.advance(order, after(hours=5))

    order, (fact,) = domain.resolve(order, after(hours=5), "Plugged it in")

    assert dict(fact.data) == {
        "team": "it",
        "agent": "a1",
        "round": 0,
        "priority": "P1",
        "solution": "Plugged it in",
        "language": "en",
        "resolved_at": after(hours=5),
        "due": after(hours=4),
        "met": False,
        "parent_no": None,
    }


@pytest.mark.parametrize("order", [an_order(), accepted(), held()], ids=lambda order: order.state)
def test_work_may_be_resolved_as_soon_as_somebody_has_it(order):
    assert domain.resolve(order, after(minutes=1), "Done")[0].state is State.RESOLVED


@pytest.mark.parametrize(
    ("solution", "language"), [("已更换网线", "zh-CN"), ("Replaced the cable", "en"), ("🙂", "en")]
)
def test_the_language_of_a_solution_is_that_of_its_script_if_nobody_says(solution, language):
    assert domain.resolve(an_order(), NINE, solution)[0].language == language


def test_the_language_of_a_solution_is_as_said():
    assert domain.resolve(an_order(), NINE, "OK", "zh-CN")[0].language == "zh-CN"


def test_held_work_keeps_its_agent():
    order = held()

    assert (order.state, order.agent, list(domain.claimed(order))) == (State.HELD, "a1", [1])


@pytest.mark.parametrize("before", [an_order(agent=None), an_order(), accepted()], ids=lambda order: order.state)
def test_resumed_work_stands_where_it_stood(before):
    order, _ = domain.hold(before, NINE, "waiting_for_parts")

    order, _ = domain.resume(order, after(hours=1))

    assert (order.state, order.agent, order.held_since, order.hold_reason) == (before.state, before.agent, None, None)


def test_transferred_work_waits_for_the_other_team_under_its_supervisor():
    order, (fact,) = domain.transfer(accepted(), NINE, reference().team("desk"), reason="not a fault")

    assert (order.state, order.team, order.supervisor, order.agent) == (State.QUEUED, "desk", "chief.desk", None)
    assert (fact.data["from_team"], fact.data["from_agent"], fact.data["reason"]) == ("it", "a1", "not a fault")


def test_transferred_work_keeps_its_deadlines():
    before = accepted()

    order, _ = domain.transfer(before, after(minutes=5), reference().team("desk"))

    assert (order.clocks) == (before.clocks)


def test_work_transferred_while_held_stays_held_and_is_then_to_be_accepted_anew():
    order, _ = domain.hold(accepted(), NINE, "waiting_for_parts")

    order, _ = domain.transfer(order, NINE, reference().team("desk"))
    assert (order.state, len(domain.waiting(order))) == (State.HELD, 1)
    order, _ = domain.assign(order, NINE, "a2")
    assert order.state is State.HELD
    order, _ = domain.resume(order, after(hours=1))
    assert (order.state, order.agent) == (State.ASSIGNED, "a2")


def test_work_transferred_while_held_that_nobody_took_is_queued_when_it_is_resumed():
    order, _ = domain.transfer(held(), NINE, reference().team("desk"))

    assert domain.resume(order, after(hours=1))[0].state is State.QUEUED


def test_a_transfer_to_where_the_work_is_changes_nothing_and_is_refused():
    with pytest.raises(NothingChanges):
        domain.transfer(an_order(), NINE, reference().team("it"))
    with pytest.raises(NothingChanges):
        domain.transfer(an_order(), NINE, reference().team("it"), agent_id="a1")


def test_a_priority_that_the_work_has_is_refused_and_says_so():
    with pytest.raises(NothingChanges, match=r"^W-100001: has the priority P1 already$"):
        domain.prioritise(an_order(), NINE, "P1", "urgent")


def test_work_may_go_to_another_agent_of_its_team():
    order, _ = domain.transfer(an_order(), NINE, reference().team("it"), agent_id="a2")

    assert (order.state, order.team, order.agent) == (State.QUEUED, "it", None)


def test_reopened_work_begins_a_round_with_a_resolution_time_of_its_own():
    order, facts = domain.reopen(resolved(), after(days=1), reason="again", cause="customer")

    assert (order.state, order.round, order.agent) == (State.QUEUED, 1, None)
    assert order.resolution.due == after(days=1, hours=4)
    assert [(fact.type, fact.data["round"], fact.data["cause"]) for fact in facts] == [("work_reopened", 1, "customer")]


def test_a_reopening_does_not_ask_for_another_first_response():
    before = resolved(at=after(minutes=1))

    order, _ = domain.reopen(before, after(days=1), reason="again", cause="agent")

    assert order.first_response == before.first_response


def test_work_that_is_not_resolved_cannot_be_reopened():
    with pytest.raises(NoSuchMove):
        domain.reopen(accepted(), NINE, reason="again", cause="agent")


def test_a_dissatisfied_customer_reopens_the_work_under_the_supervisors_eyes():
    order, facts = domain.reopen_dissatisfied(resolved(), after(days=1), round=0, reason="still broken")

    assert (order.state, order.supervised, order.escalation) == (State.QUEUED, True, 1)
    assert types(facts) == ["work_reopened", "work_escalated"]
    assert facts[0].data["cause"] == "dissatisfied"
    assert (facts[1].data["supervisor"], facts[1].data["why"], facts[1].data["level"]) == (
        "chief.it",
        "dissatisfied",
        1,
    )


def test_dissatisfaction_with_an_earlier_round_is_stale():
    order, _ = domain.reopen(resolved(), NINE, reason="again", cause="agent")
    order, _ = domain.resolve(domain.assign(order, NINE, "a1")[0], NINE, "Done")

    with pytest.raises(StaleRound):
        domain.reopen_dissatisfied(order, NINE, round=0, reason="still broken")


def test_resolved_work_closes_with_the_outcome_of_its_follow_up():
    order, (fact,) = domain.close(resolved(), after(days=5), round=0, outcome="no_answer")

    assert (order.state, order.outcome) == (State.CLOSED, "no_answer")
    assert (fact.data["closed_at"], fact.data["outcome"]) == (after(days=5), "no_answer")


def test_the_end_of_an_earlier_rounds_follow_up_closes_nothing():
    order, _ = domain.reopen(resolved(), NINE, reason="again", cause="agent")
    order, _ = domain.resolve(domain.assign(order, NINE, "a1")[0], NINE, "Done")

    with pytest.raises(StaleRound):
        domain.close(order, NINE, round=0, outcome="satisfied")


def test_reopened_work_is_not_closed_by_its_earlier_follow_up():
    order, _ = domain.reopen(resolved(), NINE, reason="again", cause="agent")

    with pytest.raises(NoSuchMove):
        domain.close(order, NINE, round=0, outcome="satisfied")


@pytest.mark.parametrize("order", [an_order(agent=None), an_order(), accepted(), held(), resolved()])
def test_withdrawn_work_promises_nothing_and_claims_nobody(order):
    order, _ = domain.withdraw(order, after(minutes=1), "found it myself")

    assert (order.state, domain.next_due(order), domain.claimed(order)) == (State.WITHDRAWN, None, {})
    assert domain.advance(order, after(days=9)) == (order, [])


def test_every_fact_says_who_had_the_work_then():
    order, late = domain.advance(an_order(), after(minutes=20))
    order, moved = domain.transfer(order, after(minutes=20), reference().team("desk"))

    assert [(fact.data["team"], fact.data["agent"]) for fact in [*late, *moved]] == [
        ("it", "a1"),
        ("it", "a1"),
        ("desk", None),
    ]


def test_held_time_is_told_when_the_work_resumes():
    _, (fact,) = domain.resume(held(), NINE + timedelta(minutes=90))

    assert fact.data["held_seconds"] == 5400
