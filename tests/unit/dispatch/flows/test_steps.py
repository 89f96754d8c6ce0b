"""What a step asks for, whether it holds together, what it costs, and where it leads."""

from datetime import timedelta

import pytest

from services.dispatch.domain.flows.field_values import step_values, sure_way
from services.dispatch.domain.flows.flow import END, ONE_STEP, Edge, Flow, Split
from services.dispatch.domain.flows.steps import fee_amount
from shared.errors import ValidationError
from tests.unit.dispatch.flows.builders import MATTER, NINE, a_flow, a_step

VISIT = {
    "eta": {"type": "time", "required": True},
    "crew": {"type": "text", "required": True, "max": 5},
    "cost": {"type": "money", "min": 0},
    "remark": {"type": "text"},
}
LATE = {"zh-CN": "须晚于现在", "en": "has to lie ahead"}
DEAR = {"zh-CN": "太贵", "en": "too dear"}
IS_LATE, IS_DEAR = ["zh-CN: 须晚于现在", "en: has to lie ahead"], ["zh-CN: 太贵", "en: too dear"]
CHECKS = [
    {"rule": "fields.eta > at", "field": "eta", "message": LATE},
    {"rule": "fields.cost < 100 || fields.crew == 'A'", "field": "cost", "message": DEAR},
]
PAST, AHEAD = "2026-03-02T08:00:00Z", "2026-03-02T10:00:00Z"


def a_visit() -> Flow:
    return a_flow({"a": a_step(fields=VISIT, checks=CHECKS)})


def given(values, flow=None):
    flow = flow or a_visit()
    return step_values(flow.steps["a"], values, flow.context(MATTER, {}, {"a": 1}, NINE))


def refused(values, flow=None):
    with pytest.raises(ValidationError) as error:
        given(values, flow)
    return error.value.fields


def test_values_are_kept_typed_and_what_was_not_given_is_left_out():
    assert given({"eta": AHEAD, "crew": "B", "cost": 5, "remark": None}) == {
        "eta": "2026-03-02T10:00:00.000Z",
        "crew": "B",
        "cost": "5.00",
        "remark": None,
    }


def test_all_faults_are_told_at_once_by_field():
    assert refused({"crew": "too long", "cost": "much", "colour": "red"}) == {
        "fields.colour": ["step a has no such field; it has eta, crew, cost, remark"],
        "fields.eta": ["is required"],
        "fields.crew": ["must have 1 to 5 characters, not 8"],
        "fields.cost": ["must be an amount, for example 120.50"],
    }


def test_checks_across_fields_are_told_in_both_languages_at_their_field():
    assert refused({"eta": PAST, "crew": "B", "cost": 100}) == {
        "fields.eta": IS_LATE,
        "fields.cost": IS_DEAR,
    }


def test_a_check_waits_for_the_fields_that_it_names():
    assert refused({"eta": PAST, "cost": 100}) == {"fields.crew": ["is required"], "fields.eta": IS_LATE}


def test_a_check_does_not_wait_for_a_field_whose_code_only_begins_like_the_one_that_it_names():
    check = {"rule": "fields.ab > 5", "field": "ab", "message": DEAR}
    flow = a_flow({"a": a_step(fields={"a": {"type": "integer"}, "ab": {"type": "integer"}}, checks=[check])})

    assert refused({"a": "x", "ab": 1}, flow) == {"fields.a": ["must be a whole number"], "fields.ab": IS_DEAR}


def test_a_check_sees_what_earlier_steps_were_given():
    check = {"rule": "fields.refund <= fields.paid", "field": "refund", "message": DEAR}
    flow = a_flow(
        {
            "a": a_step("b", fields={"paid": {"type": "money"}}),
            "b": a_step(fields={"refund": {"type": "money"}}, checks=[check]),
        }
    )
    context = flow.context(MATTER, {"paid": "10.00"}, {}, NINE)

    assert step_values(flow.steps["b"], {"refund": "10"}, context) == {"refund": "10.00"}
    with pytest.raises(ValidationError) as error:
        step_values(flow.steps["b"], {"refund": "10.01"}, context)
    assert error.value.fields == {"fields.refund": IS_DEAR}


def test_a_step_that_is_done_again_begins_empty():
    flow = a_visit()
    context = flow.context(MATTER, {"cost": "500.00"}, {"a": 2}, NINE)

    assert step_values(flow.steps["a"], {"eta": AHEAD, "crew": "B"}, context) == {
        "eta": "2026-03-02T10:00:00.000Z",
        "crew": "B",
        "cost": None,
        "remark": None,
    }


def test_a_step_without_fields_takes_none():
    assert given({}, ONE_STEP_AS_A) == {}
    assert refused({"x": 1}, ONE_STEP_AS_A) == {"fields.x": ["step a has no such field; it has none"]}


ONE_STEP_AS_A = a_flow({"a": a_step()})


