"""Choices among random candidates: within the limits, made again from the record, whatever the order of the input."""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.dispatch.domain.assigning.assignment import PARTS, Assignment
from services.dispatch.domain.assigning.candidate import Candidate
from services.dispatch.domain.assigning.choice import choose
from services.dispatch.domain.assigning.explanation import explanation
from services.dispatch.domain.assigning.record import candidates_of, digest, recomputed, record, task_of
from services.dispatch.domain.assigning.rule import Rule
from services.dispatch.domain.assigning.task import Task
from services.dispatch.domain.reference.organisation import ROLES
from tests.unit.dispatch.assigning.builders import a_candidate, a_task, declared, weighing
from tests.unit.dispatch.builders import NINE

IDS = [f"it.{number:02}" for number in range(8)]
MAY = declared(roles={"intern": {"may": "type == 'enquiry'"}, "supervisor": {"may": "priority == 'P1'"}})
STATUSES = (
    "available",
    "busy",
    "break",
    "away",
    "offline",
    "expired",
    "off_shift",
    "on_leave",
    "rota_break",
    "no_rest",
)
SERVES = {"intern": {"intern"}, "specialist": {"intern", "specialist"}, "expert": {"intern", "specialist", "expert"}}
SERVES["supervisor"] = {"intern", "specialist", "supervisor"}

times = st.integers(-(10**8), 10**8).map(lambda number: NINE + timedelta(milliseconds=number))
some = st.sampled_from
mostly = st.sampled_from([True, True, True, True, True, False])
seldom = mostly.map(lambda one: not one)
weights = st.lists(st.floats(0, 1000), min_size=len(PARTS), max_size=len(PARTS)).filter(any)
rules = weights.map(lambda them: Assignment(weights=dict(zip(PARTS, them, strict=True)), roles=MAY.roles))
candidates = st.lists(
    st.builds(
        Candidate,
        some(IDS),
        serves=mostly,
        level=st.integers(0, 5),
        role=some(ROLES),
        languages=some([(), ("zh-CN",), ("en", "zh-CN"), ("de",)]),
        channels=some([(), ("phone",), ("phone", "app")]),
        capacity=st.integers(0, 12),
        load=st.integers(0, 12),
        kind_open=st.integers(0, 3),
        kind_limit=st.none() | st.integers(0, 3),
        status=st.just("available") | some(STATUSES),
        duty_since=st.none() | times,
        duty_until=st.none() | times,
        declined=seldom,
        subject=seldom,
        lapsed=some([0, 0, 0, 1, 2]),
        contended=seldom,
        last_assigned_at=st.none() | times,
        knows_customer=st.integers(0, 5),
        knows_matter=st.integers(0, 40),
        shift_units=st.integers(0, 20),
        stands_in_for=st.none() | some(IDS),
        handed_over_to=some([None, None, None, *IDS]),
    ),
    unique_by=lambda who: who.agent_id,
    max_size=len(IDS),
)
tasks = st.builds(
    Task,
    order_no=st.just("W-100001"),
    visit=st.integers(1, 9),
    at=times,
    team=st.just("it"),
    role=st.none() | some(ROLES),
    skill=st.none() | st.just("network"),
    level=st.integers(1, 5),
    named=st.none() | some(IDS),
    type=some(["fault", "enquiry"]),
    priority=some(["P1", "P4"]),
    channel=some(["", "phone", "app"]),
    language=some(["", "zh-CN", "en"]),
    units=st.integers(1, 6),
    due=st.none() | times,
    wish=st.none() | some(IDS),
    wish_rule=st.none() | some(list(Rule)).map(str),
    only=st.booleans(),
    override=st.none() | st.just("knows the site"),
)
some_choice = given(tasks, candidates, rules, st.booleans())


def may_have(task: Task, who: Candidate, pull: bool) -> bool:
    """The limits once more, as the contract says them."""
    ready = ("available", "busy") if pull else ("available",)
    allowed = {"intern": task.type == "enquiry", "supervisor": task.priority == "P1"}.get(who.role, True)
    return (
        who.serves
        and not (task.skill and who.level < task.level)
        and (task.role is None or task.role in SERVES[who.role])
        and allowed
        and (not task.language or not who.languages or task.language in who.languages)
        and (not task.channel or not who.channels or task.channel in who.channels)
        and who.status in ready
        and who.handed_over_to is None
        and not who.subject
        and not who.declined
        and (who.kind_limit is None or who.kind_open < who.kind_limit)
        and (who.load + task.units <= who.capacity or (who.load == 0 and who.capacity > 0))
    )


