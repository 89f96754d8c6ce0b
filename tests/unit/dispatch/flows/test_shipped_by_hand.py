"""The flows in deploy/config as they are meant: some ways through them, step by step."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.dispatch import domain
from services.dispatch.domain import Order, State
from shared.errors import ValidationError
from tests.unit.dispatch.flows.shipped import MONDAY, bodies, now, opened, shipped, through, who_serves, with_agents

SOLUTION = "办完了"
NEW_SERVICE = (
    ("documents", {"applicant": "person", "email": "it@example.com", "lines": 1}),
    ("survey", {"feasible": True}),
    ("approval", {"decision": "approved"}),
)
REPORT = {"symptom": "断网", "contact_phone": "+8613800138000", "address": "人民路 1 号"}
ETA, EARLIER, LATER = (f"2026-03-02T{time}:00+08:00" for time in ("10:00", "09:00", "10:05"))
TO_SITE = (("report", REPORT), ("triage", {"way": "on_site"}), ("crew", {"crew": "三队", "eta": ETA}))


def test_a_crew_sets_out_again_until_the_fault_is_repaired():
    order = through(
        "fault-repair",
        *TO_SITE,
        ("arrive", {"arrived_at": EARLIER}),
        ("on_site", {"outcome": "parts_needed"}),
        ("crew", {"crew": "四队", "eta": LATER}),
    )

    assert (now(order), order.visited["crew"], order.fields["eta"]) == (["arrive"], 2, "2026-03-02T02:05:00.000Z")


def test_a_crew_is_there_within_four_hours_and_then_has_four_round_the_clock():
    for steps, step in ((TO_SITE, "arrive"), ((*TO_SITE, ("arrive", {"arrived_at": EARLIER})), "on_site")):
        order = through("fault-repair", *steps)
        [visit] = order.visits

        assert (visit.step, order.clocks[visit.clock].due) == (step, visit.opened_at + timedelta(hours=4))


def refused(code: str, *choices: tuple[str, Mapping[str, Any]]) -> dict[str, list[str]]:
    """What is wrong with the last of these steps."""
    through(code, *choices[:-1])
    with pytest.raises(ValidationError) as error:
        through(code, *choices)
    return error.value.fields


def test_no_arrival_is_promised_that_lies_beyond_its_limit():
    too_late = ("crew", {"crew": "三队", "eta": "2026-03-02T13:31:00+08:00"})  # told at half past nine

    assert refused("fault-repair", *TO_SITE[:2], too_late) == {
        "fields.eta": ["zh-CN: 须承诺四小时内到达", "en: The crew has to be there within four hours"]
    }


def test_who_arrives_later_than_the_customer_was_told_says_why():
    early = ("crew", {"crew": "三队", "eta": "2026-03-02T09:35:00+08:00"})
    late = {"arrived_at": "2026-03-02T09:36:00+08:00"}

    assert refused("fault-repair", *TO_SITE[:2], early, ("arrive", late)) == {
        "fields.late_because": [
            "zh-CN: 晚于承诺的到达时间，须说明原因",
            "en: Later than the customer was told; say why",
        ]
    }
    order = through("fault-repair", *TO_SITE[:2], early, ("arrive", {**late, "late_because": "堵车"}))
    assert (now(order), order.fields["late_because"]) == (["on_site"], "堵车")


def test_what_is_late_on_the_way_is_told_before_and_after():
    order = through("fault-repair", *TO_SITE)

    _, facts = domain.advance(order, order.visits[0].opened_at + timedelta(hours=5))

    about = [(fact.type, fact.data.get("tell")) for fact in facts if fact.data.get("part") == "arrive"]
    assert about == [
        ("deadline_near", None),
        ("deadline_near", None),
        ("work_escalated", ["owner", "supervisor"]),
        ("deadline_missed", None),
        ("work_escalated", ["duty_manager"]),
    ]


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


def reopened(code: str, *choices: tuple[str, Mapping[str, Any]]) -> Order:
    """That work, resolved by the last of the choices and opened again half an hour later."""
    order = through(code, *choices)
    assert order.state is State.RESOLVED
    return domain.reopen(order, order.ended_at + timedelta(minutes=30), reason="还是不行", cause="customer")[0]


INSTALLED = (
    *NEW_SERVICE,
    ("fee", {"fee": {"amount": "680"}}),
    ("fulfilment", {"done_on": "2026-03-02", "serial": "ONU-1", "solution": SOLUTION}),
)
REFUSED = (
    *NEW_SERVICE[:2],
    ("approval", {"decision": "refused"}),
    ("refusal", {"told": "暂不具备条件", "solution": SOLUTION}),
)


def test_a_new_service_that_is_reopened_costs_no_second_fee():
    at = MONDAY + timedelta(hours=2)
    order = reopened("new-service", *INSTALLED)
    assert now(order) == ["approval"]

    order, _ = domain.complete_step(with_agents(order, at), at, fields={"decision": "approved"})

    assert (now(order), [fee.amount for fee in order.fees]) == (["fulfilment"], ["680.00"])


def test_a_refused_new_service_that_is_reopened_is_paid_for_once_it_is_approved():
    at = MONDAY + timedelta(hours=2)
    order = reopened("new-service", *REFUSED)

    order, _ = domain.complete_step(with_agents(order, at), at, fields={"decision": "approved"})

    assert now(order) == ["fee"]


def test_nobody_who_may_be_given_a_proposal_may_be_given_its_approval():
    teams = {shipped().team_for(category).code for category in bodies()["intake"]["categories"]}
    steps = shipped().flow("complaint").steps

    proposing = {agent for team in teams for agent in who_serves(steps["propose"].who, team)}
    approving = who_serves(steps["approve"].who, "accounts")

    assert (proposing & approving, bool(proposing), bool(approving)) == (set(), True, True)
