from dataclasses import replace
from datetime import timedelta

import pytest

from services.dispatch import domain
from services.dispatch.domain.reference.supervision import SupervisionRules
from services.dispatch.domain.work import incidents, supervising
from services.dispatch.domain.work.supervising import CUSTOMER, MOST_WATCHERS, SUPERVISOR
from services.dispatch.errors import NoSuchMove, NothingChanges, TooManyWatchers, TooSoon
from tests.unit.dispatch.builders import a_ticket, accepted, after, an_order, held, reference, resolved
from tests.unit.dispatch.courses import given_out, rebuilt, reported, stored
from tests.unit.dispatch.declared import faults, read

STRICT = reference(
    supervision={"urge_every": "1h", "urges_to_supervisor": 2, "hold_limits": {"waiting_for_customer": "2d"}}
)


def urged(order, *times, by=CUSTOMER):
    """The work after urges so many minutes after nine, and the last fact."""
    for minutes in times:
        order, (told,) = supervising.urge(order, after(minutes=minutes), by=by, note="now!")
    return order, told


# urges


def test_an_urge_is_counted_and_told_to_the_owner():
    order, told = urged(accepted(), 10)

    assert (order.pressure.urges, order.pressure.unanswered, order.pressure.urged_at) == (
        1,
        1,
        {CUSTOMER: after(minutes=10)},
    )
    asked = ("count", "by", "note", "tell", "owners", "supervisors")
    assert [told.data[name] for name in asked] == [1, "customer", "now!", ["owner"], ["a1"], ["chief.it"]]


def test_the_third_urge_and_every_later_one_is_told_to_the_supervisor_too():
    order, second = urged(accepted(), 0, 30)
    order, third = urged(order, 60)
    _, fourth = urged(order, 90)

    assert [fact.data["tell"] for fact in (second, third, fourth)] == [["owner"], *2 * [["owner", "supervisor"]]]


def test_urges_of_both_sides_count_together():
    order, _ = urged(accepted(), 0, 30)
    _, told = urged(order, 31, by=SUPERVISOR)

    assert (told.data["count"], told.data["tell"]) == (3, ["owner", "supervisor"])


def test_one_side_may_not_urge_again_at_once_and_hears_when_it_may():
    order, _ = urged(accepted(), 0)

    with pytest.raises(TooSoon) as refused:
        urged(order, 29)

    assert refused.value.details == {"rule": "urge", "by": "customer", "again_at": "2026-03-02T09:30:00.000Z"}


def test_a_side_that_urged_does_not_keep_the_other_from_it():
    order, _ = urged(accepted(), 0)
    order, _ = urged(order, 1, by=SUPERVISOR)

    assert order.pressure.urged_at == {CUSTOMER: after(), SUPERVISOR: after(minutes=1)}


def test_how_often_and_who_hears_when_is_reference_data():
    order, _ = urged(accepted(book=STRICT), 0)
    with pytest.raises(TooSoon):
        urged(order, 59)

    assert urged(order, 60)[1].data["tell"] == ["owner", "supervisor"]


def test_an_urge_of_work_that_nobody_has_is_told_to_its_team():
    _, told = urged(an_order(agent=None), 0)

    assert (told.data["tell"], told.data["teams"], told.data["owners"]) == (["team"], ["it"], [])


def test_an_urge_that_was_limited_where_it_came_in_is_counted_whenever_it_comes():
    order, _ = urged(accepted(), 0)

    order, (told,) = supervising.urge_passed_on(order, after(minutes=1), by=CUSTOMER)

    assert (order.pressure.urges, order.pressure.urged_at, told.data["count"]) == (2, {CUSTOMER: after(minutes=1)}, 2)


def test_an_urge_of_a_part_of_a_mass_incident_names_it_and_is_told_to_the_supervisor_only():
    mass, _ = incidents.declare(replace(an_order(), order_no="W-9"), after(), eta=None, match=None, reason="many")
    child, _ = incidents.link(an_order(), after(), mass, "the same cable")

    order, first = urged(child, 0)
    _, third = urged(order, 30, 60)

    assert [(one.data["parent_no"], one.data["tell"]) for one in (first, third)] == [
        ("W-9", []),
        ("W-9", ["supervisor"]),
    ]


