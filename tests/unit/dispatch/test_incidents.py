from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.dispatch import domain
from services.dispatch.domain import State, Wish
from services.dispatch.domain.assigning.rule import Rule
from services.dispatch.domain.looking_back.rerate import recorded, rerate
from services.dispatch.domain.looking_back.runs import as_entries
from services.dispatch.domain.work import incidents
from services.dispatch.errors import (
    MassIncidentOver,
    MassOfMass,
    NoSuchMove,
    NotAMassIncident,
    NothingChanges,
    NotSettled,
)
from shared.errors import LoopdeskError, ValidationError
from tests.unit.dispatch.builders import (
    NINE,
    a_ticket,
    after,
    an_order,
    opened,
    reference,
    resolved,
    types,
    with_updates,
)
from tests.unit.dispatch.courses import a_book, open_steps, rebuilt, reported, stored

MATCH = 'category == "network"'
TRIAGE = {"triage": {"team": "experts", "when": "sensitive || confidence < 0.6"}}


def declared(order=None, at=NINE, eta=None, match=None):
    order = order or an_order(ticket_no="T-1")
    return incidents.declare(order, at, eta=eta, match=match, reason="All of the north is out")[0]


def with_children(parent=None, children=1):
    parent = parent or declared()
    for number in range(children):
        parent, _ = incidents.take_in(parent, NINE, f"W-{number}")
    return parent


def linked(order=None, parent=None, at=NINE):
    return incidents.link(order or an_order(), at, parent or declared(), "the same cable")[0]


# declaring


def test_a_mass_incident_is_an_ordinary_work_order_that_stands_for_many():
    order = an_order(ticket_no="T-1")

    mass, facts = incidents.declare(order, NINE, eta=after(hours=2), match=MATCH, reason="All of the north is out")

    assert (mass.state, mass.visits, mass.clocks) == (order.state, order.visits, order.clocks)
    assert (mass.mass.match, mass.mass.eta, mass.mass.children) == (MATCH, after(hours=2), 0)
    assert types(facts) == ["mass_incident_declared", "work_eta_announced"]


def test_declaring_again_changes_what_it_takes_in_and_keeps_its_children():
    mass = with_children(declared(match=MATCH), 2)

    again = declared(mass, match=None)

    assert (again.mass.match, again.mass.children) == (None, 2)


def test_declaring_again_with_another_eta_announces_it():
    mass = declared(eta=after(hours=2))

    again, facts = incidents.declare(mass, NINE, eta=after(hours=3), match=MATCH, reason="worse")

    assert types(facts) == ["mass_incident_declared", "work_eta_announced"]
    assert (again.mass.eta, facts[1].data["parent_no"]) == (after(hours=3), None)


@pytest.mark.parametrize("match", ["weather == 'bad'", "true", "1 < 2", "priority == 'urgent'"])
def test_what_cannot_be_asked_of_new_work_or_is_the_same_for_all_is_refused_at_its_place(match):
    with pytest.raises(ValidationError) as refused:
        declared(match=match)

    assert list(refused.value.fields) == ["match"]


@pytest.mark.parametrize("eta", [NINE, after(hours=-1)])
def test_an_eta_lies_ahead(eta):
    with pytest.raises(ValidationError) as refused:
        declared(eta=eta)

    assert refused.value.fields == {"eta": ["Lies in the past."]}


def test_work_that_is_over_is_not_declared():
    with pytest.raises(NoSuchMove):
        declared(domain.resolve(an_order(), NINE, "Done")[0])


def test_linked_work_is_not_declared():
    with pytest.raises(NoSuchMove):
        declared(linked())


def test_an_eta_is_announced_by_a_mass_incident_only():
    with pytest.raises(NotAMassIncident):
        incidents.announce(an_order(), NINE, eta=after(hours=1), note=None)


def test_the_same_eta_is_not_announced_twice():
    mass, _ = incidents.announce(declared(), NINE, eta=after(hours=1), note="a digger")

    with pytest.raises(NothingChanges):
        incidents.announce(mass, NINE, eta=after(hours=1), note="a digger")


# linking


def test_linked_work_gives_up_its_steps_and_belongs_to_the_mass_incident():
    child = linked()

    assert (child.state, child.parent, child.visits, domain.claimed(child)) == (State.LINKED, "W-1", (), {})


def test_linking_tells_the_eta():
    mass, _ = incidents.announce(declared(), NINE, eta=after(hours=1), note="a digger")

    _, (told, _) = incidents.link(an_order(), NINE, mass, "the same cable")

    assert {name: told.data[name] for name in ("parent_no", "parent_ticket_no", "eta", "eta_note", "reason")} == {
        "parent_no": "W-1",
        "parent_ticket_no": "T-1",
        "eta": after(hours=1),
        "eta_note": "a digger",
        "reason": "the same cable",
    }


