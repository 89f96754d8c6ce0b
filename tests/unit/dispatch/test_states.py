import pytest

from services.dispatch.domain.work.states import MOVES, VISIT_MOVES, Stage, State, after, stage_after, state_of
from services.dispatch.errors import NoSuchMove
from shared.errors import IllegalMove

IN_WORK = {"queued", "assigned", "accepted"}
ALLOWED = {
    "assign": {*IN_WORK, "held"},
    "accept": IN_WORK,
    "respond": {"assigned", "accepted", "held", "linked"},
    "hold": IN_WORK,
    "resume": {"held"},
    "transfer": {*IN_WORK, "held"},
    "reassign": {*IN_WORK, "held"},
    "hand_over": {*IN_WORK, "held"},
    "prioritise": {*IN_WORK, "held", "linked"},
    "triage": {*IN_WORK, "held"},
    "declare": {*IN_WORK, "held"},
    "announce": {*IN_WORK, "held"},
    "decline": {*IN_WORK, "held"},
    "link": {*IN_WORK, "held"},
    "unlink": {"linked"},
    "settle": {"linked"},
    "urge": {*IN_WORK, "held", "linked"},
    "intervene": {*IN_WORK, "held", "linked"},
    "watch": {*IN_WORK, "held", "linked", "resolved"},
    "appoint": {*IN_WORK, "held"},
    "set_subject": {*IN_WORK, "held", "linked", "resolved"},
    "complete": IN_WORK,
    "skip": IN_WORK,
    "reroute": {*IN_WORK, "held"},
    "resolve": {"assigned", "accepted", "held"},
    "reopen": {"resolved"},
    "close": {"resolved"},
    "withdraw": {*IN_WORK, "held", "linked", "resolved"},
}
OF_A_STEP = {
    "assign": {"queued": "assigned"},
    "accept": {"assigned": "accepted"},
    "lapse": {"assigned": "queued"},
    "decline": {"assigned": "queued", "accepted": "queued"},
    "transfer": dict.fromkeys(IN_WORK, "queued"),
    "reassign": dict.fromkeys(IN_WORK, "queued"),
    "hand_over": {"assigned": "assigned", "accepted": "assigned"},
    "let_go": {"assigned": "queued", "accepted": "queued"},
    "complete": {"assigned": None, "accepted": None},
    "skip": dict.fromkeys(IN_WORK),
    "reroute": dict.fromkeys(IN_WORK),
    "triage": dict.fromkeys(IN_WORK),
    "link": dict.fromkeys(IN_WORK),
    "resolve": dict.fromkeys(IN_WORK),
    "withdraw": dict.fromkeys(IN_WORK),
}
EVERY_PAIR = [(move, state) for move in ALLOWED for state in State]


def test_the_table_has_these_moves_and_no_others():
    assert {move: {str(state) for state in states} for move, states in MOVES.items()} == ALLOWED


@pytest.mark.parametrize(("move", "state"), EVERY_PAIR)
def test_a_move_that_the_table_lacks_is_refused_by_name(move, state):
    if state in ALLOWED[move]:
        assert after("W-1", move, state) in State
        return
    with pytest.raises(NoSuchMove) as refused:
        after("W-1", move, state)
    assert refused.value.details == {"rule": "transition", "move": move, "state": state}
    assert isinstance(refused.value, IllegalMove)


def test_the_table_of_an_open_step_has_these_moves_and_no_others():
    assert {move: {str(stage): to for stage, to in stages.items()} for move, stages in VISIT_MOVES.items()} == OF_A_STEP


@pytest.mark.parametrize(("move", "stage"), [("assign", "assigned"), ("accept", "queued"), ("complete", "queued")])
def test_a_move_that_does_not_fit_the_step_is_refused_by_name(move, stage):
    with pytest.raises(NoSuchMove) as refused:
        stage_after("W-1", move, Stage(stage))
    assert refused.value.details == {"rule": "transition", "move": move, "state": stage}


@pytest.mark.parametrize(
    ("stages", "state"),
    [
        (set(), "queued"),
        ({"queued"}, "queued"),
        ({"queued", "assigned"}, "assigned"),
        ({"queued", "accepted", "assigned"}, "accepted"),
    ],
)
def test_work_stands_where_the_step_stands_that_has_come_furthest(stages, state):
    assert state_of({Stage(stage) for stage in stages}) == state


def test_nothing_leads_out_of_closed_or_withdrawn():
    assert not any(end in states for end in (State.CLOSED, State.WITHDRAWN) for states in MOVES.values())


def test_a_move_to_a_state_that_it_does_not_lead_to_is_refused():
    with pytest.raises(NoSuchMove):
        after("W-1", "resume", State.HELD, State.RESOLVED)
