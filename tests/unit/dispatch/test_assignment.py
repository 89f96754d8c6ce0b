from dataclasses import replace

import pytest

from services.dispatch import domain
from services.dispatch.domain import Rule, Wish
from services.dispatch.domain.work.order import Seat
from services.dispatch.errors import NoSuchMove, NotOnTeam
from services.dispatch.storage.claims import NeedsSeats, needs_no_seats
from shared.errors import NotFound
from tests.unit.dispatch.builders import NINE, accepted, an_agent, an_order, held, reference, resolved
from tests.unit.dispatch.courses import NAME, a_book, a_repair, approved, done, given_out, reported


@pytest.mark.parametrize(
    ("order", "seats"),
    [
        (an_order(agent=None), {}),
        (an_order(), {1: Seat("a1", 1, "fault", 1)}),
        (accepted(), {1: Seat("a1", 1, "fault", 1)}),
        (held(), {1: Seat("a1", 1, "fault", 1)}),
        (held(agent=None), {}),
        (resolved(), {}),
    ],
)
def test_open_work_counts_towards_the_load_of_who_has_it(order, seats):
    assert domain.claimed(order) == seats


def test_only_work_that_nobody_has_waits():
    orders = (an_order(agent=None), an_order(), held(agent=None), resolved())

    assert [len(domain.waiting(order)) for order in orders] == [1, 0, 1, 0]


def test_held_work_stands_in_no_queue():
    assert [domain.queues(order) for order in (an_order(agent=None), an_order(), held(agent=None))] == [["it"], [], []]


def is_a_reason_to_look_for_somebody(before, now):
    """Whether a plain write of this change would be refused (claims.py)."""
    loaded = replace(now, seated=domain.claimed(before), waited=domain.waits_in(before))
    try:
        needs_no_seats(loaded, NINE, [])
    except NeedsSeats:
        return True
    return False


def test_a_change_is_made_with_its_claims_if_it_moves_a_seat_or_leaves_work_waiting_anew():
    waiting, had = an_order(agent=None), an_order()
    held_waiting = held(agent=None)

    changes = {
        "accepted": (had, accepted()),
        "held": (had, held()),
        "held while it waits": (waiting, held_waiting),
        "resumed to wait on": (held_waiting, domain.resume(held_waiting, NINE)[0]),
        "taken away": (had, domain.transfer(had, NINE, reference().team("desk"))[0]),
        "to another queue": (waiting, domain.transfer(waiting, NINE, reference().team("desk"))[0]),
        "resolved": (had, resolved()),
    }

    assert {name for name, change in changes.items() if is_a_reason_to_look_for_somebody(*change)} == {
        "resumed to wait on",
        "taken away",
        "to another queue",
        "resolved",
    }


def told_to_the_team(before, now):
    """(team, need) of what a change leaves to wait anew."""
    loaded = replace(now, waited=domain.waits_in(before) if before else frozenset())
    return [(fact.data["team"], fact.data["need"]) for fact in domain.newly_queued(loaded, NINE)]


def test_work_that_comes_to_wait_is_told_to_its_team_once():
    waiting, had = an_order(agent=None), an_order()
    held_waiting = held(agent=None)
    desk = reference().team("desk")

    assert told_to_the_team(None, waiting) == [("it", "it")]
    assert told_to_the_team(None, had) == []
    assert told_to_the_team(waiting, waiting) == []
    assert told_to_the_team(waiting, held_waiting) == []
    assert told_to_the_team(held_waiting, domain.resume(held_waiting, NINE)[0]) == [("it", "it")]
    assert told_to_the_team(had, domain.transfer(had, NINE, desk)[0]) == [("desk", "desk")]
    assert told_to_the_team(waiting, domain.transfer(waiting, NINE, desk)[0]) == [("desk", "desk")]


def test_a_step_that_waits_is_told_by_its_name_and_changes_nothing():
    before = approved()
    (fact,) = domain.newly_queued(before, NINE)

    assert (fact.type, fact.data["step"], fact.data["visit"], fact.set) == ("work_queued", "fix", 4, {})


