from dataclasses import replace

from services.dispatch import domain
from services.dispatch.domain.work.order import Seat
from services.dispatch.storage.assignments import begun, ended, reweighed, updates
from tests.unit.dispatch.builders import NINE, a_policy, after, an_order, reference
from tests.unit.dispatch.courses import a_book, a_repair, approved, given_out, reported

UNITS = {"units": [{"when": "priority == 'P1'", "units": 4}, {"when": "priority == 'P2'", "units": 2}]}
BOOK = reference(assignment=UNITS, roles={"intern": {"may": "priority == 'P3'"}})


def as_loaded(order):
    """The work as a change finds it."""
    return replace(order, seated=domain.claimed(order), waited=domain.waits_in(order))


def units(order):
    return {visit: (seat.agent, seat.units) for visit, seat in domain.claimed(order).items()}


def test_work_that_becomes_more_urgent_weighs_more_with_who_has_it():
    order = an_order(priority="P3", book=BOOK)

    urgent, (fact,) = domain.prioritise(order, after(hours=1), "P1", "down everywhere")

    assert (units(order), units(urgent)) == ({1: ("a1", 1)}, {1: ("a1", 4)})
    assert [visit["units"] for visit in fact.set["visits"]] == [4]


def test_and_less_once_it_can_wait():
    urgent, _ = domain.prioritise(an_order(priority="P3", book=BOOK), after(hours=1), "P1", "down everywhere")

    calm, _ = domain.prioritise(urgent, after(hours=2), "P2", "only here")

    assert units(calm) == {1: ("a1", 2)}


def test_a_priority_that_weighs_the_same_changes_nobodys_seat():
    order, (fact,) = domain.prioritise(an_order(priority="P3", book=BOOK), after(hours=1), "P4", "can wait")

    assert units(order) == {1: ("a1", 1)}
    assert "visits" not in fact.set


def test_what_waits_for_somebody_weighs_nothing_yet():
    order, _ = domain.prioritise(an_order(agent=None, priority="P3", book=BOOK), after(hours=1), "P1", "urgent")

    assert [(visit.agent, visit.units) for visit in order.visits] == [(None, 0)]


def test_each_of_several_open_steps_that_somebody_has_weighs_anew():
    order = given_out(approved(reported(a_repair(book=a_book(assignment=UNITS), priority="P3"))))
    before = domain.claimed(order)

    order, _ = domain.prioritise(order, after(hours=1), "P1", "urgent")

    assert domain.claimed(order) == {visit: seat._replace(units=4) for visit, seat in before.items()}
    assert before


def test_a_priority_that_an_escalation_raises_weighs_anew_too():
    raising = {"clock": "resolution", "after": "1h", "level": 1, "raise_priority": True}
    book = reference(a_policy(escalations=[raising]), assignment=UNITS)
    order = an_order(priority="P2", book=book)

    order, facts = domain.advance(order, after(hours=9))

    assert "work_prioritised" in [fact.type for fact in facts]
    assert (order.priority, units(order)) == ("P1", {1: ("a1", 4)})


def test_a_seat_that_weighs_otherwise_is_kept_and_changed_in_its_assignment():
    order = as_loaded(an_order(priority="P3", book=BOOK))

    urgent, facts = domain.prioritise(order, after(hours=1), "P1", "urgent")

    assert (ended(urgent), begun(urgent)) == ({}, [])
    assert reweighed(urgent) == [(Seat("a1", 1, "fault", 1), Seat("a1", 4, "fault", 1))]
    assert list(updates(urgent, NINE, facts)) == [(f"{order.order_no}/1", {"$set": {"units": 4}})]


def test_a_seat_that_is_taken_away_is_not_weighed():
    order = as_loaded(an_order(priority="P3", book=BOOK))

    gone, _ = domain.transfer(order, NINE, BOOK.team("desk"))

    assert (list(ended(gone)), reweighed(gone)) == ([1], [])
