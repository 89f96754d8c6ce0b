"""What may be done with an open step."""

from datetime import UTC, datetime

import pytest

from services.dispatch import domain
from services.dispatch.answers import work
from services.dispatch.domain import Stage, State
from services.dispatch.domain.work.order import Seat
from services.dispatch.errors import (
    AlreadyVoid,
    CannotLeave,
    NameTheStep,
    NoSuchMove,
    NothingChanges,
    NotSkippable,
    OutOfBlock,
    StepsRemain,
)
from shared.errors import NotFound, ValidationError
from tests.unit.dispatch.builders import NINE, after, an_order, reference, types
from tests.unit.dispatch.courses import NAME, a_book, a_repair, approved, done, given_out, open_steps, reported


def checked(order=None):
    """A repair that was fixed and is being checked."""
    return given_out(done(order or approved(), "fix"))


# which of several


def test_what_fits_only_one_open_step_needs_no_name():
    order, _ = domain.assign(reported(), NINE, "a1", 3)

    assert [visit.state for visit in domain.accept(order, NINE)[0].visits] == [Stage.QUEUED, Stage.ACCEPTED]


def test_where_several_fit_the_step_must_be_named():
    order = reported()
    for visit in order.visits:
        order, _ = domain.assign(order, NINE, "a1", visit.number)

    with pytest.raises(NameTheStep) as refused:
        domain.accept(order, NINE)

    assert refused.value.details["steps"] == ["survey", "approval"]


@pytest.mark.parametrize("name", ["approval", "3"])
def test_a_step_is_named_by_its_code_or_the_number_of_its_visit(name):
    order, _ = domain.assign(domain.assign(reported(), NINE, "a1", 2)[0], NINE, "a2", 3)

    order, (fact,) = domain.accept(order, NINE, name)

    assert (fact.data["step"], fact.data["visit"], fact.data["agent"], fact.data["team"]) == (
        "approval",
        3,
        "a2",
        "desk",
    )


def test_a_step_that_is_not_open_is_not_found():
    with pytest.raises(NotFound):
        domain.accept(given_out(reported()), NINE, "check")


def test_parallel_work_is_as_far_as_the_step_that_has_come_furthest():
    order, _ = domain.assign(reported(), NINE, "a1", 3)

    assert (order.state, order.agent) == (State.ASSIGNED, None)
    assert domain.claimed(order) == {3: Seat("a1", 1, "fault", 2)}
    assert domain.queues(order) == ["it#expert"]


def test_only_the_step_named_is_transferred():
    order, (fact,) = domain.transfer(given_out(reported()), NINE, reference().team("experts"), step="survey")

    assert [visit.need.key for visit in order.visits] == ["experts#expert", "desk"]
    assert (fact.data["from_team"], fact.data["team"], fact.data["step"]) == ("it", "experts", "survey")


def test_a_transfer_to_an_agent_asks_for_no_role():
    order, _ = domain.transfer(reported(), NINE, reference().team("it"), agent_id="a7", step="survey")

    assert order.visits[0].need.key == "it"


# completing


def test_a_completed_step_keeps_what_was_filled_in():
    order = reported(deep=True)

    assert order.fields == {"symptom": "dead", "deep": True}


def test_all_faults_are_named_at_once():
    with pytest.raises(ValidationError) as refused:
        domain.complete_step(given_out(a_repair()), NINE, fields={"deep": 5, "colour": "red"}, fee={"amount": 3})

    assert sorted(refused.value.fields) == ["fee.amount", "fields.colour", "fields.deep", "fields.symptom"]


def test_a_step_that_nobody_has_cannot_be_completed():
    with pytest.raises(NoSuchMove):
        domain.complete_step(a_repair(), NINE, fields={"symptom": "dead"})


def test_a_step_is_done_only_when_its_exit_condition_holds():
    with pytest.raises(CannotLeave) as refused:
        domain.complete_step(given_out(reported()), NINE, step="approval", fields={"approved": False})

    assert refused.value.details == {"rule": "exit", "step": "approval", "condition": "fields.approved"}


def test_the_last_step_ends_the_work_with_a_solution():
    order, facts = domain.complete_step(checked(), after(hours=1), fields={"works": True}, solution="Mended")

    assert (order.state, order.solution, order.visits, order.agent) == (State.RESOLVED, "Mended", (), "checker")
    assert types(facts) == ["step_completed", "work_responded", "work_resolved"]


def test_the_last_step_asks_for_a_solution():
    with pytest.raises(ValidationError) as refused:
        domain.complete_step(checked(), NINE, fields={"works": True})

    assert list(refused.value.fields) == ["solution"]


def test_a_solution_before_the_last_step_is_refused_rather_than_lost():
    with pytest.raises(StepsRemain) as refused:
        domain.complete_step(checked(), NINE, fields={"works": False}, solution="Mended")

    assert refused.value.details["steps"] == ["fix"]


