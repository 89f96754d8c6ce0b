"""How work goes through its flow."""

from copy import deepcopy
from dataclasses import replace

from services.dispatch import domain
from services.dispatch.domain import State
from tests.unit.dispatch.builders import NINE, after, an_order, reference, types
from tests.unit.dispatch.courses import (
    NAME,
    REPAIR,
    TEXT,
    YES_NO,
    a_book,
    a_repair,
    approved,
    done,
    given_out,
    open_steps,
    reported,
)


def a_flow(**steps):
    """A flow of these steps, which starts at the first."""
    steps = {code: {"name": NAME, **step} for code, step in steps.items()}
    return {"name": NAME, "start": next(iter(steps)), "steps": steps}


def under(flow, **ticket):
    """Work that begins under that flow."""
    return a_repair(book=a_book(flow=flow), **ticket)


def test_work_begins_at_the_start_of_its_flow():
    order = a_repair()

    assert (open_steps(order), order.state, str(order.flow)) == (["report"], State.QUEUED, "repair@1")


def test_completing_a_step_opens_the_next_one():
    order, facts = domain.complete_step(given_out(approved()), after(hours=1), step="fix")

    assert open_steps(order) == ["check"]
    assert types(facts) == ["step_completed", "step_opened"]
    assert (facts[1].data["step"], facts[1].data["visit"], facts[1].data["step_name"]) == ("check", 5, NAME)


def test_a_condition_decides_where_work_goes():
    fixed = done(approved(), "fix")

    assert open_steps(done(fixed, "check", fields={"works": False})) == ["fix"]
    assert done(fixed, "check", fields={"works": True}, solution="Mended").state is State.RESOLVED


def test_branches_are_open_at_once():
    order, facts = domain.complete_step(given_out(a_repair()), NINE, fields={"symptom": "dead"})

    assert open_steps(order) == ["survey", "approval"]
    assert types(facts) == ["step_completed", "work_split", "step_opened", "step_opened"]
    assert len({visit.block for visit in order.visits}) == 1


def test_a_join_waits_for_every_branch():
    order = done(reported(), "survey")
    assert open_steps(order) == ["approval"]

    order, facts = domain.complete_step(given_out(order), NINE, step="approval", fields={"approved": True})

    assert (open_steps(order), order.blocks, order.visits[0].block) == (["fix"], (), None)
    assert types(facts) == ["step_completed", "branch_arrived", "step_opened"]


def test_a_step_whose_entry_condition_does_not_hold_is_passed_over():
    order, facts = domain.complete_step(given_out(reported(deep=False)), NINE, step="survey")

    assert open_steps(order) == ["approval"]
    assert types(facts) == ["step_completed", "step_passed_over", "branch_arrived"]


def test_a_step_whose_entry_condition_holds_is_opened():
    assert open_steps(done(reported(deep=True), "survey")) == ["approval", "inspect"]


def test_branches_within_branches_join_from_the_inside_out():
    flow = a_flow(
        a={"next": [{"parallel": ["b", "c"], "join": "z"}]},
        b={"next": [{"parallel": ["d", "e"], "join": "f"}]},
        c={"next": "z"},
        d={"next": "f"},
        e={"next": "f"},
        f={"next": "z"},
        z={"next": "end"},
    )
    order = done(under(flow), "a")

    seen = []
    for step in ("b", "d", "c", "e", "f"):
        order = done(order, step)
        seen.append(open_steps(order))

    assert seen == [["c", "d", "e"], ["c", "e"], ["e"], ["f"], ["z"]]
    assert order.blocks == ()


def test_branches_that_are_passed_over_altogether_join_at_once():
    flow = a_flow(
        a={"next": [{"parallel": ["b", "c"], "join": "z"}]},
        b={"enter": 'priority == "P4"', "next": "z"},
        c={"enter": 'priority == "P4"', "next": "z"},
        z={"next": "end"},
    )

    assert open_steps(done(under(flow), "a")) == ["z"]


