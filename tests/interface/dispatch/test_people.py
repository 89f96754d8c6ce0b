"""Shifts, leave, swaps and presence, as callers see them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.client import Client
from shared.errors import Forbidden, IllegalMove, LoopdeskError, NotFound, ValidationError
from tests.interface.dispatch.desk import an_agent, come
from tests.support import Stack, eventually

DAY, NEXT_DAY = "2190-01-01", "2190-01-02"
SHIFTS = {
    "whole": {"name": "Whole day", "from": "00:00", "to": "24:00"},
    "early": {"name": "Early", "from": "06:00", "to": "14:00", "breaks": ["10:00-10:30"]},
    "late": {"name": "Late", "from": "14:00", "to": "22:00"},
}
ROTA = {"name": "Rota", "zone": "UTC"}
#: On duty at every hour; and every other day from 2190 on, so that it is off duty now.
ROTAS = {
    "always": ROTA | {"starts_on": "2026-01-01", "pattern": ["whole"]},
    "far": ROTA | {"starts_on": DAY, "pattern": ["early", "rest"]},
}


@pytest.fixture(scope="module")
def roster(desk: Client) -> None:
    """The two rotas are declared, and known to every replica."""
    before = desk.call("dispatch", "get_reference")["body"]
    desk.command("dispatch", "apply_reference", body={**before, "shifts": SHIFTS, "rotas": ROTAS})
    for number in range(5):  # each is answered by any of them
        knows = an_agent(f"knows the rota {number}", before["default_team"], rota="far")
        eventually(lambda knows=knows: desk.command("dispatch", "save_agent", **knows))


@pytest.fixture
def two(desk: Client, roster: None, team: str) -> tuple[str, str]:
    """Two who work every other day from 2190 on, in turn."""
    come(desk, f"a1 of {team}", team, capacity=1, rota="far")
    come(desk, f"a2 of {team}", team, capacity=1, rota="far", rota_offset=1)
    return f"a1 of {team}", f"a2 of {team}"


def get(desk: Client, agent_id: str) -> dict[str, Any]:
    return dict(desk.call("dispatch", "get_agent", agent_id=agent_id))


def facts(stack: Stack, agent_id: str) -> list[str]:
    document = stack.database["dispatch_agents"].find_one({"_id": agent_id})
    return [entry["type"] for entry in document["history"]] if document else []


def days(desk: Client, agent_id: str) -> list[str]:
    """The days on which it works, of the first three of 2190."""
    period = {"since": f"{DAY}T00:00:00Z", "until": "2190-01-04T00:00:00Z"}
    (row,) = desk.call("dispatch", "get_roster", agent_id=agent_id, **period)["agents"]
    return [duty["since"][:10] for duty in row["duties"]]


def test_who_is_off_shift_is_not_available_though_present(desk: Client, roster: None, team: str) -> None:
    on = get(desk, come(desk, f"on of {team}", team, capacity=1, rota="always"))
    off = get(desk, come(desk, f"off of {team}", team, capacity=1, rota="far"))

    assert (on["status"], on["availability"], on["available_now"]) == ("available", "available", True)
    assert (off["status"], off["availability"], off["available_now"]) == ("available", "off_shift", False)


def test_a_presence_is_believed_for_as_long_as_signs_of_life_come(
    desk: Client, stack: Stack, team: str, a1: str
) -> None:
    said = desk.command("dispatch", "set_presence", agent_id=a1, status="busy", expires_in=1)
    assert said["status_until"] is not None

    eventually(lambda: get(desk, a1)["availability"] == "expired")
    heard = desk.command("dispatch", "heartbeat", agent_id=a1)

    assert (heard["agent_id"], heard["status"]) == (a1, "busy")
    assert heard["status_until"] > said["status_until"]
    assert facts(stack, a1) == ["agent_saved", "presence_set", "presence_set"]


def test_leave_begins_and_ends_by_itself_or_by_a_word(desk: Client, team: str, a1: str) -> None:
    now = datetime.now(UTC)
    period = {"since": (now - timedelta(hours=1)).isoformat(), "until": (now + timedelta(days=1)).isoformat()}

    away = desk.command("dispatch", "record_leave", agent_id=a1, reason="ill", **period)
    (leave,) = away["exceptions"]
    back = desk.command("dispatch", "cancel_leave", agent_id=a1, leave_id=leave["id"], reason="well again")

    assert (away["availability"], leave["kind"], leave["reason"]) == ("on_leave", "leave", "ill")
    assert (back["availability"], back["available_now"]) == ("available", True)


def test_an_extra_duty_stands_in_the_roster(desk: Client, two: tuple[str, str]) -> None:
    desk.command("dispatch", "add_duty", agent_id=two[0], date=NEXT_DAY, shift="late", reason="flu")

    assert days(desk, two[0]) == [DAY, NEXT_DAY, "2190-01-03"]


def test_two_agents_swap_once_however_often_it_is_asked(desk: Client, stack: Stack, two: tuple[str, str]) -> None:
    swap = {"agent_id": two[0], "date": DAY, "with_agent": two[1], "with_date": NEXT_DAY, "reason": "exam"}
    key = f"swap {two[0]}"

    first = desk.command("dispatch", "swap_shifts", request_id=key, **swap)
    again = desk.command("dispatch", "swap_shifts", request_id=key, **swap)

    assert (days(desk, two[0]), days(desk, two[1])) == ([NEXT_DAY, "2190-01-03"], [DAY])
    assert again == first
    assert [facts(stack, agent)[-1:] for agent in two] == [["shifts_swapped"], ["shifts_swapped"]]
    assert [facts(stack, agent).count("shifts_swapped") for agent in two] == [1, 1]


def test_a_swap_that_one_of_them_cannot_make_changes_neither(desk: Client, two: tuple[str, str]) -> None:
    desk.command(
        "dispatch", "record_leave", agent_id=two[1], since=f"{DAY}T00:00:00Z", until=f"{DAY}T12:00:00Z", reason="x"
    )
    before = [get(desk, agent) for agent in two]

    with pytest.raises(IllegalMove):
        desk.command(
            "dispatch", "swap_shifts", agent_id=two[0], date=DAY, with_agent=two[1], with_date=NEXT_DAY, reason="exam"
        )

    assert [get(desk, agent) for agent in two] == before


def test_one_sees_who_is_on_now_and_who_will_be(desk: Client, roster: None, team: str, two: tuple[str, str]) -> None:
    come(desk, f"a3 of {team}", team, capacity=1, rota="always")

    now = desk.call("dispatch", "who_is_on", team=team)["agents"]
    then = desk.call("dispatch", "who_is_on", team=team, at=f"{DAY}T09:00:00Z")

    assert [(row["on"], row["availability"], row["shift"]) for row in now] == [
        (False, "off_shift", None),
        (False, "off_shift", None),
        (True, "available", "whole"),
    ]
    assert [(row["on"], row["availability"], row["shift"]) for row in then["agents"]] == [
        (True, None, "early"),
        (False, "off_shift", None),
        (True, None, "whole"),
    ]
    assert (then["at"], then["next"]) == (f"{DAY}T09:00:00.000Z", None)


@pytest.mark.parametrize(
    ("method", "fields", "refusal"),
    [
        ("heartbeat", {"agent_id": "nobody"}, NotFound),
        ("add_duty", {"agent_id": "nobody", "date": DAY, "shift": "early", "reason": "x"}, NotFound),
        ("add_duty", {"agent_id": "nobody", "date": "2190-02-30", "shift": "early", "reason": "x"}, ValidationError),
        ("add_duty", {"agent_id": "nobody", "date": "9999-12-31", "shift": "early", "reason": "x"}, ValidationError),
        ("cancel_leave", {"agent_id": "nobody", "leave_id": "leave-1", "reason": "x"}, NotFound),
        (
            "record_leave",
            {"agent_id": "nobody", "since": f"{NEXT_DAY}T00:00:00Z", "until": f"{DAY}T00:00:00Z", "reason": "x"},
            ValidationError,
        ),
        (
            "swap_shifts",
            {"agent_id": "nobody", "date": DAY, "with_agent": "nobody", "with_date": DAY, "reason": "x"},
            ValidationError,
        ),
        (
            "swap_shifts",
            {"agent_id": "nobody", "date": DAY, "with_agent": "no other", "with_date": DAY, "reason": "x"},
            NotFound,
        ),
        ("save_agent", an_agent("nobody", "it", rota="gone"), NotFound),
        ("save_agent", an_agent("nobody", "it", rota="far", rota_offset=2), ValidationError),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_stored(
    desk: Client, stack: Stack, roster: None, method: str, fields: dict[str, Any], refusal: type[LoopdeskError]
) -> None:
    with pytest.raises(refusal):
        desk.command("dispatch", method, **fields)
    assert stack.database["dispatch_agents"].find_one({"_id": "nobody"}) is None


@pytest.mark.parametrize(
    ("method", "fields", "path"),
    [
        ("who_is_on", {"team": "it", "at": "1066-10-14T09:00:00Z"}, "at"),
        ("get_roster", {"since": f"{DAY}T00:00:00Z", "until": f"{NEXT_DAY}T00:00:00Z"}, "team"),
        ("get_roster", {"team": "it", "since": f"{DAY}T00:00:00Z", "until": "2190-06-01T00:00:00Z"}, "until"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused_by_the_field(
    desk: Client, method: str, fields: dict[str, Any], path: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        desk.call("dispatch", method, **fields)
    assert list(refused.value.fields) == [path]


def test_only_supervisors_change_the_roster(stack: Stack) -> None:
    with pytest.raises(Forbidden):
        stack.client("workbench").command("dispatch", "add_duty", agent_id="it.01", date=DAY, shift="early", reason="x")