def test_held_work_has_to_be_resumed_before_a_step_is_completed():
    order, _ = domain.hold(given_out(approved()), NINE, "waiting_for_parts")

    with pytest.raises(NoSuchMove):
        domain.complete_step(order, NINE)


def test_work_without_a_flow_is_completed_with_a_solution():
    order, facts = domain.complete_step(an_order(), NINE, solution="Done")

    assert (order.state, types(facts)) == (State.RESOLVED, ["work_responded", "work_resolved"])


def test_work_without_a_flow_has_nothing_to_fill_in():
    with pytest.raises(ValidationError) as refused:
        domain.complete_step(an_order(), NINE, fields={"symptom": "dead"}, solution="Done")

    assert list(refused.value.fields) == ["fields.symptom"]


# resolving


@pytest.mark.parametrize("order", [given_out(a_repair()), given_out(reported()), checked()], ids=open_steps)
def test_work_that_has_to_go_through_more_is_not_resolved(order):
    with pytest.raises(StepsRemain):
        domain.resolve(order, NINE, "Done")


def test_the_refusal_to_resolve_names_the_steps_that_would_be_next():
    with pytest.raises(StepsRemain) as refused:
        domain.resolve(given_out(approved()), NINE, "Done")

    assert refused.value.details["steps"] == ["check"]


@pytest.mark.parametrize("hold", [False, True])
def test_work_in_its_last_step_with_nothing_to_fill_in_is_resolved(hold):
    flow = {"name": NAME, "start": "look", "steps": {"look": {"name": NAME, "next": "end"}}}
    order = given_out(a_repair(book=a_book(flow=flow)))
    if hold:
        order, _ = domain.hold(order, NINE, "waiting_for_customer")

    order, facts = domain.resolve(order, after(hours=1), "Done")

    assert (order.state, order.hold_reason) == (State.RESOLVED, None)
    assert types(facts) == ["step_completed", "work_responded", "work_resolved"]


# skipping


def test_a_late_step_that_may_be_skipped_is_skipped_and_stays_missed():
    order, _ = domain.advance(reported(deep=True), after(hours=2))

    order, (fact, *_) = domain.skip_step(order, after(hours=2), reason="no expert", step="survey")

    assert open_steps(order) == ["approval", "inspect"]
    assert (fact.type, fact.data["missed"], fact.data["reason"]) == ("step_skipped", True, "no expert")
    assert order.clocks["step/2"].met is False


def test_a_step_in_time_is_not_skipped():
    with pytest.raises(NotSkippable):
        domain.skip_step(reported(), NINE, reason="no expert", step="survey")


def test_a_step_that_may_not_be_skipped_is_not_skipped_however_late():
    order, _ = domain.advance(approved(), after(hours=9))

    with pytest.raises(NotSkippable):
        domain.skip_step(order, after(hours=9), reason="late", step="fix")


# rerouting


def test_a_supervisor_sends_work_back_whatever_is_open():
    order, facts = domain.reroute(given_out(reported()), NINE, to="report", reason="wrong customer")

    assert (open_steps(order), order.blocks, domain.claimed(order)) == (["report"], (), {})
    assert types(facts) == ["work_rerouted", "step_opened"]
    assert (facts[0].data["from_steps"], facts[0].data["to"]) == (["survey", "approval"], "report")


def test_what_a_reroute_gives_up_is_promised_no_more():
    order, _ = domain.reroute(reported(), NINE, to="fix", reason="known")

    assert order.clocks["step/2"].called_off_at == NINE


def test_a_reroute_within_a_branch_leaves_the_others_alone():
    order, _ = domain.reroute(given_out(reported()), NINE, to="inspect", reason="open it", step="survey")

    assert open_steps(order) == ["approval", "inspect"]
    assert len({visit.block for visit in order.visits}) == 1


def test_a_reroute_opens_a_step_whatever_its_entry_condition():
    order, _ = domain.reroute(reported(deep=False), NINE, to="inspect", reason="open it")

    assert "inspect" in open_steps(order)


@pytest.mark.parametrize(
    ("order", "to", "step"), [(approved(), "survey", None), (done(reported(), "survey"), "inspect", "approval")]
)
def test_work_is_not_sent_into_a_branch_that_it_is_not_in(order, to, step):
    with pytest.raises(OutOfBlock):
        domain.reroute(order, NINE, to=to, reason="look again", step=step)


def test_a_branch_that_has_come_to_its_join_is_opened_again_beside_the_others():
    order, facts = domain.reroute(done(reported(), "survey"), NINE, to="survey", reason="look again")

    assert (open_steps(order), [block.open for block in order.blocks]) == (["approval", "survey"], [2])
    assert len({visit.block for visit in order.visits}) == 1
    assert types(facts) == ["work_rerouted", "step_opened"]
    assert (facts[0].data["from_steps"], facts[0].data["agent"], facts[0].data["flow"]) == ([], None, "repair@1")


