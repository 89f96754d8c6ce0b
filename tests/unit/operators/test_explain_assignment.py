"""What `loopdesk explain-assignment` makes of the answer."""

import json
from datetime import UTC, timedelta

from rich.console import Console

from deploy.commands.explain_assignment import show
from services.dispatch import domain
from services.dispatch.domain.assigning.choice import choose
from services.dispatch.domain.assigning.record import digest
from services.dispatch.domain.work.picking import Picked
from services.dispatch.explaining.assignment import assignment, waiting
from shared.clock import to_text
from tests.unit.dispatch.assigning.builders import a_candidate, a_task, ago, recorded
from tests.unit.dispatch.builders import NINE, an_order, reference

RULES = {"weights": {"load": 2, "idle": 1}}


def a_document(told, **changes):
    """An assignment as it is stored."""
    return {
        "number": 2,
        "visit": 1,
        "step": None,
        "agent": told["agent"] if told else "it.01",
        "principal": None,
        "team": "it",
        "came": "assigned",
        "rule": told["rule"] if told else None,
        "units": 4,
        "assigned_at": NINE,
        "accept_by": None,
        "accepted_at": NINE + timedelta(minutes=2),
        "ended_at": None,
        "outcome": None,
        "record": told,
    } | changes


def an_answer(*candidates, changed=None, **task):
    """The answer as it comes over the wire, of a record that was changed like that after it was written."""
    book = reference(assignment=RULES)
    told = recorded(candidates, book.assignment, **task)[1] if candidates else None
    entries = [{"type": "work_assigned", "data": {"choice": digest(told) if told else None}}]
    order = an_order(book=book, reference="INC0000045")
    document = a_document({**told, **(changed or {})} if told else None)
    return json.loads(json.dumps(assignment(order, document, entries, lambda _: book), default=to_text))


def a_waiting_answer(*candidates, stranded=None, held=False, **task):
    """The answer about work that waits, as it comes over the wire."""
    book, asked = reference(assignment=RULES, version=7), a_task(**task)
    order = an_order(agent=None, book=book, reference="INC0000045")
    order = domain.hold(order, NINE, "waiting_for_customer")[0] if held else order
    order = domain.stranded(order, NINE, 1, stranded, known=False)[0] if stranded else order
    picked = Picked(choice=choose(asked, candidates, book.assignment), task=asked, candidates=candidates)
    return json.loads(json.dumps(waiting(order, order.visits[0], picked, book), default=to_text))


def shown(answer):
    """The lines, each without the space between its columns."""
    console = Console(width=200)
    with console.capture() as captured:
        show(answer, UTC, console)
    return [" ".join(line.split()) for line in captured.get().splitlines()]


TEAM = (
    a_candidate("it.01", load=4, last_assigned_at=ago(hours=2)),
    a_candidate("it.02", load=10),
    a_candidate("it.03", load=5, last_assigned_at=ago(hours=2), lapsed=1, stands_in_for="it.04"),
)


def test_every_candidate_is_shown_with_its_parts_or_with_what_excluded_it():
    asked = {"units": 4, "priority": "P1", "due": NINE + timedelta(hours=4), "skill": "network", "level": 0}
    answer = an_answer(*TEAM, **asked)

    assert shown(answer) == [
        "W-100001 assignment 2 it.01 by best_score (INC0000045)",
        "assigned Mon 2026-03-02 09:00:00, accepted Mon 2026-03-02 09:02:00, times in UTC",
        "for it, network 0, P1, fault, 4 units, due Mon 2026-03-02 13:00:00, reference data version 7",
        "agent load ×2 idle ×1 score last new work",
        "1 it.01 0.600 0.250 0.483 2026-03-02 07:00",
        "2 it.03 0.500 0.250 0.417 2026-03-02 07:00 let 1 lapse, stands in for it.04",
        "- it.02 never excluded: capacity (load 10 + 4 units > 10)",
        "",
        "Decided by lapsed",
        "it.01 before it.03: let fewer offers lapse (0 < 1)",
        "Made again from its record, the choice is the same.",
        "The record is as the history has it.",
        f"sha256 {answer['choice']['digest']}",
    ]


def test_an_overridden_limit_is_shown_with_the_reason():
    asked = {"wish": "it.02", "wish_rule": "reassigned", "only": True, "override": "knows the site"}
    lines = shown(an_answer(*TEAM, **asked))

    assert "- it.02 never overridden: capacity (load 10 + 1 unit > 10)" in lines
    assert "a supervisor overrides capacity for it.02: knows the site" in lines


def test_a_record_that_was_changed_is_told_of():
    lines = shown(an_answer(*TEAM, changed={"agent": "it.03"}))

    assert "Made again from its record it would be it.01 by best_score." in lines
    assert "The record is not the one of which the history has the digest: it was changed." in lines


def test_work_that_nobody_chose_an_agent_for_says_how_it_came():
    answer = an_answer()

    assert shown({**answer, "came": "handed_over", "principal": "it.04"}) == [
        "W-100001 assignment 2 it.01 for it.04 (INC0000045)",
        "assigned Mon 2026-03-02 09:00:00, accepted Mon 2026-03-02 09:02:00, times in UTC",
        "Nobody chose: the work came to it.01 as handed over.",
    ]


def test_of_work_that_nobody_can_take_one_sees_what_excludes_each_and_what_its_team_was_told():
    answer = a_waiting_answer(a_candidate("it.02", load=10), a_candidate("it.03", status="away"), stranded="presence")

    assert shown(answer) == [
        "W-100001 waits; nobody can take it: presence, capacity (INC0000045)",
        "told as stranded: presence, as of Mon 2026-03-02 09:00:00, times in UTC",
        "for it, P2, fault, 1 unit, reference data version 7",
        "agent load ×2 idle ×1 score last new work",
        "- it.02 never excluded: capacity (load 10 + 1 unit > 10)",
        "- it.03 never excluded: presence (away)",
    ]


def test_of_work_that_waits_one_sees_who_could_have_it():
    assert shown(a_waiting_answer(a_candidate("it.02")))[0] == "W-100001 waits; it.02 could have it (INC0000045)"


def test_of_held_work_that_waits_one_sees_that_it_is_held():
    lines = shown(a_waiting_answer(a_candidate("it.02"), held=True))

    assert lines[0] == "W-100001 waits; the work is held; it.02 could have it (INC0000045)"
