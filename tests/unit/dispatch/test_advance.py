"""What falls due by itself."""

from datetime import timedelta

from services.dispatch import domain
from services.dispatch.domain import State
from tests.unit.dispatch.builders import (
    CLIMBING,
    NINE,
    TARGETS,
    a_policy,
    accepted,
    after,
    an_order,
    opened,
    reference,
    resolved,
    types,
)
from tests.unit.dispatch.courses import NAME, a_book, a_repair, approved, done, given_out, reported

CLIMBS = reference(a_policy(escalations=CLIMBING))


def settled(order, to):
    """(type, at) of what fell due up to a time."""
    return [(fact.type, fact.at) for fact in domain.advance(order, to)[1]]


def escalations(facts):
    """The data of what was escalated."""
    return [fact.data for fact in facts if fact.type == "work_escalated"]


def test_nothing_falls_due_before_its_time():
    assert settled(an_order(), after(minutes=11, seconds=59)) == []


def test_a_warning_comes_at_its_part_of_the_time():
    _, (fact,) = domain.advance(an_order(), after(minutes=12))

    assert (fact.type, fact.at, fact.data["clock"], fact.data["share"], fact.data["due"]) == (
        "deadline_near",
        after(minutes=12),
        "first_response",
        0.8,
        after(minutes=15),
    )


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

    assert {name: facts[1].data[name] for name in ("clock", "part", "visit", "part_name", "due", "provisional")} == {
        "clock": "first_response",
        "part": None,
        "visit": None,
        "part_name": None,
        "due": after(minutes=15),
        "provisional": False,
    }


def test_deadlines_run_while_the_work_is_queued():
    assert types(domain.advance(an_order(agent=None), after(minutes=15))[1]) == ["deadline_near", "deadline_missed"]


def test_simultaneous_marks_settle_in_a_fixed_order():
    same = {**TARGETS, "P1": {"first_response": "1h", "resolution": "1h"}}
    _, facts = domain.advance(an_order(book=reference(a_policy(targets=same))), after(hours=2))

    assert [(fact.type, fact.data["clock"]) for fact in facts] == [
        ("deadline_near", "first_response"),
        ("deadline_near", "resolution"),
        ("deadline_missed", "first_response"),
        ("deadline_missed", "resolution"),
        ("work_escalated", "first_response"),
        ("work_escalated", "resolution"),
    ]


def test_warnings_fall_on_whole_milliseconds_which_is_what_the_database_keeps():
    odd = {name: {"first_response": "1s", "resolution": "7s"} for name in TARGETS}
    order, _ = opened(book=reference(a_policy(targets=odd, warn_at=[0.3333])))

    assert domain.next_due(order) == NINE + timedelta(milliseconds=333)


# escalation


def test_an_escalation_says_its_level_whom_to_tell_and_who_that_is():
    order, facts = domain.advance(an_order(), after(hours=1))
    (told,) = escalations(facts)

    assert {name: told[name] for name in ("clock", "level", "tell", "supervisor", "duty_manager", "why", "due")} == {
        "clock": "first_response",
        "level": 1,
        "tell": ["owner", "supervisor"],
        "supervisor": "chief.it",
        "duty_manager": "duty",
        "why": "first_response",
        "due": after(minutes=15),
    }
    assert order.escalation == 1


def test_a_level_may_raise_the_priority():
    order, facts = domain.advance(an_order(priority="P2", book=CLIMBS), after(hours=9))
    raised = next(fact for fact in facts if fact.type == "work_prioritised")

    assert (raised.at, raised.data["from"], raised.data["to"], raised.data["by"]) == (
        after(hours=9),
        "P2",
        "P1",
        "escalation",
    )
    assert (order.priority, order.resolution.due) == ("P1", after(hours=4))


def test_the_most_urgent_priority_is_raised_no_further():
    _, facts = domain.advance(an_order(book=CLIMBS), after(days=9))

    assert "work_prioritised" not in types(facts)


def test_what_a_raised_priority_has_promised_for_earlier_falls_due_at_that_instant():
    climbing = a_policy(escalations=[{"clock": "resolution", "at": 0.9, "level": 1, "raise_priority": True}])
    order, facts = domain.advance(an_order(priority="P2", book=reference(climbing)), after(days=1))

    fell = [(fact.type, fact.at) for fact in facts if fact.data.get("clock") == "resolution"]
    assert fell == [
        ("deadline_near", after(hours=6, minutes=24)),
        ("work_escalated", after(hours=7, minutes=12)),
        ("deadline_missed", after(hours=7, minutes=12)),
    ]
    assert order.resolution.due == after(hours=4)


def test_a_level_may_move_the_work_to_the_expert_team_whoever_has_it():
    order, facts = domain.advance(accepted(book=CLIMBS), after(hours=7))
    moved = next(fact for fact in facts if fact.type == "work_transferred")

    assert (order.state, order.team, order.supervisor, domain.claimed(order)) == (
        State.QUEUED,
        "experts",
        "chief.experts",
        {},
    )
    assert (moved.at, moved.data["from_team"], moved.data["from_agent"], moved.data["reason"]) == (
        after(hours=6),
        "it",
        "a1",
        "resolution",
    )


def test_work_that_is_with_the_experts_already_stays():
    order, _ = domain.transfer(an_order(book=CLIMBS), NINE, CLIMBS.team("experts"))

    assert "work_transferred" not in types(domain.advance(order, after(days=1))[1])


