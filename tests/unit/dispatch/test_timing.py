"""Which clocks start, stand still and stop with what happens to work."""

from datetime import timedelta

import pytest

from services.dispatch import domain
from tests.unit.dispatch.builders import (
    CLIMBING,
    NINE,
    a_policy,
    a_ticket,
    accepted,
    after,
    an_order,
    held,
    opened,
    reference,
    resolved,
    types,
    with_updates,
)
from tests.unit.dispatch.courses import a_book, approved, done, given_out, reported

RESUMING = a_policy(reopening="resume")


def settled(order, to):
    """(type, at) of what fell due up to a time."""
    return [(fact.type, fact.at) for fact in domain.advance(order, to)[1]]


def test_the_clocks_that_a_hold_pauses_stand_still():
    order = held(at=after(minutes=5))

    assert domain.next_due(order) is None
    assert settled(order, after(days=30)) == []


def test_the_clocks_that_a_hold_does_not_pause_run_on():
    order = held(at=after(minutes=5), reason="waiting_for_parts")

    assert domain.next_due(order) == after(minutes=12)
    assert settled(order, after(days=30)) == [
        ("deadline_near", after(minutes=12)),
        ("deadline_missed", after(minutes=15)),
        ("work_escalated", after(minutes=45)),
    ]


def test_a_hold_for_a_reason_that_no_policy_names_pauses_nothing():
    assert domain.next_due(held(reason="other")) == after(minutes=12)


def test_deadlines_move_by_the_time_the_work_was_held():
    order, _ = domain.resume(held(at=after(minutes=5)), after(minutes=65))

    assert order.first_response.due == after(minutes=75)
    assert order.resolution.due == after(hours=5)
    assert domain.next_due(order) == after(minutes=72)


def test_held_time_outside_hours_moves_nothing():
    book = reference(a_policy(calendar="office"))
    order = held(at=after(hours=8), priority="P2", book=book)  # 17:00, one hour of eight left

    order, _ = domain.resume(order, after(hours=23))  # 8:00 the next day

    assert order.resolution.due == after(days=1, hours=1)  # 10:00: seven hours had been counted, the lunch break not


def test_a_deadline_missed_before_the_work_was_held_stays_where_it_was():
    order, _ = domain.advance(an_order(), after(minutes=20))
    order, _ = domain.hold(order, after(minutes=20), "waiting_for_customer")
    order, _ = domain.resume(order, after(minutes=80))

    assert order.first_response.due == after(minutes=15)
    assert settled(order, after(minutes=105)) == [("work_escalated", after(minutes=105))]


def test_a_response_while_held_is_measured_against_the_moved_deadline():
    _, (fact,) = domain.respond(held(at=after(minutes=5)), after(minutes=65))

    assert (fact.data["due"], fact.data["met"]) == (after(minutes=75), True)


def test_work_resolved_while_held_is_measured_against_the_moved_deadline():
    order, facts = domain.resolve(held(at=after(hours=1)), after(hours=11), "Done")

    assert (facts[-1].data["due"], facts[-1].data["met"]) == (after(hours=14), True)
    assert order.resolution.counted == timedelta(hours=1)


def test_work_responded_to_in_time_is_not_warned_of_again():
    order, _ = domain.respond(an_order(), after(minutes=5))

    assert settled(order, after(hours=1)) == []


def test_a_late_response_is_no_reason_to_escalate_any_more():
    order, _ = domain.advance(an_order(), after(minutes=20))
    order, _ = domain.respond(order, after(minutes=20))

    assert settled(order, after(hours=1)) == []
    assert order.first_response.met is False


@pytest.mark.parametrize("policy", [a_policy(), RESUMING], ids=["restart", "resume"])
def test_resolved_work_has_nothing_due(policy):
    order = resolved(book=reference(policy))

    assert domain.next_due(order) is None
    assert settled(order, after(days=30)) == []


def test_a_new_round_is_warned_of_missed_and_escalated_again():
    order, _ = domain.advance(an_order(), after(hours=5))
    order, _ = domain.resolve(order, after(hours=5), "Done")
    order, _ = domain.deescalated(order, after(hours=5))
    order, _ = domain.reopen(order, after(hours=6), reason="again", cause="agent")

    assert settled(order, after(days=30)) == [
        ("deadline_near", after(hours=9, minutes=12)),
        ("deadline_missed", after(hours=10)),
        ("work_escalated", after(hours=10, minutes=30)),
    ]