def test_work_whose_steps_are_all_passed_over_begins_at_the_first_all_the_same():
    flow = a_flow(a={"enter": 'priority == "P4"', "next": "b"}, b={"enter": 'priority == "P4"', "next": "end"})

    assert open_steps(under(flow)) == ["a"]
    assert open_steps(under(flow, priority="P4")) == ["a"]


def test_work_may_begin_behind_steps_that_are_passed_over():
    flow = a_flow(a={"enter": 'priority == "P4"', "next": "b"}, b={"next": "end"})

    assert open_steps(under(flow)) == ["b"]


def test_a_condition_may_ask_how_often_a_step_was_opened():
    flow = a_flow(a={"next": [{"to": "b", "when": "visits.a > 1"}, "a"]}, b={"next": "end"})
    once = done(under(flow), "a")

    assert (open_steps(once), open_steps(done(once, "a"))) == (["a"], ["b"])


def test_a_condition_may_ask_whether_the_step_was_late():
    flow = a_flow(
        a={"within": "1h", "next": [{"to": "b", "when": "overdue"}, "c"]}, b={"next": "end"}, c={"next": "end"}
    )
    order = given_out(under(flow))
    late, _ = domain.advance(order, after(hours=2))

    assert open_steps(domain.complete_step(order, NINE)[0]) == ["c"]
    assert open_steps(domain.complete_step(late, after(hours=2))[0]) == ["b"]


OFFER = a_flow(
    offer={"fields": {"amount": {"type": "integer", "required": True, "name": NAME}}, "next": "approval"},
    approval={
        "enter": "fields.amount > 500",
        "fields": {"refused": YES_NO},
        "within": "1h",
        "skippable": "overdue",
        "next": [{"to": "offer", "when": "fields.refused"}, "pay"],
    },
    pay={"next": "end"},
)
"""An offer that is made again where it was refused; a small one needs no approval."""


def refused_offer():
    """Work whose first offer was refused."""
    order = done(under(OFFER), "offer", fields={"amount": 900})
    return given_out(done(order, "approval", fields={"refused": True}))


def test_what_was_filled_in_before_is_gone_where_a_step_is_opened_again():
    order = done(refused_offer(), "offer", fields={"amount": 800})

    assert (open_steps(order), order.fields) == (["approval"], {"amount": 800})


def test_a_step_that_is_skipped_when_it_comes_again_leads_on_with_nothing_filled_in():
    late, _ = domain.advance(done(refused_offer(), "offer", fields={"amount": 800}), after(hours=2))

    assert open_steps(domain.skip_step(late, after(hours=2), reason="nobody there")[0]) == ["pay"]


def test_a_step_that_is_passed_over_when_it_comes_again_leads_on_with_nothing_filled_in():
    order, facts = domain.complete_step(refused_offer(), NINE, fields={"amount": 100})

    assert (open_steps(order), order.fields) == (["pay"], {"amount": 100})
    assert types(facts) == ["step_completed", "step_passed_over", "step_opened"]
    assert facts[1].set == {"fields": {"amount": 100}}


def test_a_step_that_comes_for_the_first_time_keeps_what_others_filled_in_of_its_fields():
    shared = {"fields": {"place": TEXT}}
    order = under(a_flow(a={**shared, "next": "b"}, b={**shared, "next": "end"}))

    assert done(order, "a", fields={"place": "Room 5"}).fields == {"place": "Room 5"}


def test_who_does_a_step_is_whom_its_definition_names():
    order = reported()
    needs = {visit.step: visit.need.key for visit in order.visits}

    assert needs == {"survey": "it#expert", "approval": "desk"}
    assert (order.visits[1].supervisor, order.visits[1].duty_manager) == ("chief.desk", None)


def test_a_step_that_names_no_team_is_the_works_own_teams():
    assert a_repair().visits[0].need.key == "it"


def test_a_named_agent_who_is_not_on_the_works_team_gets_it_in_its_own():
    agents = {"d1": {"name": "D", "teams": ["desk"], "capacity": 1}}
    flow = a_flow(a={"who": {"agent": "d1"}, "next": "end"})

    assert a_repair(book=a_book(flow=flow, agents=agents)).visits[0].need.key == "desk=d1"


