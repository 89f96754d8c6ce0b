import pytest

from services.dispatch.domain.states import MOVES, State, after
from services.dispatch.errors import NoSuchMove
from shared.errors import IllegalMove

ALLOWED = {
    "assign": {"queued", "held"},
    "accept": {"assigned"},
    "respond": {"assigned", "accepted", "held"},
    "hold": {"queued", "assigned", "accepted"},
    "resume": {"held"},
    "transfer": {"queued", "assigned", "accepted", "held"},
    "resolve": {"assigned", "accepted", "held"},
    "reopen": {"resolved"},
    "close": {"resolved"},
    "withdraw": {"queued", "assigned", "accepted", "held", "resolved"},
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


def test_nothing_leads_out_of_closed_or_withdrawn():
    assert not any(end in states for end in (State.CLOSED, State.WITHDRAWN) for states in MOVES.values())


def test_a_move_to_a_state_that_it_does_not_lead_to_is_refused():
    with pytest.raises(NoSuchMove):
        after("W-1", "resume", State.HELD, State.RESOLVED)
