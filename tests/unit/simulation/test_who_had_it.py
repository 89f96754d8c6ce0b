"""Choices, rows of assignments and agents of an export are held against each other, not only against themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from deploy.simulation import loading
from deploy.simulation.errors import DamagedLog
from deploy.simulation.witness import Witness, around
from services.dispatch import domain
from services.dispatch.domain.assigning.record import digest
from shared.clock import to_text
from tests.unit.dispatch.builders import NINE, after, an_agent
from tests.unit.simulation.builders import (
    History,
    an_export,
    lines_of,
    put_lines,
    resolved_history,
    sealed_again,
    told_before,
)

Row = dict[str, Any]


@pytest.fixture
def export(tmp_path: Path) -> Path:
    return an_export(tmp_path / "log.jsonl", [resolved_history(1).row])


def edited(export: Path, line: int, edit: Callable[[Row], object], *, sealed: bool = False) -> Path:
    lines = lines_of(export)
    edit(lines[line - 1])
    if sealed:
        lines[line - 1] = sealed_again(lines[line - 1])
    return put_lines(export, lines)


def refused(path: Path) -> tuple[int, str]:
    with pytest.raises(DamagedLog) as caught:
        loading.export(path)
    return caught.value.line, caught.value.field


def found(path: Path) -> list[tuple[int, str, str, str]]:
    return [(one.number, one.what, one.recorded, one.again) for one in loading.export(path).differences]


def without(path: Path, kind: str) -> Path:
    lines = [line for line in lines_of(path) if line["kind"] != kind]
    lines[-1]["lines"] = len(lines)
    return put_lines(path, lines)


def test_an_export_without_the_agents_that_its_choices_name_is_damaged(export: Path) -> None:
    assert refused(without(export, "agents")) == (3, "assignments.0.agent")


def test_a_candidate_of_whom_there_is_no_line(export: Path) -> None:
    assert refused(edited(export, 5, lambda row: row["assignments"][0]["record"].update(agents=["a1", "a9"]))) == (
        5,
        "assignments.0.record.agents",
    )


def test_a_version_of_the_reference_data_that_is_not_there(tmp_path: Path) -> None:
    def newer(row: Row) -> None:
        row["entries"][0]["set"]["policy"]["version"] = 9

    export = an_export(tmp_path / "log.jsonl", [resolved_history().row])

    assert refused(edited(export, 5, newer, sealed=True)) == (5, "entries.0.set")


def test_a_hand_over_that_does_not_stand_in_the_export(export: Path) -> None:
    def handed_over(row: Row) -> None:
        given = next(one for one in row["entries"] if one["type"] == "work_assigned")
        given |= {"type": "work_handed_over"}
        given["data"] |= {"principal": "a1", "agent": "a2"}

    assert refused(edited(export, 5, handed_over, sealed=True)) == (5, "entries.1.data.principal")


def test_a_row_opened_at_another_time_than_its_history(export: Path) -> None:
    early = to_text(NINE - timedelta(minutes=1))

    assert refused(edited(export, 5, lambda row: row.update(opened_at=early))) == (5, "opened_at")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("agent", "a2"),
        ("assigned_at", "2020-01-01T00:00:00.000Z"),
        ("accepted_at", None),
        ("ended_at", "2030-01-01T00:00:00.000Z"),
        ("outcome", "declined"),
        ("accept_by", "2030-01-01T00:00:00.000Z"),
        ("units", 7),
        ("digest", "0" * 64),
    ],
)
def test_a_row_that_says_otherwise_than_the_history(export: Path, name: str, value: object) -> None:
    (one,) = found(edited(export, 5, lambda row: row["assignments"][0].update({name: value})))

    assert one[:3] == (2, f"assignment 1, {name}", str(value))


def test_a_row_of_which_the_history_knows_nothing(export: Path) -> None:
    edited(export, 5, lambda row: row["assignments"].append({**row["assignments"][0], "number": 2}))

    assert found(export) == [(0, "assignment 2", "a1", "the history has none")]


def test_an_agent_who_took_less_than_the_choice_says(tmp_path: Path) -> None:
    export = an_export(
        tmp_path / "log.jsonl", [resolved_history().row], people=[an_agent("a1", capacity=1), an_agent("a2")]
    )

    assert found(export)[0] == (2, "work_assigned, a1: capacity", "3", "1")


def test_an_agent_who_had_gone_when_it_was_chosen(export: Path) -> None:
    def gone(row: Row) -> None:
        row["entries"][1]["data"]["status"] = row["state"]["presence"]["status"] = "away"

    assert found(edited(export, 3, gone, sealed=True)) == [(2, "work_assigned, a1: status", "available", "away")]


def test_work_given_with_another_limit_to_accept_it(export: Path) -> None:
    def later(row: Row) -> None:
        given = row["entries"][1]
        given["data"]["accept_by"] = row["assignments"][0]["accept_by"] = to_text(after(hours=9))

    assert found(edited(export, 5, later, sealed=True)) == [
        (2, "work_assigned, accept_by", to_text(after(hours=9)), "None")
    ]


def test_a_choice_of_other_work_than_the_history_tells_of(export: Path) -> None:
    def other(row: Row) -> None:
        kept, given = row["assignments"][0], row["entries"][1]
        kept["record"]["task"]["customer_id"] = "c9"
        kept["digest"] = given["data"]["choice"] = digest(kept["record"])

    assert found(edited(export, 5, other, sealed=True)) == [(2, "work_assigned, customer_id of the task", "c9", "c1")]


def test_work_that_waits_for_others_than_its_step_needs(tmp_path: Path) -> None:
    history = History(1)
    history.then(lambda order, at: domain.decline(order, at, reason="not mine"), after(minutes=1), "request 1")
    row = history.row
    declined = row["entries"][-1]
    number = len(row["entries"]) + 1
    data = {"team": "it", "agent": None, "visit": 1, "need": "desk"}
    row["entries"].append({**declined, "number": number, "type": "work_queued", "data": data, "set": {}})
    row["head"]["number"] = number

    assert found(an_export(tmp_path / "log.jsonl", [sealed_again(row)])) == [
        (number, "work_queued, need", "desk", "it")
    ]


# agents' states


@pytest.mark.parametrize(
    ("name", "value", "field"),
    [
        ("capacity", -5, "state.capacity"),
        ("capacity", "many", "state.capacity"),
        ("capacity", 9, "state.capacity"),
        ("skills", {"radio": 99}, "state.skills.radio"),
        ("role", "king", "state.role"),
        ("presence", {"status": "asleep"}, "state.presence"),
        ("presence", {"status": "available", "since": "soon"}, "state.presence.since"),
        ("presence", {"status": "away", "since": None, "until": None, "lasts": None}, "state.presence.status"),
        ("exceptions", [{"kind": "leave", "since": "soon", "until": None}], "state.exceptions.0.since"),
        ("exceptions", 3, "state.exceptions"),
    ],
)
def test_a_state_that_no_agent_can_have(export: Path, name: str, value: object, field: str) -> None:
    assert refused(edited(export, 3, lambda row: row["state"].update({name: value}))) == (3, field)


# hand-overs


def a_hand_over(since: datetime, until: datetime) -> Mapping[str, Any]:
    times = {"since": to_text(since), "until": to_text(until)}
    return {"id": "h1", "agent": "a1", "to": "a2", "reason": "leave", "by": "chief", **times}


def test_who_has_the_work_of_whom_follows_from_the_hand_overs() -> None:
    witness = Witness()
    told = told_before(("hand_over_made", a_hand_over(after(hours=1), after(hours=2))))["entries"]
    witness.register([{**entry, "at": NINE} for entry in told])

    assert witness.holders("a1", around(NINE, NINE)) == {"a1"}
    assert witness.holders("a1", around(after(minutes=90), after(minutes=90))) == {"a2"}
    assert witness.holders("a1", around(after(hours=2), after(hours=2))) == {"a1", "a2"}


def test_a_hand_over_that_was_cancelled_ended_then() -> None:
    witness = Witness()
    for type, at in (("hand_over_made", NINE), ("hand_over_cancelled", after(minutes=30))):
        witness.register([{"type": type, "at": at, "data": a_hand_over(NINE, after(hours=2))}])

    assert witness.holders("a1", around(after(hours=1), after(hours=1))) == {"a1"}