def test_what_was_promised_for_the_whole_goes_on_and_what_was_for_a_step_does_not():
    order = reported()

    child = linked(order)

    assert (child.first_response, child.resolution) == (order.first_response, order.resolution)
    assert {name for name, clock in child.clocks.items() if clock.called_off_at} == {"step/2"}


def test_a_promise_to_the_customer_of_linked_work_falls_due():
    _, facts = domain.advance(linked(), after(hours=5))

    assert [fact.data["clock"] for fact in facts if fact.type == "deadline_missed"] == ["first_response", "resolution"]


def test_held_work_that_is_linked_waits_no_more():
    held, _ = domain.hold(an_order(), NINE, "waiting_for_customer")

    child = linked(held, at=after(minutes=10))

    assert (child.state, child.hold_reason, child.resolution.paused) == (State.LINKED, None, None)


@pytest.mark.parametrize(
    "move", [domain.accept, lambda o, at: domain.resolve(o, at, "Done")], ids=["accept", "resolve"]
)
def test_nobody_works_on_linked_work(move):
    with pytest.raises(NoSuchMove):
        move(linked(), NINE)


def test_the_customer_of_linked_work_may_be_answered():
    child, _ = domain.respond(linked(), after(minutes=5))

    assert (child.state, child.first_response.met) == (State.LINKED, True)


def test_linked_work_is_not_linked_again():
    with pytest.raises(NoSuchMove):
        linked(linked())


def test_nothing_is_linked_to_work_that_nobody_has_declared():
    with pytest.raises(NotAMassIncident):
        linked(parent=an_order(ticket_no="T-1"))


def test_a_mass_incident_is_not_linked_to_another():
    with pytest.raises(MassOfMass):
        linked(declared(an_order(ticket_no="T-2")))


def test_a_mass_incident_is_not_linked_to_itself():
    with pytest.raises(MassOfMass):
        linked(declared(), declared())


@pytest.mark.parametrize("end", [lambda o: domain.resolve(o, NINE, "ok"), lambda o: domain.withdraw(o, NINE, "no")])
def test_nothing_is_linked_to_a_mass_incident_that_is_over(end):
    with pytest.raises(MassIncidentOver):
        linked(parent=end(declared())[0])


def test_nothing_is_linked_to_a_reopened_one_before_its_children_are_settled():
    resolved, _ = domain.resolve(with_children(), NINE, "ok")
    again, _ = domain.reopen(resolved, NINE, reason="no", cause="agent")

    with pytest.raises(NotSettled):
        linked(parent=again)
    assert linked(parent=incidents.settled(again, NINE, 0)[0]).parent == "W-1"


# new work


def test_new_work_that_is_part_of_a_mass_incident_never_begins_a_step():
    book = a_book()

    order, facts = domain.open_work(a_ticket(), NINE, book, lambda _: book, declared())

    assert (order.state, order.parent, order.visits, order.visited) == (State.LINKED, "W-1", (), {})
    assert types(facts) == ["work_opened", "work_linked"]
    assert rebuilt(facts) == stored(order)


def test_a_mass_incident_asks_for_what_the_work_is():
    assert [incidents.matches(an_order(category=one), MATCH) for one in ("network", "software")] == [True, False]


def test_work_that_experts_look_at_first_is_matched_by_nothing():
    order, _ = opened(a_ticket(sensitive=True), book=reference(assignment=TRIAGE))

    assert not incidents.matches(order, MATCH)


def test_a_condition_that_cannot_be_told_matches_nothing():
    assert not incidents.matches(an_order(), "matches(subject")


# the end


def test_resolving_a_mass_incident_concerns_its_children():
    resolved, facts = domain.resolve(with_children(), NINE, "Spliced it", "en")

    assert types(facts) == ["work_responded", "work_resolved", "mass_incident_ended"]
    assert {name: facts[-1].data[name] for name in ("how", "solution", "language", "round")} == {
        "how": "resolved",
        "solution": "Spliced it",
        "language": "en",
        "round": 0,
    }
    assert resolved.mass.settling == 0


def test_withdrawing_a_mass_incident_concerns_its_children():
    _, facts = domain.withdraw(with_children(), NINE, "no such thing")

    assert [(fact.type, fact.data.get("how")) for fact in facts][-1] == ("mass_incident_ended", "withdrawn")


def test_a_mass_incident_without_children_concerns_nobody():
    resolved, facts = domain.resolve(declared(), NINE, "Spliced it")

    assert "mass_incident_ended" not in types(facts)
    assert resolved.mass.settling is None


