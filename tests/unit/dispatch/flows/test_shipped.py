"""Every way out of every step of the flows in deploy/config, taken by the rules themselves."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.dispatch import domain
from services.dispatch.domain import Order, State
from services.dispatch.domain.flow import END, Edge, Split, step_values
from tests.unit.dispatch.flows.matters import CHOICES, MATTERS
from tests.unit.dispatch.flows.shipped import MONDAY, bodies, opened, shipped, with_agents

SOLUTION = "办完了"
MOST_VISITS = 3  # of one step: loops are gone round twice

every_flow = pytest.mark.parametrize("code", sorted(bodies()["dispatch"]["flows"]))


def completions(order: Order, at: datetime) -> Iterator[tuple[str, int, Order]]:
    """The first open step, completed in each of the table's ways: step, number of its edge, the work then."""
    order, flow, visit = with_agents(order, at), order.course, order.visits[0]
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


# by hand


def through(code: str, *choices: tuple[str, Mapping[str, Any]]) -> Order:
    """Work that took these steps, ten minutes each; the step named has to be open."""
    order = opened(code)
    for number, (step, values) in enumerate(choices, start=1):
        at = MONDAY + timedelta(minutes=10 * number)
        solution = values.get("solution")
        fields = {name: value for name, value in values.items() if name not in ("solution", "fee")}
        order = with_agents(order, at)
        order, _ = domain.complete_step(order, at, step=step, fields=fields, fee=values.get("fee"), solution=solution)
    return order


def now(order: Order) -> list[str]:
    return [visit.step for visit in order.visits]


REPORT = {"symptom": "断网", "contact_phone": "+8613800138000", "address": "人民路 1 号"}
ETA, EARLIER = "2026-03-02T14:00:00+08:00", "2026-03-02T09:00:00+08:00"


def test_a_crew_sets_out_again_until_the_fault_is_repaired():
    crew = {"crew": "三队", "eta": ETA}

    order = through(
        "fault-repair",
        ("report", REPORT),
        ("triage", {"way": "on_site"}),
        ("crew", crew),
        ("on_site", {"arrived_at": EARLIER, "outcome": "parts_needed"}),
        ("crew", crew),
    )

    assert (now(order), order.visited["on_site"], order.fields["eta"]) == (["on_site"], 2, "2026-03-02T06:00:00.000Z")


def test_a_crew_has_four_hours_round_the_clock_on_site():
    order = through(
        "fault-repair", ("report", REPORT), ("triage", {"way": "on_site"}), ("crew", {"crew": "三队", "eta": ETA})
    )
    [visit] = order.visits

    assert order.clocks[visit.clock].due == visit.opened_at + timedelta(hours=4)


def test_what_the_customer_does_not_confirm_is_triaged_again():
    order = through(
        "fault-repair", ("report", REPORT), ("triage", {"way": "no_fault"}), ("confirmed", {"works_again": False})
    )

    assert (now(order), order.state) == (["triage"], State.QUEUED)


def test_a_complaint_has_three_working_days_in_all():
    order = opened("complaint")
    group = order.clocks["group/handling"]

    assert group.due == datetime.fromisoformat("2026-03-04T18:00:00+08:00")
    done = through("complaint", ("acknowledge", {}), ("investigate", {"findings": "属实", "heard_both": True}))
    assert done.clocks["group/handling"].due == group.due


def test_survey_and_credit_are_done_at_the_same_time_and_approval_waits_for_both():
    company = {"applicant": "company", "registration": "91310000MA1FL0XXXX", "email": "it@example.com", "lines": 20}

    both = through("new-service", ("documents", company))
    one = through("new-service", ("documents", company), ("credit", {"credit": "good"}))
    joined = through(
        "new-service", ("documents", company), ("credit", {"credit": "good"}), ("survey", {"feasible": True})
    )

    assert (now(both), now(one), now(joined)) == (["survey", "credit"], ["survey"], ["approval"])
    assert [visit.need.team for visit in both.visits] == ["it", "accounts"]


def test_nobody_asks_for_a_persons_credit():
    person = {"applicant": "person", "email": "it@example.com", "lines": 1}

    asked = through("new-service", ("documents", person))
    joined = through("new-service", ("documents", person), ("survey", {"feasible": True}))

    assert (now(asked), asked.visited.get("credit"), now(joined)) == (["survey"], None, ["approval"])


def test_goods_that_never_came_may_be_skipped_when_a_week_is_over():
    order = through("return-refund", ("register", {"sale": "S-1", "paid": "99", "goods_back": True}))
    [visit] = order.visits
    late = visit.opened_at + timedelta(days=8)

    order, _ = domain.advance(order, late)
    order, facts = domain.skip_step(order, late, reason="客户未寄回")

    assert now(order) == ["decide"]
    assert facts[0].data["missed"] is True


def test_an_enquiry_that_is_not_answered_in_time_goes_to_the_experts():
    order = opened("enquiry")

    order, _ = domain.advance(order, MONDAY + timedelta(days=2))

    assert [visit.need.team for visit in order.visits] == ["experts"]


def test_an_enquiry_is_as_simple_as_work_without_a_flow():
    order = with_agents(opened("enquiry"), MONDAY)

    assert domain.resolve(order, MONDAY, SOLUTION)[0].state is State.RESOLVED


def test_the_fee_of_a_new_service_is_on_the_work_order():
    order = through("new-service", *NEW_SERVICE, ("fee", {"fee": {"amount": "680"}}))

    assert [(fee.step, fee.amount, fee.currency) for fee in order.fees] == [("fee", "680.00", "CNY")]


NEW_SERVICE = (
    ("documents", {"applicant": "person", "email": "it@example.com", "lines": 1}),
    ("survey", {"feasible": True}),
    ("approval", {"decision": "approved"}),
)