def test_under_a_policy_that_resumes_the_time_since_the_resolution_does_not_count():
    order = resolved(at=after(hours=1), book=reference(RESUMING))

    order, _ = domain.reopen(order, after(days=2), reason="again", cause="agent")

    assert order.resolution.due == after(days=2, hours=3)
    assert (order.resolution.started_at, order.resolution.met) == (NINE, None)


def test_under_a_policy_that_resumes_what_was_missed_stays_missed_and_climbs_to_its_level_again():
    order, _ = domain.advance(an_order(book=reference(RESUMING)), after(hours=5))
    order, _ = domain.resolve(order, after(hours=5), "Done")
    order, _ = domain.deescalated(order, after(hours=5))

    order, _ = domain.reopen(order, after(hours=9), reason="again", cause="agent")

    assert (order.resolution.met, order.resolution.due) == (False, after(hours=4))
    assert settled(order, after(days=30)) == [("work_escalated", after(hours=9))]


def test_a_reopening_does_not_ask_for_another_first_response():
    before = resolved(at=after(minutes=1))

    order, _ = domain.reopen(before, after(days=1), reason="again", cause="agent")

    assert order.first_response == before.first_response


def test_the_next_update_is_due_from_the_first_response_on():
    book = reference(with_updates("1h"))
    order = accepted(book=book)
    assert "next_update" not in order.clocks

    order, _ = domain.respond(order, after(minutes=5))

    assert order.clocks["next_update"].due == after(minutes=65)


def test_every_response_starts_the_next_update_anew_and_tells_whether_it_was_in_time():
    order, _ = domain.respond(accepted(book=reference(with_updates("1h"))), after(minutes=5))
    order, (in_time,) = domain.respond(order, after(minutes=30))
    order, _ = domain.advance(order, after(minutes=95))
    order, (late,) = domain.respond(order, after(minutes=95))

    assert (in_time.data["due"], in_time.data["met"]) == (after(minutes=65), True)
    assert (late.data["due"], late.data["met"]) == (after(minutes=90), False)
    assert order.clocks["next_update"].due == after(minutes=155)


def test_no_update_is_due_any_more_once_the_work_is_resolved():
    order, _ = domain.respond(accepted(book=reference(with_updates("1h"))), after(minutes=5))

    order, _ = domain.resolve(order, after(minutes=30), "Done")

    assert (order.clocks["next_update"].met, domain.next_due(order)) == (True, None)


def test_reopened_work_owes_the_next_update_again():
    order, _ = domain.reopen(
        resolved(book=reference(with_updates("1h"))), after(days=1), reason="again", cause="customer"
    )

    assert order.clocks["next_update"].due == after(days=1, hours=1)


def test_a_promise_made_while_its_clocks_stand_still_stands_still_at_once():
    order = held(book=reference(with_updates("1h")))

    order, _ = domain.respond(order, after(minutes=30))

    assert (order.clocks["next_update"].due, order.clocks["next_update"].paused) == (None, "waiting_for_customer")


def test_another_priority_counts_from_the_original_start():
    order, (fact,) = domain.prioritise(an_order(priority="P2"), after(hours=1), "P3", "can wait")

    assert order.resolution.due == after(days=3)
    assert (fact.data["from"], fact.data["to"], fact.data["priority"], fact.data["by"]) == ("P2", "P3", "P3", "actor")


def test_another_priority_forgets_no_pause():
    order, _ = domain.resume(held(at=after(hours=1), priority="P2"), after(hours=3))

    order, _ = domain.prioritise(order, after(hours=4), "P1", "the customer waits")

    assert order.resolution.due == after(hours=6)


def test_what_a_new_priority_has_promised_for_before_is_missed_then_and_there():
    order, _ = domain.advance(an_order(priority="P2"), after(hours=5))
    order, _ = domain.prioritise(order, after(hours=5), "P1", "the customer waits")

    late = [fact for fact in domain.advance(order, after(hours=5))[1] if fact.data["clock"] == "resolution"]

    assert types(late) == ["deadline_near", "deadline_missed", "work_escalated"]
    assert {fact.at for fact in late} == {after(hours=5)}
    assert order.resolution.due == after(hours=4)


def test_held_work_may_get_another_priority_and_stands_still():
    order, _ = domain.prioritise(held(at=after(hours=1), priority="P2"), after(hours=2), "P1", "urgent")

    assert (order.resolution.due, order.resolution.target) == (None, timedelta(hours=4))
    assert domain.resume(order, after(hours=3))[0].resolution.due == after(hours=6)


