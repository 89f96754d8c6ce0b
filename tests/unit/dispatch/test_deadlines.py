from dataclasses import replace
from datetime import timedelta

from services.dispatch import domain
from tests.unit.dispatch.builders import NINE, after, an_order, held, reference, resolved, types


def settled(order, to):
    """(type, at) of what fell due up to a time."""
    return [(fact.type, fact.at) for fact in domain.advance(order, to)[1]]


def test_nothing_falls_due_before_its_time():
    assert settled(an_order(), after(minutes=11, seconds=59)) == []


def test_a_warning_comes_at_its_part_of_the_time():
    assert settled(an_order(), after(minutes=12)) == [("deadline_near", after(minutes=12))]


def test_everything_falls_due_at_its_own_time_however_late_it_is_settled():
    assert settled(an_order(), after(days=30)) == [
        ("deadline_near", after(minutes=12)),
        ("deadline_missed", after(minutes=15)),
        ("work_escalated", after(minutes=45)),
        ("deadline_near", after(hours=3, minutes=12)),
        ("deadline_missed", after(hours=4)),
        ("work_escalated", after(hours=4, minutes=30)),
    ]


def test_everything_falls_due_once():
    order, _ = domain.advance(an_order(), after(days=30))

    assert domain.advance(order, after(days=60)) == (order, [])
    assert domain.next_due(order) is None


def test_a_missed_deadline_names_its_clock_and_when_it_was_due():
    _, facts = domain.advance(an_order(), after(minutes=15))

    assert (facts[1].data["clock"], facts[1].data["due"]) == ("first_response", after(minutes=15))


def test_every_miss_climbs_a_level_to_the_teams_supervisor():
    order, facts = domain.advance(an_order(), after(days=30))
    climbed = [(fact.data["level"], fact.data["to"], fact.data["why"]) for fact in facts if "level" in fact.data]

    assert climbed == [(1, "chief.it", "first_response"), (2, "chief.it", "resolution")]
    assert order.escalation == 2


def test_work_responded_to_in_time_is_not_warned_of_again():
    order, _ = domain.respond(an_order(), after(minutes=5))

    assert settled(order, after(hours=1)) == []


def test_a_late_response_is_no_reason_to_escalate_any_more():
    order, _ = domain.advance(an_order(), after(minutes=20))
    order, _ = domain.respond(order, after(minutes=20))

    assert settled(order, after(hours=1)) == []
    assert order.first_response.met is False


def test_deadlines_run_while_the_work_is_queued():
    assert types(domain.advance(an_order(agent=None), after(minutes=15))[1]) == ["deadline_near", "deadline_missed"]


def test_the_clocks_stand_still_while_the_work_is_held():
    order = held(at=after(minutes=5))

    assert domain.next_due(order) is None
    assert settled(order, after(days=30)) == []


def test_deadlines_move_by_the_time_the_work_was_held():
    order, _ = domain.resume(held(at=after(minutes=5)), after(minutes=65))

    assert order.first_response.due == after(minutes=75)
    assert order.resolution.due == after(hours=5)
    assert domain.next_due(order) == after(minutes=72)


def test_a_deadline_missed_before_the_work_was_held_stays_where_it_was():
    order, _ = domain.advance(an_order(), after(minutes=20))
    order, _ = domain.hold(order, after(minutes=20), "parts")
    order, _ = domain.resume(order, after(minutes=80))

    assert order.first_response.due == after(minutes=15)
    assert settled(order, after(minutes=105)) == [("work_escalated", after(minutes=105))]


def test_a_response_while_held_is_measured_against_the_moved_deadline():
    _, (fact,) = domain.respond(held(at=after(minutes=5)), after(minutes=65))

    assert (fact.data["due"], fact.data["met"]) == (after(minutes=75), True)


def test_work_resolved_while_held_is_measured_against_the_moved_deadline():
    _, facts = domain.resolve(held(at=after(hours=1)), after(hours=11), "Done")

    assert (facts[-1].data["due"], facts[-1].data["met"]) == (after(hours=14), True)


def test_resolved_work_has_nothing_due():
    order = resolved()

    assert domain.next_due(order) is None
    assert settled(order, after(days=30)) == []


def test_a_new_round_is_warned_of_missed_and_escalated_again():
    order, _ = domain.advance(an_order(), after(hours=5))
    order, _ = domain.resolve(order, after(hours=5), "Done")
    order, _ = domain.reopen(order, after(hours=6), reference(), reason="again", cause="agent")

    assert settled(order, after(days=30)) == [
        ("deadline_near", after(hours=9, minutes=12)),
        ("deadline_missed", after(hours=10)),
        ("work_escalated", after(hours=10, minutes=30)),
    ]


def test_simultaneous_milestones_settle_in_a_fixed_order():
    order = an_order(priority="P2")
    order = replace(order, resolution=replace(order.resolution, pending=order.first_response.pending))
    _, facts = domain.advance(order, after(hours=1))

    assert [(fact.type, fact.data.get("clock") or fact.data["why"]) for fact in facts] == [
        ("deadline_near", "first_response"),
        ("deadline_near", "resolution"),
        ("deadline_missed", "first_response"),
        ("work_escalated", "first_response"),
        ("deadline_missed", "resolution"),
        ("work_escalated", "resolution"),
    ]


def test_warnings_fall_on_whole_milliseconds_which_is_what_the_database_keeps():
    targets = {p: {"first_response": "1s", "resolution": "7s", "warn_at": 0.3333} for p in ("P1", "P2", "P3", "P4")}
    order, _ = domain.open_work(
        {"ticket_no": "T-1", "customer_id": "C", "type": "", "category": "", "priority": "P1", "subject": ""},
        NINE,
        reference(targets=targets),
    )

    assert order.first_response.pending[0].at == NINE + timedelta(milliseconds=333)
