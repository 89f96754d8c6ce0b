"""Every way out of every step of the flows in deploy/config, taken by the rules themselves."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from services.dispatch import domain
from services.dispatch.domain import Order, State
from services.dispatch.domain.flows.flow import END, Edge, Split, step_values
from tests.unit.dispatch.flows.matters import CHOICES, MATTERS
from tests.unit.dispatch.flows.shipped import bodies, opened, opening, shipped, who_serves, with_agents

SOLUTION = "办完了"
MOST_VISITS = 3  # of one step: loops are gone round twice

USUAL_POLICY = {
    "complaint": "complaint",
    "enquiry": "enquiry",
    "fault-repair": "standard",
    "incident": "standard",
    "new-service": "standard",
    "return-refund": "standard",
    "suggestion": "enquiry",
}
GOLD_POLICY = {**dict.fromkeys(USUAL_POLICY, "vip"), "complaint": "complaint", "suggestion": "enquiry"}

every_flow = pytest.mark.parametrize("code", sorted(bodies()["dispatch"]["flows"]))


def completions(order: Order, at: datetime) -> Iterator[tuple[str, int, Order]]:
    """Each open step, completed in each of the table's ways: step, number of its edge, the work then."""
    order, flow = with_agents(order, at), order.course
    for visit in order.visits:
        step = flow.steps[visit.step]
        for choice in CHOICES[flow.code].get(visit.step, [{}]):
            given = {name: value for name, value in choice.items() if name != "fee"}
            kept = step_values(step, given, order.context(at))
            edge = flow.route(step, replace(order, fields={**order.fields, **kept}).context(at))
            solution = SOLUTION if edge == Edge(END, edge.when) else None
            done, _ = domain.complete_step(
                order, at, step=str(visit.number), fields=given, fee=choice.get("fee"), solution=solution
            )
            yield visit.step, step.edges.index(edge), done


def walk(code: str) -> Iterator[tuple[Order, str, int, Order]]:
    """Every move that work of this flow can make: the work before, the step, its edge, the work after."""
    todo, known = deque([opened(code)]), set()
    while todo:
        order = todo.popleft()
        at = order.opened_at + timedelta(minutes=10 * sum(order.visited.values()))
        for step, edge, after in completions(order, at):
            yield order, step, edge, after
            place = (*(visit.step for visit in after.visits), *sorted(after.visited.items()), str(after.fields))
            if after.visits and place not in known and max(after.visited.values()) <= MOST_VISITS:
                known.add(place)
                todo.append(after)


@every_flow
def test_every_way_out_of_every_step_is_taken(code):
    flow = shipped().flow(code)
    wanted = {(step.code, number) for step in flow.steps.values() for number in range(len(step.edges))}

    taken = set()
    for _, step, edge, after in walk(code):
        taken.add((step, edge))
        _arrived(flow.steps[step].edges[edge], after)
        if taken == wanted:
            return
    assert taken == wanted


def _arrived(edge: Edge | Split, after: Order) -> None:
    """The work is where that way leads; a step that is passed over leads on."""
    now = {visit.step for visit in after.visits}
    if isinstance(edge, Split):
        entered = [branch for branch in edge.branches if after.course.steps[branch].enter is None]
        assert now >= set(entered)
    elif edge.to == END:
        assert (after.state, after.visits, after.solution) == (State.RESOLVED, (), SOLUTION)
    elif not after.blocks:
        assert now == {edge.to}


@every_flow
def test_an_open_step_runs_under_the_limit_of_its_definition_and_under_no_other(code):
    reference = shipped()
    seen = set()
    for order, _, _, _ in walk(code):
        running = {name for name, clock in order.clocks.items() if clock.part and clock.done_at is None}
        expected = {visit.clock for visit in order.visits if order.step(visit).limit}
        group = order.course.group_of(order.visits[0].step)
        assert {name for name in running if name.startswith("step/")} == expected
        assert {name for name in running if name.startswith("group/")} == ({f"group/{group.code}"} if group else set())
        for visit in order.visits:
            seen.add(visit.step)
            if terms := reference.limit_terms(order.course, order.step(visit).limit, order.terms):
                clock = order.clocks[visit.clock]
                assert (clock.target, clock.calendar.code, clock.started_at) == (
                    terms.target,
                    terms.calendar.code,
                    visit.opened_at,
                )
    assert seen == shipped().flow(code).steps.keys()


@every_flow
def test_parallel_steps_are_completed_in_every_order(code):
    first = {(step, tuple(visit.step for visit in order.visits)) for order, step, _, _ in walk(code)}
    together = {steps for _, steps in first if len(steps) > 1}

    assert first >= {(step, steps) for steps in together for step in steps}
    assert together == ({("survey", "credit")} if code == "new-service" else set())


@every_flow
def test_every_step_has_a_limit_or_is_in_a_group_that_has_one(code):
    flow = shipped().flow(code)

    assert [step.code for step in flow.steps.values() if not (step.limit or flow.group_of(step.code))] == []


@every_flow
def test_a_miss_of_any_limit_reaches_the_supervisor(code):
    flow = shipped().flow(code)
    limits = {part.code: part.limit for part in (*flow.steps.values(), *flow.groups.values()) if part.limit}

    assert limits
    unheard = [
        name for name, limit in limits.items() if not any("supervisor" in level.tell for level in limit.escalations)
    ]
    assert unheard == []


@every_flow
@pytest.mark.parametrize(("tier", "expected"), [("", USUAL_POLICY), ("gold", GOLD_POLICY)])
def test_work_of_each_flow_is_under_the_policy_for_it(code, tier, expected):
    order, _ = opening({**MATTERS[code], "tier": tier})

    assert (order.flow.code, order.policy.code) == (code, expected[code])


@every_flow
def test_all_of_it_is_done_by_teams_that_there_are(code):
    for order, _, _, _ in walk(code):
        assert {visit.need.team for visit in order.visits} <= shipped().teams.keys()


@every_flow
def test_the_matter_of_a_flow_is_met_by_that_flow_alone(code):
    matter = opened(code).matter

    assert [flow.code for flow in shipped().flows.values() if flow.when is None or flow.when.holds(matter)] == [code]


def test_praise_has_no_flow():
    assert shipped().flow_for({**MATTERS["enquiry"], "type": "praise"}) is None


def flows_of(type: str) -> list[list[str]]:
    """For each category, the flows that are for work of that type."""
    matters = [
        {**opened("enquiry").matter, "type": type, "category": category}
        for category in bodies()["intake"]["categories"]
    ]
    return [[code for code, flow in shipped().flows.items() if flow.when.holds(matter)] for matter in matters]


def test_every_request_has_one_flow_and_a_fault_one_at_most():
    assert {len(flows) for flows in flows_of("request")} == {1}
    assert {len(flows) for flows in flows_of("fault")} == {0, 1}


@every_flow
def test_each_flow_says_where_reopened_work_goes_on(code):
    assert bodies()["dispatch"]["flows"][code]["reopen_at"] == shipped().flow(code).reopen_at


@every_flow
def test_somebody_can_be_given_each_step(code):
    own = opened(code).own_team

    assert [step.code for step in shipped().flow(code).steps.values() if not who_serves(step.who, own)] == []