def test_another_priority_puts_work_under_the_policy_that_fits_it():
    urgent = a_policy(code="urgent", when='priority == "P1"', calendar="always")
    order = an_order(priority="P3", book=reference(urgent, a_policy(calendar="office")))

    order, _ = domain.prioritise(order, after(hours=1), "P1", "urgent")

    assert (str(order.policy), order.resolution.due) == ("urgent@1", after(hours=4))


UPDATES_FOR_P1 = {**a_policy()["targets"], "P1": {"first_response": "15m", "resolution": "4h", "next_update": "1h"}}


def test_a_priority_that_promises_updates_promises_the_first_one_from_then_on():
    book = reference(a_policy(targets=UPDATES_FOR_P1))
    order, _ = domain.respond(an_order(priority="P3", book=book), after(minutes=5))

    order, _ = domain.prioritise(order, after(hours=2), "P1", "worse")

    assert order.clocks["next_update"].due == after(hours=3)


def test_a_promise_of_updates_that_was_called_off_is_made_again():
    order, _ = domain.respond(an_order(book=reference(a_policy(targets=UPDATES_FOR_P1))), after(minutes=5))

    order, _ = domain.prioritise(order, after(minutes=10), "P3", "better")
    assert order.clocks["next_update"].called_off_at == after(minutes=10)
    order, _ = domain.prioritise(order, after(minutes=20), "P1", "worse after all")

    assert order.clocks["next_update"].due == after(minutes=80)


def test_before_the_first_response_a_new_priority_promises_no_update():
    order = an_order(priority="P3", book=reference(a_policy(targets=UPDATES_FOR_P1)))

    assert "next_update" not in domain.prioritise(order, after(hours=2), "P1", "worse")[0].clocks


def test_an_escalation_that_raises_the_priority_promises_updates_too():
    raising = [{"clock": "resolution", "at": 0.5, "level": 1, "raise_priority": True}]
    book = reference(a_policy(targets=UPDATES_FOR_P1, escalations=raising))
    order, _ = domain.respond(an_order(priority="P2", book=book), after(minutes=5))

    order, _ = domain.advance(order, after(hours=4))

    assert (order.priority, order.clocks["next_update"].due) == ("P1", after(hours=5))


PAUSING = {"waiting_for_customer": ["resolution", "step"]}


def test_held_work_that_comes_under_a_policy_which_does_not_pause_runs_on():
    book = reference(a_policy(code="urgent", when='priority == "P1"', pause={}), a_policy(pause=PAUSING))
    order, _ = domain.prioritise(held(at=after(hours=1), priority="P2", book=book), after(hours=2), "P1", "urgent")

    assert (order.resolution.paused, order.resolution.due) == (None, after(hours=5))


def test_held_work_that_comes_under_a_policy_which_pauses_stands_still():
    urgent = a_policy(code="urgent", when='priority == "P1"', pause=PAUSING)
    order = given_out(reported(book=a_book(urgent, a_policy(pause={})), priority="P2"))
    order, _ = domain.hold(order, after(minutes=10), "waiting_for_customer")

    order, _ = domain.prioritise(order, after(minutes=20), "P1", "urgent")

    standing_still = {name for name, clock in order.clocks.items() if clock.paused == "waiting_for_customer"}
    assert standing_still == {"resolution", "step/2"}
    assert (order.clocks["step/2"].counted, order.clocks["step/2"].due) == (timedelta(minutes=20), None)


def test_another_policy_counts_a_step_whose_limit_names_no_calendar_in_its_own():
    urgent = a_policy(code="urgent", when='priority == "P1"', calendar="always")
    order = reported(book=a_book(urgent, a_policy(calendar="office")), priority="P2", at=after(hours=8, minutes=30))
    assert order.clocks["step/2"].due == after(days=1, minutes=30)

    order, _ = domain.prioritise(order, after(hours=10), "P1", "urgent")

    assert order.clocks["step/2"].due == after(hours=10, minutes=30)  # half an hour was counted