def test_a_branch_that_was_opened_again_is_waited_for():
    order, _ = domain.reroute(done(reported(), "survey"), NINE, to="survey", reason="look again")

    order = done(order, "approval", fields={"approved": True})
    assert open_steps(order) == ["survey"]
    assert open_steps(done(order, "survey")) == ["fix"]


NESTED = {
    "name": NAME,
    "start": "a",
    "steps": {
        "a": {"name": NAME, "next": [{"parallel": ["b", "c"], "join": "z"}]},
        "b": {"name": NAME, "next": [{"parallel": ["d", "e"], "join": "f"}]},
        "c": {"name": NAME, "next": "z"},
        "d": {"name": NAME, "next": "f"},
        "e": {"name": NAME, "next": "f"},
        "f": {"name": NAME, "next": "z"},
        "z": {"name": NAME, "next": "end"},
    },
}


def nested(*steps):
    """Work in a block within a block, after these steps."""
    order = a_repair(book=a_book(flow=NESTED))
    for step in ("a", *steps):
        order = done(order, step)
    return order


def test_an_outer_branch_is_opened_again_while_the_work_is_in_an_inner_block():
    order, _ = domain.reroute(nested("b", "c"), NINE, to="c", reason="again")

    assert open_steps(order) == ["d", "e", "c"]
    assert [open_steps(order := done(order, step)) for step in ("d", "e", "f", "c")] == [
        ["e", "c"],
        ["c", "f"],
        ["c"],
        ["z"],
    ]


def test_an_inner_branch_is_opened_again_in_its_own_block():
    order, _ = domain.reroute(nested("b", "d"), NINE, to="d", reason="again")

    assert [open_steps(order := done(order, step)) for step in ("e", "d", "f", "c")] == [
        ["c", "d"],
        ["c", "f"],
        ["c"],
        ["z"],
    ]


@pytest.mark.parametrize("to", ["b", "f"])
def test_a_branch_that_is_under_way_further_in_is_not_opened_again(to):
    with pytest.raises(OutOfBlock):
        domain.reroute(nested("b"), NINE, to=to, reason="again")


@pytest.mark.parametrize(
    ("order", "to"), [(approved(), "fix"), (reported(), "survey")], ids=["the only one", "in a branch"]
)
def test_a_reroute_to_a_step_that_is_open_is_refused_and_says_so(order, to):
    with pytest.raises(NothingChanges, match=f"^W-100001: step '{to}' is open already$"):
        domain.reroute(order, NINE, to=to, reason="again")


@pytest.mark.parametrize("order", [a_repair(), an_order()], ids=["repair", "one step"])
def test_a_step_that_the_flow_lacks_is_not_found(order):
    with pytest.raises(NotFound):
        domain.reroute(order, NINE, to="work", reason="again")


def test_held_work_that_is_rerouted_stays_held():
    order, _ = domain.hold(approved(), NINE, "other")

    assert domain.reroute(order, NINE, to="report", reason="wrong")[0].state is State.HELD


# fees


def test_a_fee_is_recorded_when_its_step_is_completed():
    order, facts = domain.complete_step(given_out(approved()), NINE, fee={"amount": "12.5", "note": "cable"})

    assert types(facts) == ["step_completed", "fee_recorded", "step_opened"]
    assert (facts[1].data["fee"], facts[1].data["amount"], facts[1].data["currency"]) == (1, "12.50", "CNY")
    assert order.fees[0].note == "cable"


def test_a_note_without_a_fee_is_refused_rather_than_lost():
    with pytest.raises(ValidationError) as refused:
        domain.complete_step(given_out(approved()), NINE, fee={"note": "cable"})

    assert list(refused.value.fields) == ["fee.amount"]


def test_fees_add_up_and_what_is_void_does_not_count():
    order = approved()
    for amount in (10, "0.10", 5):
        order = done(done(order, "fix", fee={"amount": amount}), "check", fields={"works": False})
    order, (fact,) = domain.void_fee(order, after(hours=1), 3, "charged twice")

    told = work(order, [], datetime(2026, 3, 2, 12, 0, tzinfo=UTC))

    assert told["fee_total"] == {"CNY": "10.10"}
    assert [fee["void_reason"] for fee in told["fees"]] == [None, None, "charged twice"]
    assert (fact.data["fee"], fact.data["amount"], fact.data["step"]) == (3, "5.00", "fix")


def test_a_fee_is_voided_once():
    order, _ = domain.void_fee(done(approved(), "fix", fee={"amount": 1}), NINE, 1, "was wrong")

    with pytest.raises(AlreadyVoid):
        domain.void_fee(order, NINE, 1, "was wrong")
    with pytest.raises(NotFound):
        domain.void_fee(order, NINE, 2, "was wrong")
