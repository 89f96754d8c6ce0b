"""What a flow's course has to prove before work runs through it."""

from tests.unit.dispatch.flows.builders import a_flow, a_step, faults


def test_a_step_that_nothing_leads_to_is_a_fault_at_that_step():
    assert faults({"a": a_step("end"), "b": a_step("end")}) == {
        "steps.b": ["nothing leads here from a; name it in a step's next, or remove it"]
    }


def test_a_loop_without_an_exit_is_a_fault_at_each_of_its_steps():
    never = ["never comes to end; some way from here has to lead out of the loop"]

    assert faults({"a": a_step("b"), "b": a_step("a")}) == {"steps.a.next": never, "steps.b.next": never}


def test_a_loop_with_an_exit_is_sound():
    again = [{"to": "a", "when": "visits.a < 3"}, {"to": "end"}]

    assert faults({"a": a_step("b"), "b": a_step(again)}) == {}


def test_branches_that_come_to_their_join_are_sound_and_each_step_stands_in_its_place():
    flow = a_flow(
        {
            "a": a_step({"parallel": ["b", "c"], "join": "d"}),
            "b": a_step("b2"),
            "b2": a_step("d"),
            "c": a_step("d"),
            "d": a_step("end"),
        }
    )

    assert flow.places == {
        "a": (),
        "b": (("a", 0, 0),),
        "b2": (("a", 0, 0),),
        "c": (("a", 0, 1),),
        "d": (),
    }


def test_a_branch_may_not_end_the_work():
    steps = {
        "a": a_step({"parallel": ["b", "c"], "join": "d"}),
        "b": a_step("d"),
        "c": a_step([{"to": "end", "when": "overdue"}, {"to": "d"}]),
        "d": a_step("end"),
    }

    assert faults(steps) == {"steps.c.next.0": ["a parallel branch may not end the work: it leads to d"]}


def test_branches_share_no_step():
    steps = {
        "a": a_step({"parallel": ["b", "c"], "join": "d"}),
        "b": a_step("x"),
        "c": a_step("x"),
        "x": a_step("d"),
        "d": a_step("end"),
    }

    [(path, [message])] = faults(steps).items()
    assert path in ("steps.b.next", "steps.c.next")
    assert message in (
        "x is reached in branch 1 of a's parallel steps and in branch 2 of a's parallel steps; a step stands in one "
        "place only",
        "x is reached in branch 2 of a's parallel steps and in branch 1 of a's parallel steps; a step stands in one "
        "place only",
    )


def test_nobody_jumps_into_a_branch_and_nobody_out():
    into = {
        "a": a_step([{"to": "b", "when": "overdue"}, {"parallel": ["b", "c"], "join": "d"}]),
        "b": a_step("d"),
        "c": a_step("d"),
        "d": a_step("end"),
    }
    out = {
        "a": a_step({"parallel": ["b", "c"], "join": "d"}),
        "b": a_step([{"to": "a", "when": "overdue"}, {"to": "d"}]),
        "c": a_step("d"),
        "d": a_step("end"),
    }

    assert list(faults(into)) == ["steps.a.next.1"]
    assert list(faults(out)) == ["steps.b.next.0"]


def test_an_inner_block_has_a_join_of_its_own():
    steps = {
        "a": a_step({"parallel": ["b", "c"], "join": "d"}),
        "b": a_step({"parallel": ["e", "f"], "join": "d"}),
        "c": a_step("d"),
        "e": a_step("d"),
        "f": a_step("d"),
        "d": a_step("end"),
    }

    assert faults(steps)["steps.b.next"] == [
        "leads to d, where a block around it joins; this block needs a join of its own inside that one"
    ]


def test_a_branch_that_goes_round_for_ever_never_comes_to_the_join():
    steps = {
        "a": a_step({"parallel": ["b", "c"], "join": "d"}),
        "b": a_step("b"),
        "c": a_step("d"),
        "d": a_step("end"),
    }

    assert faults(steps) == {
        "steps.b.next": ["never comes to d; some way from here has to lead out of the loop"],
    }


def test_a_loop_of_steps_that_may_all_be_passed_over_is_a_fault():
    again = [{"to": "a", "when": "visits.a < 3"}, {"to": "end"}]
    message = ["all steps of a loop have an enter; one of them has to be entered always"]

    assert faults({"a": a_step("b", enter="overdue"), "b": a_step(again, enter="overdue")}) == {
        "steps.a.enter": message,
        "steps.b.enter": message,
    }
    assert faults({"a": a_step("b", enter="overdue"), "b": a_step(again)}) == {}


def test_a_block_holds_a_loop_up_as_long_as_one_branch_cannot_be_passed_over():
    def steps(enter_of_c):
        return {
            "a": a_step({"parallel": ["b", "c"], "join": "d"}, enter="overdue"),
            "b": a_step("d", enter="overdue"),
            "c": a_step("d", **enter_of_c),
            "d": a_step([{"to": "a", "when": "overdue"}, {"to": "end"}], enter="overdue"),
        }

    assert faults(steps({})) == {}
    assert list(faults(steps({"enter": "overdue"}))) == ["steps.a.enter", "steps.d.enter"]


def test_the_last_way_has_no_condition_and_the_others_have_one():
    conditional = a_step([{"to": "end", "when": "overdue"}])
    dead = a_step([{"to": "end"}, {"to": "end", "when": "overdue"}, {"to": "end"}])

    assert faults({"a": conditional}) == {
        "steps.a.next.0.when": ["the last way has no condition, so that there always is one; add one after it"]
    }
    assert faults({"a": dead}) == {
        "steps.a.next.0": ["is always taken, so what stands after it never is; give it a `when`, or put it last"]
    }


def test_reopened_work_goes_on_outside_parallel_steps():
    steps = {
        "a": a_step({"parallel": ["b", "c"], "join": "d"}),
        "b": a_step("d"),
        "c": a_step("d"),
        "d": a_step("end"),
    }

    assert faults(steps, reopen_at="b") == {
        "reopen_at": ["b is a parallel step; reopened work goes on outside parallel steps"]
    }
    assert a_flow(steps, reopen_at="d").reopen_at == "d"
    assert a_flow(steps).reopen_at == "a"