def test_the_owner_of_a_mass_incident_hears_of_each_urge_of_its_parts_and_neither_side_is_kept_from_urging():
    order, _ = urged(accepted(), 0)

    for minute, child_no in enumerate(("W-2", "W-3"), 1):
        order, (told,) = supervising.urge_passed_on(order, after(minutes=minute), by=CUSTOMER, child_no=child_no)

    asked = ("count", "by", "child_no", "parent_no", "owners", "tell")
    assert [told.data[name] for name in asked] == [3, "customer", "W-3", None, ["a1"], ["owner", "supervisor"]]
    assert order.pressure.urged_at == {CUSTOMER: after(), "child": after(minutes=2)}


def test_all_owners_of_parallel_steps_are_told():
    _, told = urged(given_out(reported()), 0)

    assert (told.data["owners"], told.data["teams"]) == (["surveyer", "approvaler"], ["it", "desk"])


@pytest.mark.parametrize(
    "order", [resolved(), domain.withdraw(an_order(), after(), "no")[0]], ids=["done", "withdrawn"]
)
def test_work_that_is_over_cannot_be_urged(order):
    with pytest.raises(NoSuchMove):
        urged(order, 1)


@pytest.mark.parametrize(
    "answer",
    [
        lambda order, at: domain.respond(order, at),
        lambda order, at: domain.resolve(order, at, "Done"),
        lambda order, at: domain.complete_step(order, at, solution="Done"),
    ],
    ids=["respond", "resolve", "complete"],
)
def test_what_the_owner_does_answers_the_urges_and_they_stay_counted(answer):
    order, _ = urged(accepted(), 0, 30)

    order, _ = answer(order, after(hours=1))

    assert (order.pressure.unanswered, order.pressure.urges) == (0, 2)


def test_an_update_answers_an_urge_as_well_as_the_first_response():
    order, _ = domain.respond(accepted(), after())
    order, _ = urged(order, 10)

    assert domain.respond(order, after(minutes=11))[0].pressure.unanswered == 0


# watching


def test_somebody_watches_until_they_do_no_more():
    order, (watched,) = supervising.watch(an_order(), after(), "boss")
    order, _ = supervising.watch(order, after(), "a2")
    assert (order.pressure.watchers, watched.data["watcher"]) == (("boss", "a2"), "boss")

    order, (told,) = supervising.unwatch(order, after(), "boss")

    assert (order.pressure.watchers, told.type) == (("a2",), "work_unwatched")


def test_watching_twice_and_stopping_twice_are_refused():
    order, _ = supervising.watch(an_order(), after(), "boss")

    with pytest.raises(NothingChanges):
        supervising.watch(order, after(), "boss")
    with pytest.raises(NothingChanges):
        supervising.unwatch(order, after(), "a2")


def test_resolved_work_may_be_watched_until_it_is_closed():
    order, _ = supervising.watch(resolved(), after(), "boss")
    closed, _ = domain.close(order, after(), round=0, outcome="satisfied")

    with pytest.raises(NoSuchMove):
        supervising.watch(closed, after(), "a2")


def test_so_many_may_watch_and_no_more():
    order = an_order()
    order = replace(order, pressure=replace(order.pressure, watchers=tuple(f"a{n}" for n in range(MOST_WATCHERS))))

    with pytest.raises(TooManyWatchers):
        supervising.watch(order, after(), "boss")


# intervening


def test_an_intervention_is_recorded_with_reason_and_instruction_and_changes_nothing():
    order, (told,) = supervising.intervene(accepted(), after(), reason="circles", instruction="Call them today")

    assert order == accepted()
    asked = ("reason", "instruction", "owners", "supervisors")
    assert [told.data[name] for name in asked] == ["circles", "Call them today", ["a1"], ["chief.it"]]


