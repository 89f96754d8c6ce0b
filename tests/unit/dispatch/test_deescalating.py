"""A level stands as long as its cause; when the highest falls, that is told once, to those who were told."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings

from services.dispatch import domain
from services.dispatch.domain.rollouts.repin import ENDED
from tests.unit.dispatch.builders import (
    a_policy,
    a_ticket,
    accepted,
    after,
    an_order,
    reference,
    resolved,
    types,
    with_updates,
)
from tests.unit.dispatch.courses import given_out, rebuilt, reported, stored
from tests.unit.dispatch.random_work import rolled_timelines, timelines

RESUMING = a_policy(reopening="resume")
LADDER = a_policy(
    escalations=[
        {"clock": "resolution", "at": 0.5, "level": 1, "tell": ["owner"]},
        {"clock": "resolution", "at": 1, "level": 2, "tell": ["supervisor"]},
        {"clock": "resolution", "after": "1h", "level": 3, "tell": ["duty_manager"]},
    ]
)


def late(*, hours=6, policy=LADDER, **ticket):
    """Accepted work so many hours after nine: all three levels of the ladder stand at six."""
    return domain.advance(accepted(book=reference(policy), **ticket), after(hours=hours))[0]


def fallen(decision, at):
    """The work after a move, and what fell."""
    return domain.deescalated(decision[0], at)


def test_the_levels_of_one_clock_climb():
    assert [late(hours=hours).escalation for hours in (1, 2, 4, 5)] == [0, 1, 2, 3]


def test_resolved_work_falls_from_all_its_levels_and_tells_everybody_who_was_told():
    order, (told,) = fallen(domain.resolve(late(), after(hours=6), "Done"), after(hours=6))

    assert (order.escalation, order.raised, told.type, told.at) == (0, (), "work_deescalated", after(hours=6))
    asked = ("from", "level", "why", "tell", "owners", "supervisors", "duty_managers", "teams")
    assert {name: told.data[name] for name in asked} == {
        "from": 3,
        "level": 0,
        "why": "resolved",
        "tell": ["owner", "supervisor", "duty_manager"],
        "owners": ["a1"],
        "supervisors": ["chief.it"],
        "duty_managers": ["duty"],
        "teams": ["it"],
    }


def test_who_was_told_is_who_had_the_work_then_not_who_has_it_now():
    moved, _ = domain.transfer(late(), after(hours=6), reference().team("desk"))
    resolved_, _ = domain.resolve(domain.assign(moved, after(hours=6), "d1")[0], after(hours=6), "Done")
    _, (told,) = domain.deescalated(resolved_, after(hours=6))

    assert {name: told.data[name] for name in ("team", "agent", "teams", "owners")} == {
        "team": "it",
        "agent": "a1",
        "teams": ["it"],
        "owners": ["a1"],
    }


def test_withdrawn_work_falls_too():
    _, (told,) = fallen(domain.withdraw(late(), after(hours=6), "found it"), after(hours=6))

    assert (told.data["from"], told.data["level"], told.data["why"]) == (3, 0, "withdrawn")


def test_a_late_answer_ends_the_level_of_the_first_response():
    order, _ = domain.advance(accepted(), after(hours=1))
    assert order.escalation == 1

    order, (told,) = fallen(domain.respond(order, after(hours=1)), after(hours=1))

    assert (order.escalation, told.data["why"], told.data["tell"]) == (0, "done", ["owner", "supervisor"])


def test_an_update_ends_the_level_of_the_update_that_was_owed_though_the_next_one_runs():
    levels = [{"clock": "next_update", "after": "30m", "level": 1, "tell": ["owner"]}]
    book = reference(with_updates("1h", escalations=levels))
    order, _ = domain.respond(accepted(book=book), after(minutes=5))
    order, _ = domain.advance(order, after(hours=2))
    assert order.escalation == 1

    order, (told,) = fallen(domain.respond(order, after(hours=2)), after(hours=2))

    assert (order.escalation, told.data["why"]) == (0, "done")


def test_a_level_that_lies_ahead_of_a_later_deadline_falls_and_is_climbed_again():
    order, (told,) = fallen(domain.prioritise(late(), after(hours=6), "P2", "can wait"), after(hours=6))
    assert (order.escalation, told.data["from"], told.data["level"], told.data["why"]) == (1, 3, 1, "later")

    order, facts = domain.advance(order, after(hours=9))

    assert [(fact.data["level"], fact.at) for fact in facts if fact.type == "work_escalated"] == [
        (2, after(hours=8)),
        (3, after(hours=9)),
    ]
    assert order.escalation == 3


def test_of_two_clocks_the_higher_level_counts_and_falls_to_the_other():
    levels = [
        {"clock": "first_response", "at": 1, "level": 1, "tell": ["owner"]},
        {"clock": "resolution", "at": 0.5, "level": 2, "tell": ["supervisor"]},
    ]
    order = late(policy=a_policy(escalations=levels), hours=3)
    assert order.escalation == 2

    order, (told,) = fallen(domain.prioritise(order, after(hours=3), "P2", "can wait"), after(hours=3))

    assert (order.escalation, told.data["tell"]) == (1, ["supervisor"])


def test_a_lower_level_that_falls_is_not_told_while_a_higher_one_stands():
    levels = [
        {"clock": "first_response", "at": 1, "level": 1, "tell": ["owner"]},
        {"clock": "resolution", "at": 0.5, "level": 2, "tell": ["supervisor"]},
    ]
    order = late(policy=a_policy(escalations=levels), hours=3)

    order, facts = fallen(domain.respond(order, after(hours=3)), after(hours=3))

    assert (order.escalation, facts) == (2, [])


def test_a_hold_does_not_end_a_level():
    order, facts = fallen(domain.hold(late(), after(hours=6), "waiting_for_customer"), after(hours=6))

    assert (order.escalation, facts) == (3, [])


def test_the_level_of_a_step_falls_with_the_step_and_is_told_to_those_who_had_it():
    order, _ = domain.respond(given_out(reported()), after())
    order, _ = domain.advance(order, after(hours=1, minutes=30))
    assert order.escalation == 1

    order, (told,) = fallen(domain.complete_step(order, after(hours=2), step="survey"), after(hours=2))

    assert (order.escalation, told.data["owners"], told.data["why"]) == (0, ["surveyer"], "done")


def test_a_priority_that_time_raises_lets_levels_fall_at_its_own_instant():
    levels = [
        {"clock": "first_response", "after": "1h", "level": 1, "tell": ["owner"], "raise_priority": True},
        {"clock": "resolution", "at": 0.5, "level": 2, "tell": ["supervisor"]},
    ]
    targets = {
        "P1": {"first_response": "15m", "resolution": "9h"},
        "P2": {"first_response": "3h", "resolution": "6h"},
        "P3": {"first_response": "8h", "resolution": "9h"},
        "P4": {"first_response": "8h", "resolution": "9h"},
    }
    book = reference(a_policy(escalations=levels, targets=targets))

    _, facts = domain.advance(accepted(book=book, priority="P2"), after(hours=5))

    told = [(fact.type, fact.at) for fact in facts if "escalat" in fact.type]
    assert told == [
        ("work_escalated", after(hours=3)),
        ("work_escalated", after(hours=4)),
        ("work_deescalated", after(hours=4)),
        ("work_escalated", after(hours=4, minutes=30)),
    ]


def test_a_dissatisfied_customer_raises_the_work_until_the_round_is_over():
    order, facts = domain.reopen_dissatisfied(resolved(), after(hours=1), round=0, reason="still broken")
    assert (order.escalation, order.supervised, facts[-1].data["level"]) == (1, True, 1)
    assert fallen((order, []), after(hours=1))[1] == []

    order, _ = domain.assign(order, after(hours=1), "a1")
    order, (told,) = fallen(domain.resolve(order, after(hours=2), "Done"), after(hours=2))

    assert (order.escalation, order.supervised) == (0, True)
    assert (told.data["why"], told.data["tell"], told.data["supervisors"]) == ("resolved", ["supervisor"], ["chief.it"])


def test_the_next_round_is_not_supervised_unless_the_customer_is_dissatisfied_again():
    order, _ = domain.reopen_dissatisfied(resolved(), after(hours=1), round=0, reason="still broken")
    order, _ = domain.assign(order, after(hours=1), "a1")
    order, _ = fallen(domain.resolve(order, after(hours=2), "Done"), after(hours=2))

    order, _ = domain.reopen(order, after(hours=3), reason="once more", cause="agent")

    assert (order.supervised, order.escalation) == (False, 0)


def test_a_reopened_clock_that_was_late_climbs_to_its_levels_again_but_does_nothing_twice():
    levels = [{"clock": "resolution", "at": 1, "level": 1, "tell": ["owner"], "raise_priority": True}]
    book = reference(a_policy(reopening="resume", escalations=levels))
    order, _ = domain.advance(accepted(book=book, priority="P3"), after(days=4))
    assert (order.priority, order.escalation) == ("P2", 1)
    order, _ = fallen(domain.resolve(order, after(days=4), "Done"), after(days=4))
    order, _ = domain.reopen(order, after(days=5), reason="again", cause="customer")

    order, facts = domain.advance(order, after(days=5))

    assert (types(facts), order.escalation, order.priority) == (["work_escalated"], 1, "P2")


def test_what_fell_is_told_by_the_history():
    order, opening = domain.open_work(a_ticket(), after(), reference(LADDER), lambda version: reference(LADDER))
    order, facts = domain.advance(replace(order, version=1), after(hours=6))
    order, moved = domain.prioritise(order, after(hours=6), "P2", "can wait")
    order, fell = domain.deescalated(order, after(hours=6))

    assert types(fell) == ["work_deescalated"]
    assert rebuilt([*opening, *facts, *moved, *fell]) == stored(order)


# whatever happens


def highest_that_stands(order):
    """What the clocks and the round say, computed afresh."""
    levels = [
        int(key.removeprefix("level/"))
        for clock in order.clocks.values()
        if clock.done_at is None and clock.called_off_at is None
        for key in clock.settled
        if key.startswith("level/")
    ]
    return max([*levels, 1 if order.supervised and order.state not in ENDED else 0], default=0)


def check(timeline):
    assert all(order.escalation == highest_that_stands(order) for _, order in timeline.stood)
    stands = 0
    for entry in timeline.entries:
        data = entry["data"]
        if entry["type"] == "work_escalated":
            stands = max(stands, data["level"])
        elif entry["type"] == "work_deescalated":
            assert (data["from"], data["level"] < stands) == (stands, True)
            stands = data["level"]
    assert stands == timeline.order.escalation


@given(timelines() | rolled_timelines())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_the_level_is_always_the_highest_that_stands_and_each_fall_is_from_there(timeline):
    check(timeline)


@pytest.mark.deep
@given(timelines(40) | rolled_timelines(40))
@settings(max_examples=2000, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_so_it_is_over_long_lives(timeline):
    check(timeline)


def test_work_that_nobody_raised_stands_at_none():
    assert (an_order().escalation, domain.deescalated(an_order(), after())[1]) == (0, [])
