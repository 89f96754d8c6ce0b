"""Drawings of flows, and of one work order's way, as Mermaid text."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from deploy.drawing import drawing, label, text
from deploy.drawing_way import way
from services.dispatch import domain
from services.dispatch.domain.work import incidents
from services.dispatch.domain.work.facets import MassIncident
from tests.unit.dispatch.builders import a_ticket, opened, reference
from tests.unit.dispatch.flows.builders import a_flow, a_step
from tests.unit.dispatch.flows.matters import MATTERS
from tests.unit.dispatch.flows.shipped import MONDAY, given_out, opening, shipped

SHANGHAI = ZoneInfo("Asia/Shanghai")


def test_a_flow_is_drawn_with_who_within_what_time_and_where_next():
    flow = a_flow(
        {
            "look": a_step(
                [{"to": "end", "when": 'fields.way == "none"'}, {"parallel": ["buy", "fetch"], "join": "mend"}],
                name={"zh-CN": "查看", "en": "Look"},
                who={"team": "it", "skill": {"network": 4}},
                fields={"way": {"type": "text"}},
            ),
            "buy": a_step("mend", name={"zh-CN": "采购", "en": "Buy"}, enter="overdue", fee={}),
            "fetch": a_step("mend", name={"zh-CN": "取件", "en": "Fetch"}),
            "mend": a_step(name={"zh-CN": "修理", "en": "Mend"}, within="4h", calendar="office", skippable="overdue"),
        },
        groups={"all-of-it": {"name": {"zh-CN": "全部", "en": "All"}, "steps": ["look", "mend"], "within": "1d"}},
    )

    assert drawing(flow).splitlines() == [
        "flowchart TD",
        '  begin_(["开始 Start"]) --> step_look',
        '  subgraph group_all_of_it["全部 All<br/>≤ 1d"]',
        '    step_look["查看 Look<br/>it, skill network ≥ 4"]',
        '    step_mend["修理 Mend<br/>≤ 4h (office)<br/>超时可跳过 may be skipped when overdue"]',
        "  end",
        '  step_buy["采购 Buy<br/>费用 fee<br/>仅当 only if overdue"]',
        '  step_fetch["取件 Fetch"]',
        '  step_look -->|"fields.way == #34;none#34;"| end_',
        '  step_look -->|"否则 else"| fork_look_1{{"同时 all at once"}}',
        "  fork_look_1 --> step_buy",
        "  fork_look_1 --> step_fetch",
        '  join_look_1{{"汇合 when all have come"}} --> step_mend',
        "  step_buy --> join_look_1",
        "  step_fetch --> join_look_1",
        "  step_mend --> end_",
        '  end_(["结束 End"])',
    ]


@pytest.mark.parametrize(
    ("words", "written"),
    [
        ('say "no"', "say #34;no#34;"),
        ("a && b || c < 3 > 1", "a #38;#38; b || c #60; 3 #62; 1"),
        ("#quot; #35;", "#35;quot; #35;35;"),
        ("`b` *c* $$d$$ %%{e}%% ~ ^ \\", "#96;b#96; #42;c#42; #36;#36;d#36;#36; #37;#37;{e}#37;#37; #126; #94; #92;"),
        ("two\nlines\tand  more", "two lines and more"),
        ("- item", "#45; item"),
        ("1. item", "1#46; item"),
        ("![img](x)", "!#91;img](x)"),
        ("断网「了」😡", "断网「了」#128545;"),
    ],
)
def test_nothing_in_a_label_is_taken_for_markup(words, written):
    assert text(words) == written


def test_a_label_leaves_empty_lines_out():
    assert label("a", "", "b") == '"a<br/>b"'


def entries(facts):
    """Facts as `get_work` tells them."""
    return [
        {"type": fact.type, "at": fact.at.isoformat(), "data": json.loads(json.dumps(fact.data, default=str))}
        for fact in facts
    ]


def told(code, *steps, late=0):
    """The history of work that took these steps, the first `late` minutes after it was opened."""
    order, facts = opening(MATTERS[code])
    facts = list(facts)
    for number, (step, values) in enumerate(steps, start=1):
        at = MONDAY + timedelta(minutes=late + 10 * number)
        order, more = domain.advance(order, at)
        order, given = given_out(order, at)
        values = dict(values)
        order, done = domain.complete_step(order, at, step=step, solution=values.pop("solution", None), fields=values)
        facts += [*more, *given, *done]
    return order, entries(facts)


def body(drawn):
    """The lines without the heading and the styles."""
    return [line.strip() for line in drawn.splitlines() if not line.strip().startswith(("flowchart", "classDef"))]


def test_a_way_shows_each_visit_with_its_times_and_what_is_open():
    order, history = told("incident", ("register", {}))

    assert body(way(order.order_no, history, order.course, SHANGHAI)) == [
        'begin_(["W-100001"])',
        'visit_1["登记 Register<br/>2026-03-02 09:00 → 2026-03-02 09:10<br/>a1"]:::done',
        'visit_2["处理 Handle<br/>2026-03-02 09:10 → 进行中 open"]:::open',
        "begin_ --> visit_1",
        "visit_1 --> visit_2",
    ]


def test_a_way_shows_what_was_missed():
    order, history = told("incident", ("register", {}), late=300)

    lines = body(way(order.order_no, history, order.course, SHANGHAI))

    assert (
        lines[1] == 'visit_1["登记 Register<br/>2026-03-02 09:00 → 2026-03-02 14:10<br/>a1<br/>超时 missed"]:::missed'
    )


COMPANY = {"applicant": "company", "registration": "91310000MA1FL0XXXX", "email": "it@example.com", "lines": 20}


def arrows(drawn):
    return [line for line in body(drawn) if re.match(r"\w+ -", line)]


def test_parallel_steps_leave_one_step_and_come_to_one():
    order, history = told(
        "new-service", ("documents", COMPANY), ("credit", {"credit": "good"}), ("survey", {"feasible": True})
    )

    assert arrows(way(order.order_no, history, order.course)) == [
        "begin_ --> visit_1",
        "visit_1 --> visit_2",
        "visit_1 --> visit_3",
        "visit_3 --> visit_4",
        "visit_2 --> visit_4",
    ]


def test_a_step_that_was_passed_over_is_on_the_way():
    person = {"applicant": "person", "email": "it@example.com", "lines": 1}
    order, history = told("new-service", ("documents", person), ("survey", {"feasible": True}))

    drawn = way(order.order_no, history, order.course, SHANGHAI)

    assert 'passed_2["资信核查 Credit<br/>2026-03-02 09:10 → 2026-03-02 09:10<br/>不需要 passed over"]:::aside' in drawn
    assert arrows(drawn) == [
        "begin_ --> visit_1",
        "visit_1 --> visit_2",
        "visit_1 --> passed_2",
        "passed_2 --> visit_3",
        "visit_2 --> visit_3",
    ]


def test_a_way_shows_who_has_what_is_open():
    order, history = told("incident", ("register", {}))
    _, given = given_out(order, MONDAY + timedelta(minutes=20))

    lines = body(way(order.order_no, history + entries(given), order.course, SHANGHAI))

    assert 'visit_2["处理 Handle<br/>2026-03-02 09:10 → 进行中 open<br/>a1"]:::open' in lines


def test_a_way_shows_nobody_at_what_waits_again_after_a_transfer():
    order, history = told("incident", ("register", {}))
    order, given = given_out(order, MONDAY + timedelta(minutes=20))
    _, moved = domain.transfer(order, MONDAY + timedelta(minutes=30), shipped().team("experts"), reason="太难")

    lines = body(way(order.order_no, history + entries([*given, *moved]), order.course, SHANGHAI))

    assert 'visit_2["处理 Handle<br/>2026-03-02 09:10 → 进行中 open"]:::open' in lines


def test_a_way_shows_who_had_what_was_rerouted():
    order, history = told("incident", ("register", {}))
    order, given = given_out(order, MONDAY + timedelta(minutes=20))
    _, facts = domain.reroute(order, MONDAY + timedelta(minutes=30), to="register", reason="登记错了")

    lines = body(way(order.order_no, history + entries([*given, *facts]), order.course, SHANGHAI))

    assert 'visit_2["处理 Handle<br/>2026-03-02 09:10 → 2026-03-02 09:30<br/>a1<br/>干预 rerouted"]:::aside' in lines


def test_a_reroute_is_a_dashed_arrow_with_its_reason():
    order, history = told("incident", ("register", {}))
    _, facts = domain.reroute(order, MONDAY + timedelta(minutes=30), to="register", reason='登记"错"了')

    lines = body(way(order.order_no, history + entries(facts), order.course, SHANGHAI))

    assert 'visit_2["处理 Handle<br/>2026-03-02 09:10 → 2026-03-02 09:30<br/>干预 rerouted"]:::aside' in lines
    assert 'visit_2 -.->|"登记#34;错#34;了"| visit_3' in lines


def test_a_reopened_way_goes_on_from_where_it_was_resolved():
    order, history = told("enquiry", ("answer", {"solution": "好了"}))
    _, facts = domain.reopen(order, MONDAY + timedelta(hours=1), reason="还是不行", cause="customer")

    lines = body(way(order.order_no, history + entries(facts), order.course, SHANGHAI))

    assert lines[1:] == [
        'visit_1["答复 Answer<br/>2026-03-02 09:00 → 2026-03-02 09:10<br/>a1"]:::done',
        'station_1(["已解决 Resolved<br/>2026-03-02 09:10"]):::done',
        'visit_2["答复 Answer<br/>2026-03-02 10:00 → 进行中 open"]:::open',
        "begin_ --> visit_1",
        "visit_1 --> station_1",
        'station_1 -.->|"重新打开 reopened: 还是不行"| visit_2',
    ]


def test_work_without_a_flow_is_one_step():
    order, facts = opening({"type": "praise", "category": "other"})
    order, given = given_out(order, MONDAY)
    _, done = domain.resolve(order, MONDAY + timedelta(hours=1), "谢谢")

    assert body(way(order.order_no, entries([*facts, *given, *done]), None, SHANGHAI))[1:] == [
        'work_0["处理 Work<br/>2026-03-02 09:00 → 2026-03-02 10:00<br/>a1"]:::done',
        'station_1(["已解决 Resolved<br/>2026-03-02 10:00"]):::done',
        "begin_ --> work_0",
        "work_0 --> station_1",
    ]


def linked(order, at):
    """The work as part of a mass incident, and what was told of it."""
    parent = replace(order, order_no="W-1", ticket_no="T-1", mass=MassIncident())
    return incidents.link(order, at, parent, "同一光缆")


def test_work_that_is_linked_to_a_mass_incident_waits_there_and_is_resolved_with_it():
    order, history = told("incident", ("register", {}))
    order, parted = linked(order, MONDAY + timedelta(minutes=20))
    _, done = incidents.resolve_with(order, MONDAY + timedelta(hours=1), "W-1", "修好了", None)

    assert body(way(order.order_no, history + entries([*parted, *done]), order.course, SHANGHAI))[1:] == [
        'visit_1["登记 Register<br/>2026-03-02 09:00 → 2026-03-02 09:10<br/>a1"]:::done',
        'visit_2["处理 Handle<br/>2026-03-02 09:10 → 2026-03-02 09:20<br/>未完成 not done"]:::aside',
        'station_2(["并入群体性故障 Linked<br/>2026-03-02 09:20"]):::done',
        'station_3(["已解决 Resolved<br/>2026-03-02 10:00"]):::done',
        "begin_ --> visit_1",
        "visit_1 --> visit_2",
        "visit_2 --> station_2",
        "station_2 --> station_3",
    ]


@pytest.mark.parametrize(("code", "first", "begun"), [("incident", "visit_1", "visit_2"), (None, "work_0", "work_2")])
def test_unlinked_work_begins_anew(code, first, begun):
    order, facts = opening(MATTERS[code] if code else {"type": "praise", "category": "other"})
    order, parted = linked(order, MONDAY)
    order, alone = incidents.unlink(order, MONDAY, "另一处故障")

    drawn = way(order.order_no, entries([*facts, *parted, *alone]), order.course if code else None, SHANGHAI)

    assert arrows(drawn) == [
        f"begin_ --> {first}",
        f"{first} --> station_1",
        f'station_1 -.->|"拆出 unlinked: 另一处故障"| {begun}',
    ]


def test_what_is_reopened_after_it_was_resolved_with_a_mass_incident_begins_once():
    order, facts = opening({"type": "praise", "category": "other"})
    order, parted = linked(order, MONDAY)
    order, done = incidents.resolve_with(order, MONDAY, "W-1", "修好了", None)
    order, again = domain.reopen(order, MONDAY, reason="还是不行", cause="customer")

    drawn = way(order.order_no, entries([*facts, *parted, *done, *again]), None, SHANGHAI)

    assert [line.split("[")[0] for line in body(drawn) if line.endswith(":::open")] == ["work_3"]


def test_a_way_shows_nobody_at_what_was_declined():
    order, facts = opening(MATTERS["incident"])
    order, given = given_out(order, MONDAY)
    order, declined = domain.decline(order, MONDAY, reason="不熟悉")

    lines = body(way(order.order_no, entries([*facts, *given, *declined]), order.course, SHANGHAI))

    assert lines[1] == 'visit_1["登记 Register<br/>2026-03-02 09:00 → 进行中 open"]:::open'


def test_what_the_experts_looked_at_first_goes_its_way_from_there():
    book = reference(assignment={"triage": {"team": "experts", "when": "sensitive"}})
    order, facts = opened(a_ticket(sensitive=True), MONDAY, book)
    what = {"type": "fault", "category": "network", "priority": "P2", "reasons": "光缆断了"}
    order, triaged = domain.triage_work(order, MONDAY + timedelta(minutes=5), **what)

    assert body(way(order.order_no, entries([*facts, *triaged]), None, SHANGHAI))[1:] == [
        'work_0["处理 Work<br/>2026-03-02 09:00 → 2026-03-02 09:05<br/>研判 triaged"]:::done',
        'work_1["处理 Work<br/>2026-03-02 09:05 → 进行中 open"]:::open',
        "begin_ --> work_0",
        "work_0 --> work_1",
    ]