def test_a_child_is_resolved_with_its_parents_solution_and_its_promises_are_done():
    child, facts = incidents.resolve_with(linked(), after(hours=1), "W-1", "Spliced it", "en")

    assert (child.state, child.solution, child.language, child.resolution.met) == (
        State.RESOLVED,
        "Spliced it",
        "en",
        True,
    )
    assert [(fact.type, fact.data.get("parent_no")) for fact in facts] == [
        ("work_responded", None),
        ("work_resolved", "W-1"),
    ]


@pytest.mark.parametrize(
    "child",
    [
        incidents.unlink(linked(), NINE, "another cable")[0],
        domain.withdraw(linked(), NINE, "moved out")[0],
        incidents.resolve_with(linked(), NINE, "W-1", "Spliced it", None)[0],
        linked(parent=declared(an_order(ticket_no="T-2"))),
    ],
    ids=["unlinked", "withdrawn", "resolved already", "another's"],
)
def test_work_that_is_not_part_of_it_any_more_hears_nothing_of_the_parent(child):
    for hears in (
        lambda: incidents.resolve_with(child, NINE, "W-1", "Spliced it", "en"),
        lambda: incidents.leave(child, NINE, "W-1", "withdrawn"),
        lambda: incidents.hear_eta(child, NINE, "W-1", after(hours=1), None),
    ):
        assert hears() == (child, [])


def test_a_child_hears_the_eta_and_that_is_the_first_response_to_its_customer():
    child, (told, responded) = incidents.hear_eta(linked(), after(minutes=5), "W-1", after(hours=1), "a digger")

    assert (told.type, told.set, told.data["eta"], told.data["parent_no"]) == (
        "work_eta_announced",
        {},
        after(hours=1),
        "W-1",
    )
    assert (responded.type, responded.data["by"], responded.data["met"]) == ("work_responded", "eta", True)
    assert child.first_response.done_at == after(minutes=5)
    _, facts = domain.advance(child, after(hours=5))
    assert [fact.data["clock"] for fact in facts if fact.type == "deadline_missed"] == ["resolution"]


def test_an_eta_told_while_linking_is_the_first_response_too():
    child, facts = incidents.link(an_order(), NINE, declared(eta=after(hours=1)), "the same cable")

    assert types(facts) == ["work_linked", "work_responded"]
    assert child.first_response.done_at == NINE


@pytest.mark.parametrize("eta", [None, after(hours=1)], ids=["nobody knows when", "it has passed"])
def test_no_eta_that_lies_ahead_is_no_response(eta):
    child, facts = incidents.hear_eta(linked(), after(hours=1), "W-1", eta, None)

    assert (child, types(facts)) == (linked(), ["work_eta_announced"])


def test_where_no_update_is_promised_another_eta_answers_nothing_more():
    child, _ = incidents.hear_eta(linked(), NINE, "W-1", after(hours=1), None)

    same, facts = incidents.hear_eta(child, NINE, "W-1", after(hours=2), None)

    assert (same, types(facts)) == (child, ["work_eta_announced"])


def test_a_promised_update_is_given_by_another_eta():
    promising = an_order(book=reference(with_updates("30m")))
    child, _ = incidents.link(promising, NINE, declared(eta=after(hours=1)), "the same cable")

    later, facts = incidents.hear_eta(child, after(minutes=10), "W-1", after(hours=2), None)

    assert types(facts) == ["work_eta_announced", "work_responded_again"]
    assert later.clocks["next_update"].started_at == after(minutes=10)


def test_a_round_is_settled_once_its_children_have_heard():
    resolved, _ = domain.resolve(with_children(), NINE, "ok")

    assert incidents.settled(resolved, NINE, 1) == (resolved, [])
    done, facts = incidents.settled(resolved, NINE, 0)
    assert (done.mass.settling, types(facts)) == (None, ["mass_incident_settled"])


# going alone


def test_unlinked_work_begins_its_flow_anew():
    child = linked(reported())

    alone, facts = incidents.unlink(child, after(minutes=10), "another cable")

    assert (alone.parent, alone.state, open_steps(alone)) == (None, State.QUEUED, ["report"])
    assert types(facts) == ["work_unlinked", "step_opened"]


def test_unlinked_work_is_first_for_who_had_it():
    alone, _ = incidents.unlink(linked(an_order(agent="a7")), NINE, "another cable")

    assert list(alone.wishes.values()) == [Wish("a7", Rule.FORMER)]


def test_unlinked_work_that_a_stand_in_had_is_first_for_its_owner():
    had = an_order(agent="stand-in")
    had = had.with_visit(replace(had.visits[0], principal="a7"))

    alone, _ = incidents.unlink(linked(had), NINE, "another cable")

    assert list(alone.wishes.values()) == [Wish("a7", Rule.FORMER)]