def done_with_a_solution(order):
    return domain.complete_step(order, NINE, solution="Mended")


def test_reopened_work_goes_to_who_did_it_if_possible():
    order, _ = domain.reopen(resolved(agent="a1"), NINE, reason="again", cause="agent")

    assert order.wishes == {2: Wish("a1", Rule.FORMER)}


@pytest.mark.parametrize("done", [lambda order: domain.resolve(order, NINE, "Mended"), done_with_a_solution])
def test_reopened_work_that_a_stand_in_did_goes_to_its_owner(done):
    had = an_order(agent="stand-in")
    order, _ = done(had.with_visit(replace(had.visits[0], principal="a1")))

    order, _ = domain.reopen(order, NINE, reason="again", cause="agent")

    assert order.wishes == {2: Wish("a1", Rule.FORMER)}


def test_who_did_reopened_work_last_is_asked_and_not_the_owner_of_an_earlier_round():
    had = an_order(agent="stand-in")
    order, _ = domain.resolve(had.with_visit(replace(had.visits[0], principal="a1")), NINE, "Mended")
    order, _ = domain.reopen(order, NINE, reason="again", cause="agent")
    order, _ = domain.resolve(domain.assign(order, NINE, "a2")[0], NINE, "Mended better")

    order, _ = domain.reopen(order, NINE, reason="again", cause="agent")

    assert order.wishes == {3: Wish("a2", Rule.FORMER)}


def test_transferred_work_does_not_go_back_to_who_had_it():
    order, _ = domain.transfer(an_order(agent="a1"), NINE, reference().team("desk"))

    assert order.wishes == {}


def test_work_transferred_to_an_agent_goes_to_nobody_else():
    order, _ = domain.transfer(an_order(agent="a1"), NINE, reference().team("desk"), agent_id="a2")

    assert order.wishes == {1: Wish("a2", Rule.WISHED, only=True)}


def by_step(order):
    """Open step -> who is to be asked first for it, and why."""
    return {
        visit.step: (order.wishes[visit.number].agent, order.wishes[visit.number].rule)
        for visit in order.visits
        if visit.number in order.wishes
    }


def test_who_did_a_step_goes_on_with_the_next():
    order = given_out(approved())

    order, _ = domain.complete_step(order, NINE)

    assert by_step(order) == {"check": ("fixer", Rule.PREVIOUS)}


def test_the_next_step_of_who_stood_in_is_the_owners():
    order = given_out(approved())
    order = order.with_visit(replace(order.visits[0], principal="owner"))

    order, _ = domain.complete_step(order, NINE)

    assert by_step(order) == {"check": ("owner", Rule.PREVIOUS)}


def test_who_brought_the_last_branch_to_its_join_goes_on_behind_it():
    order = done(reported(), "approval", fields={"approved": True})

    order, _ = domain.complete_step(given_out(order), NINE)

    assert by_step(order) == {"fix": ("surveyer", Rule.PREVIOUS)}


def test_a_step_of_another_team_goes_to_whoever_has_the_least():
    order = done(reported(), "survey")

    order, _ = domain.complete_step(given_out(order), NINE, fields={"approved": True})

    assert by_step(order) == {}


def test_a_step_that_asks_for_a_role_anew_goes_to_whoever_has_the_least():
    steps = {
        "offer": {"name": NAME, "next": "approval"},
        "approval": {"name": NAME, "who": {"role": "supervisor"}, "next": "check"},
        "check": {"name": NAME, "who": {"role": "supervisor"}, "next": "end"},
    }
    order = given_out(a_repair(book=a_book(flow={"name": NAME, "start": "offer", "steps": steps})))

    approval, _ = domain.complete_step(order, NINE)
    check, _ = domain.complete_step(given_out(approval), NINE)

    assert (by_step(approval), by_step(check)) == ({}, {"check": ("approvaler", Rule.PREVIOUS)})