@some_choice
def test_who_is_chosen_is_within_the_limits_unless_overridden(task, team, assignment, pull):
    choice = choose(task, team, assignment, pull=pull)
    if choice.agent_id is not None:
        [who] = [one for one in team if one.agent_id == choice.agent_id]
        assert may_have(task, who, pull) or (who.agent_id == task.wish and task.override and not who.subject)


@some_choice
def test_nobody_is_chosen_only_where_nobody_may_have_it_or_only_another_was_wished_for(task, team, assignment, pull):
    choice = choose(task, team, assignment, pull=pull)
    able = [who.agent_id for who in team if may_have(task, who, pull)]
    if choice.agent_id is None:
        assert not able or (task.only and task.wish is not None and task.wish not in able)
    elif task.only and task.wish is not None:
        assert choice.agent_id == task.wish


@some_choice
def test_exactly_those_within_the_limits_have_a_place(task, team, assignment, pull):
    choice = choose(task, team, assignment, pull=pull)
    placed = {one.agent_id for one in choice.ranked if one.place}

    assert placed == {who.agent_id for who in team if may_have(task, who, pull)}
    assert sorted(one.agent_id for one in choice.ranked) == sorted(who.agent_id for who in team)


@some_choice
def test_parts_and_scores_lie_between_nothing_and_one(task, team, assignment, pull):
    for one in choose(task, team, assignment, pull=pull).ranked:
        assert all(0 <= part <= 1 for part in one.parts)
        assert 0 <= one.score <= 1


@some_choice
def test_a_better_place_is_never_by_a_lower_score_unless_work_in_hand_or_lapsed_offers_say_so(
    task, team, assignment, pull
):
    known = {who.agent_id: who for who in team}
    placed = [one for one in choose(task, team, assignment, pull=pull).ranked if one.place]
    for one, next_one in pairwise(placed):
        first, second = known[one.agent_id], known[next_one.agent_id]
        if (first.contended, first.lapsed) == (second.contended, second.lapsed):
            assert one.score >= next_one.score


def is_made_again(task: Task, team: list[Candidate], assignment: Assignment, pull: bool) -> None:
    choice = choose(task, team, assignment, pull=pull)
    told = json.loads(json.dumps(record(task, team, choice, 7)))

    assert recomputed(told, assignment) == choice
    assert (task_of(told), candidates_of(told)) == (task, sorted(team, key=lambda who: who.agent_id))


@some_choice
def test_a_choice_made_again_from_its_record_through_json_is_the_same(task, team, assignment, pull):
    is_made_again(task, team, assignment, pull)


@pytest.mark.deep
@some_choice
@settings(max_examples=5000, deadline=None, derandomize=False)
def test_thousands_of_choices_made_again_are_the_same(task, team, assignment, pull):
    is_made_again(task, team, assignment, pull)


@some_choice
def test_an_explanation_agrees_and_can_be_written(task, team, assignment, pull):
    told = explanation(record(task, team, choose(task, team, assignment, pull=pull), 7), assignment)

    assert told["agrees"]
    assert [bool(one["excluded"]) != bool(one["place"]) for one in told["candidates"]] == [True] * len(team)
    assert json.dumps(told, default=str)


@given(tasks, candidates.flatmap(lambda team: st.tuples(st.just(team), st.permutations(team))), rules, st.booleans())
def test_the_order_of_the_input_does_not_matter(task, teams, assignment, pull):
    one, other = (choose(task, team, assignment, pull=pull) for team in teams)

    assert one == other
    assert digest(record(task, teams[0], one, 7)) == digest(record(task, teams[1], other, 7))


@given(st.lists(st.integers(1, 40), min_size=2, max_size=6), st.integers(20, 60))
@settings(max_examples=30)
def test_under_fairness_alone_shares_differ_by_one_piece_of_work_at_most(capacities, pieces):
    """Each piece goes to who was given least so far, so nobody is ever two pieces ahead."""
    given_so_far = [0] * len(capacities)
    for _ in range(pieces):
        team = [
            a_candidate(IDS[n], capacity=capacities[n], shift_units=given_so_far[n]) for n in range(len(capacities))
        ]
        given_so_far[IDS.index(str(choose(a_task(), team, weighing(fairness=1)).agent_id))] += 1

    assert max(given_so_far) - min(given_so_far) <= 1
