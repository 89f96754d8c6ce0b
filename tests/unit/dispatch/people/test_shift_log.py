"""What one shift leaves to the next."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from services.dispatch.domain import Agent
from services.dispatch.domain.people.shift_log import (
    MOST_NOTES,
    As,
    Change,
    LogState,
    ShiftLog,
    a_log,
    acknowledge,
    add_note,
    change_at,
    ends,
    next_end,
    write,
)
from services.dispatch.errors import AlreadyAcknowledged, NotOnShift, ShiftNotOver, TooManyNotes
from services.dispatch.storage.shift_log_documents import shift_log_document, shift_log_from
from tests.unit.dispatch.builders import an_agent
from tests.unit.dispatch.people.builders import a_roster, day, extra, leave

ROSTER = a_roster()  # early 6 to 14, early, late 14 to 22, late, night 22 to 6, night, rest, rest; from 2 March
EARLY, LATE, NIGHT, RESTING = (
    an_agent(name, rota="desk", rota_offset=offset) for name, offset in (("e1", 0), ("l1", 2), ("n1", 4), ("r1", 6))
)
TEAM = [EARLY, LATE, NIGHT, RESTING]


def written(change: Change | None = None) -> ShiftLog:
    """The log of the early shift of 2 March, with the late one to come."""
    log, _ = write(a_log("it", day(2, 14)), day(2, 14), change or change_at(TEAM, ROSTER, day(2, 14)), {"open": 1}, [])
    return log


def test_a_log_is_named_by_its_team_and_the_end_of_the_shift() -> None:
    assert a_log("it", day(2, 14)).log_id == "it/2026-03-02T14:00:00Z"


def test_a_shift_of_the_team_ends_when_a_duty_of_somebody_on_it_ends() -> None:
    assert ends(TEAM, ROSTER, day(2, 6), day(3, 6)) == [day(2, 14), day(2, 22), day(3, 6)]


def test_an_end_counts_at_its_own_instant_and_not_again_after_it() -> None:
    assert ends(TEAM, ROSTER, day(2, 13, 59), day(2, 14)) == [day(2, 14)]
    assert ends(TEAM, ROSTER, day(2, 14), day(2, 15)) == []


def test_a_shift_ends_by_the_rota_also_when_all_of_it_are_on_leave() -> None:
    away = replace(EARLY, exceptions=(leave(day(2), day(3)),))

    assert ends([away], ROSTER, day(2, 6), day(2, 22)) == [day(2, 14)]


def test_the_beginning_of_a_leave_in_the_midst_of_a_duty_ends_no_shift() -> None:
    away = replace(EARLY, exceptions=(leave(day(2, 10), day(2, 12)),))

    assert ends([away], ROSTER, day(2, 6), day(2, 22)) == [day(2, 14)]


def test_agents_without_a_rota_end_no_shift() -> None:
    assert ends([an_agent()], ROSTER, day(2), day(9)) == []


def test_the_next_end_is_that_of_the_shift_that_goes_on() -> None:
    assert (next_end(TEAM, ROSTER, day(2, 9)), next_end([an_agent()], ROSTER, day(2, 9))) == (day(2, 14), None)


def test_a_change_names_who_goes_and_what_comes() -> None:
    assert change_at(TEAM, ROSTER, day(2, 14)) == Change(
        shifts=("early",), on=("e1",), next_shifts=("late",), next_at=day(2, 14)
    )


def test_who_is_on_leave_was_not_on() -> None:
    away = replace(EARLY, exceptions=(leave(day(2), day(3)),))

    assert change_at([away, LATE], ROSTER, day(2, 14)).on == ()


def test_where_nobody_follows_at_once_the_next_shift_is_the_first_that_comes() -> None:
    change = change_at([EARLY], ROSTER, day(2, 14))

    assert (change.next_shifts, change.next_at) == (("early",), day(3, 6))


def test_without_any_duty_ahead_there_is_no_next_shift() -> None:
    away = replace(EARLY, exceptions=(leave(day(2, 14), day(30)),))

    assert change_at([away], ROSTER, day(2, 14)) == Change(shifts=("early",), on=("e1",))


def test_a_log_is_written_with_what_is_open() -> None:
    change = change_at(TEAM, ROSTER, day(2, 14))

    log, (fact,) = write(a_log("it", day(2, 14)), day(2, 14, 1), change, {"open": 1, "near": 1}, [{"order_no": "W-1"}])

    assert (log.state, log.counts, log.rows, log.written_at) == (
        LogState.WRITTEN,
        {"open": 1, "near": 1},
        ({"order_no": "W-1"},),
        day(2, 14, 1),
    )
    assert (fact.type, fact.data["to"], fact.data["next_at"], fact.data["counts"]) == (
        "shift_log_written",
        ["late"],
        day(2, 14),
        {"open": 1, "near": 1},
    )


def test_a_log_is_written_once() -> None:
    log = written()

    assert write(log, day(2, 15), Change(), {"open": 9}, []) == (log, [])


def test_notes_of_the_shift_are_kept_when_its_log_is_written() -> None:
    log, _ = add_note(a_log("it", day(2, 14)), day(2, 9), "e1", "The lift is out of order.")

    log, (fact,) = write(log, day(2, 14), Change(), {}, [])

    assert ([note.text for note in log.notes], fact.data["notes"]) == (["The lift is out of order."], 1)


def test_a_log_takes_so_many_notes_and_no_more() -> None:
    log = a_log("it", day(2, 14))
    for number in range(MOST_NOTES):
        log, _ = add_note(log, day(2, 9), "e1", str(number))

    with pytest.raises(TooManyNotes):
        add_note(log, day(2, 9), "e1", "one more")


def test_somebody_of_the_next_shift_acknowledges_it() -> None:
    log, (fact,) = acknowledge(written(), day(2, 14, 5), LATE, ROSTER, "all clear")

    assert (log.state, log.acknowledged_by, log.acknowledged_at, log.acknowledgement) == (
        LogState.ACKNOWLEDGED,
        "l1",
        day(2, 14, 5),
        "all clear",
    )
    assert (fact.type, fact.data) == (
        "shift_log_acknowledged",
        {"agent": "l1", "as": "next_shift", "note": "all clear"},
    )


@pytest.mark.parametrize("agent", [EARLY, NIGHT, RESTING, an_agent(), replace(LATE, teams=("desk",))])
def test_nobody_else_acknowledges_it(agent: Agent) -> None:
    with pytest.raises(NotOnShift):
        acknowledge(written(), day(2, 14, 5), agent, ROSTER, None)


def test_who_has_taken_a_duty_of_the_next_shift_is_on_it() -> None:
    stepped_in = replace(RESTING, exceptions=(extra(day(2, 14), day(2, 22), "late"),))

    assert acknowledge(written(), day(2, 14, 5), stepped_in, ROSTER, None)[0].acknowledged_by == "r1"


def test_who_is_on_leave_is_not_on_the_next_shift() -> None:
    away = replace(LATE, exceptions=(leave(day(2), day(3)),))

    with pytest.raises(NotOnShift):
        acknowledge(written(), day(2, 14, 5), away, ROSTER, None)


def test_the_teams_supervisor_acknowledges_what_nobody_else_does() -> None:
    log, (fact,) = acknowledge(written(), day(2, 14, 5), an_agent("chief"), ROSTER, "seen", "chief")

    assert (log.acknowledged_by, log.acknowledged_as, fact.data["as"]) == ("chief", As.SUPERVISOR, "supervisor")


@pytest.mark.parametrize("at", [day(2, 14, 5), day(3, 14, 5)], ids=["at once", "a day later"])
def test_without_a_next_shift_whoever_comes_on_duty_acknowledges(at: datetime) -> None:
    log, _ = acknowledge(written(Change(shifts=("early",))), at, LATE, ROSTER, None)

    assert (log.acknowledged_by, log.acknowledged_as) == ("l1", As.LATER_SHIFT)


@pytest.mark.parametrize("agent", [RESTING, an_agent(), replace(LATE, teams=("desk",))])
def test_without_a_next_shift_nobody_does_who_is_not_on_duty_of_that_team(agent: Agent) -> None:
    with pytest.raises(NotOnShift):
        acknowledge(written(Change(shifts=("early",))), day(2, 14, 5), agent, ROSTER, None)


def test_a_log_whose_shift_goes_on_is_not_acknowledged() -> None:
    with pytest.raises(ShiftNotOver):
        acknowledge(a_log("it", day(2, 14)), day(2, 13), LATE, ROSTER, None)


def test_a_log_is_acknowledged_once_and_takes_no_notes_then() -> None:
    log, _ = acknowledge(written(), day(2, 14, 5), LATE, ROSTER, None)

    with pytest.raises(AlreadyAcknowledged):
        acknowledge(log, day(2, 14, 6), LATE, ROSTER, None)
    with pytest.raises(AlreadyAcknowledged):
        add_note(log, day(2, 14, 6), "l1", "too late")


def test_a_log_is_the_same_after_it_was_stored() -> None:
    log, _ = add_note(written(), day(2, 14, 1), "e1", "The lift is out of order.")
    log, _ = acknowledge(log, day(2, 14, 5), LATE, ROSTER, "all clear")

    stored = {"_id": log.log_id, **shift_log_document(log), "version": 0, "last_at": None, "replay_until": None}

    assert shift_log_from(stored) == log