def test_steps_that_are_opened_at_once_go_to_whoever_has_the_least():
    order, _ = domain.complete_step(given_out(a_repair()), NINE, fields={"symptom": "dead"})

    assert by_step(order) == {}


def test_a_step_that_comes_again_goes_to_who_did_it_before():
    order = done(done(approved(), "fix"), "check", fields={"works": False})
    assert by_step(order) == {"fix": ("fixer", Rule.FORMER)}

    order, _ = domain.assign(order, NINE, "another")
    order, _ = domain.complete_step(order, NINE)
    assert by_step(order)["check"] == ("checker", Rule.FORMER)


def test_a_step_to_which_work_is_sent_goes_to_who_did_it_before():
    order, _ = domain.reroute(given_out(approved()), NINE, to="report", reason="another place")

    assert by_step(order) == {"report": ("reporter", Rule.FORMER)}


def test_a_reopened_step_goes_to_who_did_it():
    order = done(done(approved(), "fix"), "check", fields={"works": True}, solution="Mended")

    order, _ = domain.reopen(order, NINE, reason="again", cause="customer")

    assert (order.agent, by_step(order)) == (None, {"fix": ("fixer", Rule.FORMER)})


def test_a_reopened_step_that_nobody_did_goes_to_who_had_the_work_last():
    steps = {"ask": {"name": NAME, "next": "end"}, "mend": {"name": NAME, "next": "end"}}
    steps["ask"]["next"] = [{"to": "mend", "when": 'priority == "P4"'}, "end"]
    flow = {"name": NAME, "start": "ask", "reopen_at": "mend", "steps": steps}
    order = done(a_repair(book=a_book(flow=flow)), "ask", solution="Told")

    order, _ = domain.reopen(order, NINE, reason="again", cause="customer")

    assert by_step(order) == {"mend": ("asker", Rule.FORMER)}


@pytest.mark.parametrize("rule", list(Rule))
def test_an_assignment_says_by_which_rule_it_was_made_and_whom_the_step_needed(rule):
    _, (fact,) = domain.assign(reported(), NINE, "a1", 2, rule)

    assert {name: fact.data[name] for name in ("rule", "need", "flow", "step", "agent")} == {
        "rule": rule.value,
        "need": "it#expert",
        "flow": "repair@1",
        "step": "survey",
        "agent": "a1",
    }


def test_a_transfer_to_a_team_goes_there():
    assert domain.destination(an_order(), reference(), "desk", None).code == "desk"


def test_a_transfer_to_an_unknown_team_is_refused():
    with pytest.raises(NotFound):
        domain.destination(an_order(), reference(), "gardeners", None)


def test_a_transfer_to_an_agent_stays_with_the_works_team_if_the_agent_is_on_it():
    assert domain.destination(an_order(), reference(), None, an_agent("a2", teams=("desk", "it"))).code == "it"


def test_a_transfer_to_an_agent_of_other_teams_goes_to_the_steps_own_if_the_agent_is_on_it():
    order, _ = domain.transfer(reported(), NINE, reference().team("it"), step="approval")
    taker = an_agent("a2", teams=("experts", "desk"))

    assert domain.destination(order, reference(), None, taker, "approval").code == "desk"


def test_a_transfer_to_an_agent_of_other_teams_goes_to_the_agents_first():
    assert domain.destination(an_order(), reference(), None, an_agent("a2", teams=("desk",))).code == "desk"


def test_a_move_that_there_is_not_is_refused_by_its_own_name():
    with pytest.raises(NoSuchMove) as refused:
        domain.destination(resolved(), reference(), None, an_agent("a2"), move="reassign")

    assert refused.value.details["move"] == "reassign"


def test_a_transfer_to_an_agent_who_is_not_on_the_team_named_is_refused():
    with pytest.raises(NotOnTeam):
        domain.destination(an_order(), reference(), "desk", an_agent("a2", teams=("it",)))