def test_a_supervisors_priority_is_told_apart():
    _, (told,) = domain.prioritise(accepted(), after(), "P2", "can wait", by=SUPERVISOR)

    assert told.data["by"] == "supervisor"


# held too long


def test_a_hold_that_lasts_too_long_is_told_once_to_its_owners():
    order = held(book=STRICT)
    assert (order.hold_due, domain.next_due(order)) == (after(days=2), after(days=2))

    order, (told,) = domain.advance(order, after(days=9))

    asked = ("reason", "since", "limit_at", "owners")
    assert (told.type, told.at, [told.data[name] for name in asked]) == (
        "work_held_long",
        after(days=2),
        ["waiting_for_customer", after(), after(days=2), ["a1"]],
    )
    assert (order.hold_late, domain.next_due(order)) == (True, None)


def test_work_that_goes_on_was_not_held_too_long_any_more():
    order, _ = domain.advance(held(book=STRICT), after(days=3))
    order, _ = domain.resume(order, after(days=3))
    assert (order.hold_late, order.hold_due) == (False, None)

    order, _ = domain.hold(order, after(days=4), "waiting_for_customer")

    assert (order.hold_due, order.hold_late) == (after(days=6), False)


def test_a_reason_without_a_limit_may_last():
    assert held(reason="other", book=STRICT).hold_due is None


def test_a_warning_that_falls_due_at_the_same_instant_comes_first():
    order = held(reason="waiting_for_parts", book=reference(supervision={"hold_limits": {"waiting_for_parts": "12m"}}))

    _, facts = domain.advance(order, after(minutes=12))

    assert [fact.type for fact in facts] == ["deadline_near", "work_held_long"]


# all of it in the history


def test_what_supervision_changes_is_told_by_the_history():
    order, facts = domain.open_work(a_ticket(), after(), STRICT, lambda version: STRICT)
    order = replace(order, version=1)
    for move in (
        lambda order, at: domain.assign(order, at, "a1"),
        lambda order, at: supervising.urge(order, at, by=CUSTOMER),
        lambda order, at: supervising.watch(order, at, "boss"),
        lambda order, at: supervising.intervene(order, at, reason="r", instruction="i"),
        lambda order, at: domain.hold(order, at, "waiting_for_customer"),
        lambda order, at: domain.advance(order, at + timedelta(days=3)),
        lambda order, at: domain.respond(order, at + timedelta(days=3)),
        lambda order, at: supervising.unwatch(order, at + timedelta(days=3), "boss"),
    ):
        order, more = move(order, after())
        facts = [*facts, *more]

    assert rebuilt(facts) == stored(order)


# the rules as declared


def test_without_a_word_about_it_supervision_has_its_usual_rules():
    assert read().supervision == SupervisionRules(
        urge_every=timedelta(minutes=30), urges_to_supervisor=3, hold_limits={}
    )


def test_supervision_may_be_declared():
    declared = {"urge_every": "10m", "urges_to_supervisor": 2, "hold_limits": {"waiting_for_parts": "5d"}}

    assert read(supervision=declared).supervision == SupervisionRules(
        urge_every=timedelta(minutes=10), urges_to_supervisor=2, hold_limits={"waiting_for_parts": timedelta(days=5)}
    )


@pytest.mark.parametrize(
    ("declared", "path"),
    [
        ({"hold_limits": {"a bad mood": "5d"}}, "supervision.hold_limits.a bad mood"),
        ({"hold_limits": {"waiting_for_parts": "5"}}, "supervision.hold_limits.waiting_for_parts"),
        ({"hold_limits": {"waiting_for_parts": "2wd"}}, "supervision.hold_limits.waiting_for_parts"),
        ({"urge_every": "often"}, "supervision.urge_every"),
        ({"urge_every": "0m"}, "supervision.urge_every"),
        ({"urges_to_supervisor": 0}, "supervision.urges_to_supervisor"),
        ({"urges": 3}, "supervision.urges"),
    ],
)
def test_bad_rules_of_supervision_are_named_by_their_place(declared, path):
    assert list(faults(supervision=declared)) == [path]