def test_the_first_way_that_holds_is_taken_and_else_the_last():
    flow = a_flow(
        {
            "a": a_step(
                [
                    {"to": "b", "when": "fields.cost > 100 && visits.a < 3 && priority == 'P1' && !overdue"},
                    {"parallel": ["c", "d"], "join": "b", "when": "fields.eta != null && fields.eta < at"},
                    {"to": "end"},
                ],
                fields={"cost": {"type": "money"}, "eta": {"type": "time"}},
            ),
            "b": a_step(),
            "c": a_step("b"),
            "d": a_step("b"),
        }
    )

    def way(values, visits=1, **also):
        edge = flow.route(flow.steps["a"], flow.context(MATTER, values, {"a": visits}, NINE, **also))
        return edge.to if isinstance(edge, Edge) else edge.branches

    assert way({"cost": "100.01"}) == "b"
    assert way({"cost": "100.00"}) == END
    assert way({"cost": "100.01"}, visits=3) == END
    assert way({"cost": "100.01"}, overdue=True) == END
    assert way({"eta": PAST}) == ("c", "d")
    assert way({"eta": AHEAD}) == END
    assert way({"eta": None, "cost": None}) == END


def a_confirmation() -> Flow:
    """Ends where it works again; a way that is not sent back again has a reason; a comment is bound to nothing."""
    message = {"zh-CN": "?", "en": "?"}
    return a_flow(
        {
            "a": a_step(
                [{"to": "b", "when": "!fields.works"}, {"to": "end"}],
                fields={
                    "works": {"type": "yes_no", "required": True},
                    "reason": {"type": "text"},
                    "grade": {"type": "integer", "max": 5},
                    "comment": {"type": "text", "max": 5},
                },
                checks=[{"rule": "fields.works || fields.reason != ''", "field": "reason", "message": message}],
                leave="fields.grade < 5 || fields.reason != ''",
            ),
            "b": a_step("a"),
        }
    )


@pytest.mark.parametrize(
    ("values", "way"),
    [
        ({"works": True}, "end"),
        ({"works": True, "comment": "too long", "colour": "red"}, "end"),
        ({"works": False, "reason": "no"}, "b"),
        ({"works": "yes"}, None),  # what decides is at fault itself
        ({}, None),
        ({"works": False}, None),  # it has to change, or the reason has
        ({"works": True, "grade": 6}, None),  # bound to the reason by leave, and that to what decides by the check
        ({"works": True, "grade": 5}, None),
    ],
)
def test_the_way_out_is_sure_where_nothing_that_may_have_to_change_decides_it(values, way):
    flow = a_confirmation()

    edge = sure_way(flow.steps["a"], values, flow.context(MATTER, {}, {"a": 1}, NINE))

    assert (edge and edge.to) == way


def test_a_split_says_its_branches_and_its_join():
    flow = a_flow(
        {"a": a_step({"parallel": ["b", "c"], "join": "d"}), **dict.fromkeys("bc", a_step("d")), "d": a_step()}
    )

    assert flow.steps["a"].edges == (Split(("b", "c"), "d"),)


@pytest.mark.parametrize(
    ("rule", "said", "recorded"),
    [
        (None, None, None),
        ({}, None, None),
        ({}, "7.5", "7.50"),
        ({"usual": 50}, None, "50.00"),
        ({"usual": 50}, 0, "0.00"),
        ({"required": True}, "3", "3.00"),
        ({"required": True, "usual": "50"}, None, "50.00"),
    ],
)
def test_the_fee_that_is_recorded(rule, said, recorded):
    assert fee_amount(a_flow({"a": a_step(**({"fee": rule} if rule is not None else {}))}).steps["a"], said) == recorded


@pytest.mark.parametrize(
    ("rule", "said", "message"),
    [
        (None, 5, "step a has no fee"),
        ({"required": True}, None, "is required"),
        ({}, "-1", "must be at least 0.00"),
        ({"max": 10}, "10.01", "must be at most 10.00"),
        ({}, "dear", "must be an amount, for example 120.50"),
    ],
)
def test_a_fee_that_is_refused(rule, said, message):
    with pytest.raises(ValidationError) as error:
        fee_amount(a_flow({"a": a_step(**({"fee": rule} if rule is not None else {}))}).steps["a"], said)

    assert error.value.fields == {"fee.amount": [message]}


def test_a_step_asks_for_something_when_a_field_or_an_unknown_fee_is_required():
    def asks(**members):
        return a_flow({"a": a_step(**members)}).steps["a"].asks

    assert not asks()
    assert not asks(fields={"x": {"type": "text"}}, fee={"required": True, "usual": 5})
    assert asks(fields={"x": {"type": "text", "required": True}})
    assert asks(fee={"required": True})


def test_work_without_a_definition_is_one_step_that_ends():
    step = ONE_STEP.steps[ONE_STEP.start]

    assert ONE_STEP.route(step, ONE_STEP.context(MATTER, {}, {}, NINE + timedelta(days=1))) == Edge(END)
    assert (step.asks, step.limit, ONE_STEP.reopen_at) == (False, None, ONE_STEP.start)