def test_a_level_is_told_of_each_time_that_it_is_reached_but_carried_out_once():
    order, facts = domain.advance(
        an_order(priority="P3", book=reference(a_policy(escalations=CLIMBING))), after(hours=11)
    )
    levels = []
    for priority in ("P2", "P4", "P2", "P4"):
        order, now = domain.prioritise(order, after(hours=11), priority, "to and fro")
        order, due = domain.advance(order, after(hours=11))
        order, fallen = domain.deescalated(order, after(hours=11))
        facts += now + due + fallen
        levels.append(order.escalation)

    assert levels == [3, 1, 3, 1]
    assert [fact.type for fact in facts].count("work_transferred") == 1
    assert [fact.data["to"] for fact in facts if fact.data.get("by") == "escalation"] == ["P1"]


def test_withdrawal_calls_off_every_clock():
    order, _ = domain.withdraw(reported(), after(minutes=1), "found it")

    assert all(clock.stopped and not clock.marks for clock in order.clocks.values())


# steps and groups


def test_the_limit_of_a_step_counts_from_when_it_is_opened():
    order = reported(at=after(minutes=30))

    assert order.clocks["step/2"].due == after(minutes=90)
    assert "step/3" not in order.clocks  # approval has no limit


def test_a_step_tells_whether_it_was_done_in_time():
    order, _ = domain.advance(given_out(reported()), after(minutes=61))
    _, (fact, *_) = domain.complete_step(order, after(minutes=61), step="survey")

    assert (fact.type, fact.data["due"], fact.data["met"]) == ("step_completed", after(hours=1), False)


def test_the_clock_of_a_step_that_is_opened_while_such_clocks_stand_still_does_not_run():
    order, _ = domain.hold(given_out(reported()), NINE, "waiting_for_parts")

    order, _ = domain.reroute(order, after(hours=1), to="fix", reason="known")

    clocks = order.clocks
    assert (clocks["step/4"].paused, clocks["step/4"].due) == ("waiting_for_parts", None)
    assert clocks["group/mending"].due == after(hours=4)  # such a hold does not pause groups


def test_the_limit_of_a_group_counts_through_its_steps():
    order = approved()
    begun = order.clocks["group/mending"]

    order = done(order, "fix", at=after(hours=1))

    assert order.clocks["group/mending"] == begun
    assert begun.due == after(hours=3)


def test_a_loop_within_a_group_wins_no_time():
    order = done(done(approved(), "fix", at=after(hours=1)), "check", at=after(hours=2), fields={"works": False})

    assert order.clocks["group/mending"].due == after(hours=3)


def test_a_group_has_met_its_limit_when_the_work_leaves_it():
    order = done(approved(), "fix", at=after(hours=1))
    order = done(order, "check", at=after(hours=2), fields={"works": True}, solution="Mended")

    assert (order.clocks["group/mending"].met, order.clocks["group/mending"].done_at) == (True, after(hours=2))


def test_a_group_that_the_work_comes_back_to_counts_on():
    order, _ = domain.reroute(given_out(approved()), after(hours=1), to="report", reason="wrong")
    assert order.clocks["group/mending"].stopped

    order, _ = domain.reroute(order, after(hours=5), to="fix", reason="right after all")

    assert order.clocks["group/mending"].due == after(hours=7)


def test_a_group_that_the_work_comes_back_to_while_it_is_held_stands_still():
    order, _ = domain.reroute(given_out(approved()), after(hours=1), to="report", reason="wrong")
    order, _ = domain.hold(given_out(order), after(hours=1), "waiting_for_customer")

    order, _ = domain.reroute(order, after(hours=5), to="fix", reason="right after all")

    assert (order.clocks["group/mending"].paused, order.clocks["group/mending"].counted) == (
        "waiting_for_customer",
        timedelta(hours=1),
    )


def test_a_new_round_gives_a_group_its_time_again():
    order = done(approved(), "fix", at=after(hours=1))
    order = done(order, "check", at=after(hours=2), fields={"works": True}, solution="Mended")

    order, _ = domain.reopen(order, after(days=1), reason="again", cause="customer")

    assert order.clocks["group/mending"].due == after(days=1, hours=3)


def test_a_long_loop_keeps_no_more_than_the_newest_clocks_of_its_steps():
    order = approved()
    for _ in range(40):
        order = done(done(order, "fix"), "check", fields={"works": False})

    assert len(order.clocks) < 30
    assert order.clocks[order.visits[0].clock].due == after(hours=2)


def test_work_without_a_flow_has_clocks_of_its_promises_only():
    order, _ = opened(a_ticket(), book=reference(with_updates()))

    assert set(order.clocks) == {"first_response", "resolution"}