def test_a_steps_work_that_names_no_team_follows_a_transfer():
    order, _ = domain.transfer(approved(), NINE, reference().team("desk"))

    assert open_steps(done(order, "fix")) == ["check"]
    assert done(order, "fix").visits[0].need.team == "desk"


def test_a_step_that_names_its_team_takes_only_itself_along():
    order, _ = domain.transfer(reported(), NINE, reference().team("it"), step="approval")
    order = done(done(order, "survey"), "approval", fields={"approved": True})

    assert order.visits[0].need.team == "it"


def test_reopened_work_goes_on_where_its_definition_says():
    order = done(done(approved(), "fix"), "check", fields={"works": True}, solution="Mended")

    order, facts = domain.reopen(order, after(days=1), reason="again", cause="customer")

    assert (open_steps(order), order.state, order.visits[0].number) == (["fix"], State.QUEUED, 6)
    assert types(facts) == ["work_reopened", "step_opened"]


def test_work_keeps_to_the_version_of_its_flow():
    changed = deepcopy(dict(REPAIR))
    changed["steps"]["fix"]["next"] = [{"to": "end", "when": "visits.fix > 0"}, "check"]
    books = {1: a_book(), 2: a_book(flow=changed, version=2)}
    order = replace(approved(book=books[1]), books=books.__getitem__)

    assert open_steps(done(order, "fix")) == ["check"]


# what the history says of why


def why(fact, *names):
    """These of what a fact tells."""
    return {name: fact.data[name] for name in names}


def test_a_completed_step_says_where_it_leads_and_by_which_condition():
    checked = given_out(done(approved(), "fix"))

    _, (again, opened) = domain.complete_step(checked, NINE, fields={"works": False})
    _, (over, *_) = domain.complete_step(checked, NINE, fields={"works": True}, solution="Mended")

    assert why(again, "flow", "way") == {"flow": "repair@1", "way": {"to": ["fix"], "when": None}}
    assert over.data["way"] == {"to": ["end"], "when": "fields.works"}
    assert why(opened, "flow", "step") == {"flow": "repair@1", "step": "fix"}


def test_a_split_and_a_join_say_by_which_flow_and_what_led_there():
    order, facts = domain.complete_step(given_out(a_repair()), NINE, fields={"symptom": "dead"})
    _, joined = domain.complete_step(given_out(done(order, "survey")), NINE, fields={"approved": True})

    assert facts[0].data["way"] == {"to": ["survey", "approval"], "when": None}
    assert why(facts[1], "flow", "branches", "join") == {
        "flow": "repair@1",
        "branches": ["survey", "approval"],
        "join": "fix",
    }
    assert why(joined[1], "flow", "join", "open") == {"flow": "repair@1", "join": "fix", "open": 0}


def test_a_step_that_is_passed_over_says_which_condition_did_not_hold_and_where_the_work_went():
    _, (_, passed, _) = domain.complete_step(given_out(reported(deep=False)), NINE, step="survey")

    assert why(passed, "step", "flow", "condition", "way") == {
        "step": "inspect",
        "flow": "repair@1",
        "condition": "fields.deep",
        "way": {"to": ["fix"], "when": None},
    }


def test_a_skipped_step_says_where_it_leads():
    late, _ = domain.advance(reported(deep=True), after(hours=2))

    _, (skipped, *_) = domain.skip_step(late, after(hours=2), reason="nobody there", step="survey")

    assert why(skipped, "flow", "way") == {"flow": "repair@1", "way": {"to": ["inspect"], "when": None}}


def test_the_way_of_a_late_step_is_the_one_that_it_took():
    flow = a_flow(
        a={"within": "1h", "next": [{"to": "b", "when": "overdue"}, "c"]}, b={"next": "end"}, c={"next": "end"}
    )
    late, _ = domain.advance(given_out(under(flow)), after(hours=2))

    assert domain.complete_step(late, after(hours=2))[1][0].data["way"] == {"to": ["b"], "when": "overdue"}


def test_work_without_a_flow_names_none():
    _, (fact,) = domain.assign(an_order(agent=None), NINE, "a1")

    assert why(fact, "flow", "step") == {"flow": None, "step": None}
