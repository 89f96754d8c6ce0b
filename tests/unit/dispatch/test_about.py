"""Whom work is about."""

from dataclasses import replace

import pytest

from services.dispatch.domain import State
from services.dispatch.domain.work.about import checked, named_agents, set_subject
from services.dispatch.errors import NoSuchMove, NothingChanges
from tests.unit.dispatch.builders import NINE, a_ticket, accepted, an_order, opened, reference, resolved, types
from tests.unit.dispatch.courses import given_out, rebuilt, reported, stored

TRIAGE = {"triage": {"team": "experts", "when": "sensitive"}}
NAMES = {"wanted_agent": "a1", "complained_of": "a2"}


def begun(agents, **ticket):
    """(order, facts) of a ticket, where there are these agents, and experts look first at what is sensitive."""
    return opened(checked(a_ticket(**ticket), agents), book=reference(assignment=TRIAGE))


def test_a_ticket_names_whom_it_wants_and_whom_it_is_about():
    assert named_agents(a_ticket(**NAMES)) == {"a1", "a2"}
    assert named_agents(a_ticket(wanted_agent=None)) == set()


def test_a_ticket_whose_agents_are_known_begins_as_it_is():
    order, (fact,) = begun({"a1", "a2"}, **NAMES)

    assert (order.triage, order.asked.sensitive) == (False, False)
    assert "unknown_agents" not in fact.data


def test_experts_look_first_at_what_is_about_an_agent_whom_nobody_knows():
    order, (fact,) = begun({"a1"}, **NAMES)

    assert (order.triage, order.asked.sensitive, order.team) == (True, True, "experts")
    assert fact.data["unknown_agents"] == {"complained_of": "a2"}


def test_an_unknown_agent_who_is_wished_for_is_told_and_nothing_else():
    order, (fact,) = begun({"a2"}, **NAMES)

    assert (order.triage, fact.data["unknown_agents"]) == (False, {"wanted_agent": "a1"})


def test_the_history_of_work_with_unknown_agents_tells_its_state():
    order, facts = begun(set(), **NAMES)

    assert rebuilt(facts) == stored(order)


def test_whom_work_is_about_may_be_said_later():
    order, (fact,) = set_subject(an_order(agent=None, complained_of="A2"), NINE, "a2", "A2 is a2")

    assert order.asked.subject == "a2"
    assert (fact.type, fact.data["from"], fact.data["to"], fact.data["reason"]) == (
        "subject_set",
        "A2",
        "a2",
        "A2 is a2",
    )


def test_whom_it_is_about_has_it_no_more():
    order, facts = set_subject(accepted(agent="a1"), NINE, "a1", "The customer says so")

    assert types(facts) == ["subject_set", "work_handed_over"]
    assert (order.state, [visit.agent for visit in order.visits]) == (State.QUEUED, [None])
    assert (facts[1].data["from_agent"], facts[1].data["agent"], facts[1].data["why"]) == ("a1", None, "barred")


def test_only_that_agents_steps_wait_again():
    order = given_out(reported())  # two steps
    other, its = order.visits
    order = order.with_visit(replace(its, agent="a9"))

    order, facts = set_subject(order, NINE, "a9", "The customer says so")

    assert [visit.agent for visit in order.visits] == [other.agent, None]
    assert types(facts) == ["subject_set", "work_handed_over"]


def test_work_may_turn_out_to_be_about_nobody():
    order, facts = set_subject(an_order(complained_of="a2"), NINE, None, "A mistake")

    assert (order.asked.subject, types(facts)) == (None, ["subject_set"])


def test_also_of_work_that_is_resolved_since_it_may_be_reopened():
    order, _ = set_subject(resolved(), NINE, "a1", "The customer says so")

    assert (order.asked.subject, order.state) == ("a1", State.RESOLVED)


def test_the_same_again_is_refused():
    with pytest.raises(NothingChanges):
        set_subject(an_order(complained_of="a2"), NINE, "a2", "again")


def test_work_that_is_withdrawn_is_about_nobody_any_more():
    with pytest.raises(NoSuchMove):
        set_subject(replace(an_order(), state=State.WITHDRAWN), NINE, "a2", "late")


def test_its_history_tells_its_state():
    order, facts = opened()
    order, more = set_subject(order, NINE, "a2", "The customer says so")

    assert rebuilt([*facts, *more]) == stored(order)