def test_unlinked_work_is_for_who_had_it_last_and_not_for_who_did_it_in_an_earlier_round():
    again, _ = domain.reopen(resolved(agent="a1"), NINE, reason="again", cause="customer")
    again, _ = domain.assign(again, NINE, "a7")

    alone, _ = incidents.unlink(linked(again), NINE, "another cable")

    assert list(alone.wishes.values()) == [Wish("a7", Rule.FORMER)]


def test_unlinked_work_that_experts_had_still_to_look_at_is_theirs_again():
    order, _ = opened(a_ticket(sensitive=True), book=reference(assignment=TRIAGE))

    alone, _ = incidents.unlink(linked(order), NINE, "another cable")

    assert (alone.triage, [visit.need.key for visit in alone.visits]) == (True, ["experts"])


def test_reopened_work_goes_on_without_its_parent_at_its_reopening_step():
    child, _ = incidents.resolve_with(linked(reported()), NINE, "W-1", "Spliced it", "en")

    again, facts = domain.reopen_dissatisfied(child, NINE, round=0, reason="still dead")

    assert (again.parent, again.round, open_steps(again)) == (None, 1, ["fix"])
    assert types(facts)[:2] == ["work_unlinked", "work_reopened"]


def test_a_withdrawn_child_stays_part_of_what_it_was_part_of():
    child, _ = domain.withdraw(linked(), NINE, "moved out")

    assert (child.state, child.parent, domain.next_due(child)) == (State.WITHDRAWN, "W-1", None)


def test_children_are_counted_in_and_out():
    mass, _ = incidents.let_go(with_children(children=3), NINE, "W-1")

    assert mass.mass.children == 2


# whatever happens

MOVES = {
    "declare": lambda o, at: incidents.declare(o, at, eta=after(days=30), match=MATCH, reason="many"),
    "announce": lambda o, at: incidents.announce(o, at, eta=after(days=40), note=str(at)),
    "take in": lambda o, at: incidents.take_in(o, at, "W-5"),
    "let go": lambda o, at: incidents.let_go(o, at, "W-5"),
    "link": lambda o, at: incidents.link(o, at, declared(eta=after(days=50)), "the same"),
    "unlink": lambda o, at: incidents.unlink(o, at, "another"),
    "resolve with": lambda o, at: incidents.resolve_with(o, at, "W-1", "Spliced", None),
    "hear": lambda o, at: incidents.hear_eta(o, at, "W-1", after(days=1), None),
    "settle": lambda o, at: incidents.settled(o, at, o.round),
    "assign": lambda o, at: domain.assign(o, at, "a1"),
    "hold": lambda o, at: domain.hold(o, at, "waiting_for_customer"),
    "urgent": lambda o, at: domain.prioritise(o, at, "P2", "they wait"),
    "respond": domain.respond,
    "report": lambda o, at: domain.complete_step(o, at, fields={"symptom": "dead"}),
    "resolve": lambda o, at: domain.resolve(o, at, "ok"),
    "reopen": lambda o, at: domain.reopen(o, at, reason="no", cause="agent"),
    "dissatisfied": lambda o, at: domain.reopen_dissatisfied(o, at, round=o.round, reason="no"),
    "triage": lambda o, at: domain.triage_work(o, at, type="fault", category="software", priority="P3", reasons="seen"),
    "withdraw": lambda o, at: domain.withdraw(o, at, "gone"),
}
OFTEN = {"withdraw": 1, "declare": 1}


def a_story(seed):
    random = Random(seed)
    names = random.choices(list(MOVES), [OFTEN.get(name, 4) for name in MOVES], k=random.randrange(1, 40))
    return [(name, random.randrange(0, 7200)) for name in names]


@pytest.mark.parametrize("book", [reference(assignment=TRIAGE), a_book(assignment=TRIAGE)], ids=["one step", "a flow"])
@given(seed=st.integers(0, 2**32), sensitive=st.booleans())
def test_the_history_tells_the_state_whatever_is_linked_and_triaged(book, seed, sensitive):
    order, facts = opened(a_ticket(priority="P3", sensitive=sensitive), book=book)
    order, at = replace(order, version=1), NINE
    for name, seconds in a_story(seed):
        at = later(at, seconds)
        order, due = domain.advance(order, at)
        facts += due
        try:
            order, more = MOVES[name](order, at)
        except LoopdeskError:
            continue
        facts += more

    assert rebuilt(facts) == stored(order)
    told = as_entries(facts)
    assert rerate(told, at, book) == recorded(told, at, lambda pin: book.calendar(pin.code))
    assert (order.state is State.LINKED) <= (order.visits == () and order.parent is not None and order.mass is None)


def later(at, seconds):
    return at + (after(seconds=seconds) - NINE)