def test_a_team_without_experts_keeps_its_work():
    _, facts = domain.advance(an_order(category="other", book=CLIMBS), after(days=1))

    assert [told["level"] for told in escalations(facts) if told["clock"] == "resolution"] == [1, 2, 3]
    assert "work_transferred" not in types(facts)


def test_what_is_told_after_a_move_names_the_new_team():
    levels = [
        {"clock": "first_response", "at": 1, "level": 1, "move_to": "experts"},
        {"clock": "resolution", "at": 1, "level": 1, "tell": ["supervisor"]},
    ]
    _, facts = domain.advance(an_order(book=reference(a_policy(escalations=levels))), after(days=1))

    assert [(told["team"], told["supervisor"]) for told in escalations(facts)] == [
        ("it", "chief.it"),
        ("experts", "chief.experts"),
    ]


# steps and groups


def test_a_late_step_is_told_of_with_who_has_it():
    _, facts = domain.advance(given_out(reported()), after(hours=1))
    missed = next(fact for fact in facts if fact.type == "deadline_missed" and fact.data["clock"] == "step")

    assert {name: missed.data[name] for name in ("part", "visit", "team", "agent", "due")} == {
        "part": "survey",
        "visit": 2,
        "team": "it",
        "agent": "surveyer",
        "due": after(hours=1),
    }


def test_a_late_step_climbs_by_its_own_levels():
    order, facts = domain.advance(reported(priority="P3"), after(hours=2))
    (told,) = (one for one in escalations(facts) if one["clock"] == "step")

    assert (told["part"], told["visit"], told["level"], told["tell"]) == ("survey", 2, 1, ["owner"])
    assert order.priority == "P2"


def test_a_late_group_moves_its_open_steps():
    order, facts = domain.advance(given_out(approved(priority="P4")), after(hours=4))
    (told,) = (one for one in escalations(facts) if one["clock"] == "group")

    assert (told["part"], told["visit"], told["level"]) == ("mending", None, 2)
    assert [visit.need.key for visit in order.visits] == ["experts"]


# whom it concerns

CONCERNED = ("team", "agent", "supervisor", "duty_manager", "teams", "owners", "supervisors", "duty_managers")
BRANCHES = {
    "name": NAME,
    "start": "report",
    "groups": {
        "looking": {
            "name": NAME,
            "steps": ["survey", "approval"],
            "within": "1h",
            "warn_at": [0.5],
            "escalations": [{"at": 1, "level": 1, "tell": ["owner", "supervisor"], "move_to": "experts"}],
        }
    },
    "steps": {
        "report": {"name": NAME, "next": [{"parallel": ["note", "survey", "approval"], "join": "fix"}]},
        "note": {"name": NAME, "who": {"team": "experts"}, "next": "fix"},
        "survey": {"name": NAME, "next": "fix"},
        "approval": {"name": NAME, "who": {"team": "desk"}, "next": "fix"},
        "fix": {"name": NAME, "next": "end"},
    },
}
"""Three branches of three teams; the later two have a limit together."""


def branched(**ticket):
    """Work in the branches of `BRANCHES`, each with somebody."""
    return given_out(done(a_repair(book=a_book(flow=BRANCHES), **ticket), "report"))


def whom(facts, clock):
    """Type -> whom it concerns, of what was told of that clock."""
    return {
        fact.type: {name: fact.data[name] for name in CONCERNED}
        for fact in facts
        if fact.data.get("clock") == clock and fact.type != "work_prioritised"
    }


def test_what_is_told_of_a_group_concerns_who_has_its_open_steps():
    _, facts = domain.advance(branched(priority="P4"), after(hours=1))

    its = {
        "team": "it",
        "agent": "surveyer",
        "supervisor": "chief.it",
        "duty_manager": "duty",
        "teams": ["it", "desk"],
        "owners": ["surveyer", "approvaler"],
        "supervisors": ["chief.it", "chief.desk"],
        "duty_managers": ["duty"],
    }
    assert whom(facts, "group") == dict.fromkeys(["deadline_near", "deadline_missed", "work_escalated"], its)


def test_what_is_told_of_the_whole_work_concerns_everybody_who_has_a_step():
    _, facts = domain.advance(branched(), after(minutes=45))

    assert whom(facts, "first_response")["work_escalated"] == {
        "team": "experts",
        "agent": "noteer",
        "supervisor": "chief.experts",
        "duty_manager": None,
        "teams": ["experts", "it", "desk"],
        "owners": ["noteer", "surveyer", "approvaler"],
        "supervisors": ["chief.experts", "chief.it", "chief.desk"],
        "duty_managers": ["duty"],
    }


def test_what_is_told_of_a_step_concerns_who_has_that_step_only():
    _, facts = domain.advance(given_out(reported()), after(hours=1))

    told = whom(facts, "step")["deadline_missed"]
    assert (told["teams"], told["owners"], told["supervisors"]) == (["it"], ["surveyer"], ["chief.it"])


def test_a_step_that_nobody_has_concerns_its_team_all_the_same():
    _, facts = domain.advance(an_order(agent=None), after(minutes=12))

    told = whom(facts, "first_response")["deadline_near"]
    assert (told["teams"], told["owners"], told["supervisors"]) == (["it"], [], ["chief.it"])


def test_a_customer_who_is_not_satisfied_concerns_the_supervisor_of_the_step_that_is_opened():
    _, facts = domain.reopen_dissatisfied(resolved(), NINE, round=0, reason="score 1")

    told = facts[-1].data
    assert (told["teams"], told["owners"], told["supervisors"], told["duty_managers"]) == (
        ["it"],
        [],
        ["chief.it"],
        ["duty"],
    )
