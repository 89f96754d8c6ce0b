"""`loopdesk handover` and `loopdesk shift-log`: what they ask for, and how they show it; no broker."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from rich.console import Console

from deploy.cli import main
from deploy.commands import handover, session, shift_log

MADE = {
    "id": "9c1f",
    "agent": "it.01",
    "to": "it.02",
    "since": "2026-03-02T09:00:00.000Z",
    "until": "2026-03-09T09:00:00.000Z",
    "reason": "on leave [x]",
    "by": "head",
    "state": "in_force",
    "holder": "it.03",
    "warnings": [],
}
LOG = {
    "log_id": "it/2026-03-02T06:00:00Z",
    "team": "it",
    "state": "written",
    "ended_at": "2026-03-02T06:00:00.000Z",
    "shifts": ["night"],
    "on": ["it.01", "it.02"],
    "next_shifts": ["early"],
    "next_at": "2026-03-02T06:00:00.000Z",
    "counts": {"open": 3, "near": 1, "missed": 0, "assigned": 3},
    "notes": 1,
    "written_at": "2026-03-02T06:00:02.000Z",
    "acknowledged_by": None,
    "acknowledged_at": None,
    "acknowledged_as": None,
    "acknowledgement": None,
}
ROW = {
    "order_no": "W-1",
    "priority": "P1",
    "state": "held",
    "deadlines": "on_time",
    "due": None,
    "agents": [],
    "steps": ["survey"],
    "subject": "No [red]network",
}


class Dispatch:
    """Answers as it was told to, and keeps what was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.answer: Any = {"hand_overs": []}

    def command(self, service: str, method: str, **fields: Any) -> Any:
        return self.call(service, method, **fields)

    def call(self, service: str, method: str, **fields: Any) -> Any:
        self.asked.append((f"{service}.{method}", fields))
        return self.answer


@pytest.fixture
def dispatch(monkeypatch: pytest.MonkeyPatch) -> Dispatch:
    stands = Dispatch()
    monkeypatch.setattr(session, "client", lambda *_: nullcontext(stands))
    return stands


def run(*arguments: str) -> str:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    return result.output


def shown(renderable: Any) -> list[str]:
    """Its lines, without the spaces that make columns."""
    text = StringIO()
    Console(file=text, width=200).print(renderable)
    return [" ".join(line.split()) for line in text.getvalue().splitlines()]


def test_a_hand_over_is_asked_for_with_times_in_utc(dispatch: Dispatch) -> None:
    dispatch.answer = MADE

    told = run(
        *("handover", "make", "it.01", "it.02", "--since", "2026-03-02T17:00+08:00", "--until", "2026-03-09"),
        *("--reason", "on leave", "--by", "head", "--zone", "Asia/Shanghai"),
    )

    assert dispatch.asked == [
        (
            "dispatch.hand_over",
            {
                "agent": "it.01",
                "to": "it.02",
                "reason": "on leave",
                "since": "2026-03-02T09:00:00.000Z",
                "until": "2026-03-09T00:00:00.000Z",
                "actor": "head",
            },
        )
    ]
    assert "from Mon 2026-03-02 17:00:00 to Mon 2026-03-09 17:00:00" in told
    assert "loopdesk handover cancel 9c1f" in told


def test_without_a_start_it_begins_now(dispatch: Dispatch) -> None:
    dispatch.answer = MADE

    run("handover", "make", "it.01", "it.02", "--until", "2026-03-09", "--reason", "on leave")

    assert "since" not in dispatch.asked[0][1]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("on_leave", "it.03 is on leave all of the first day"),
        ("off_shift", "it.03 has no duty on the first day"),
        ("role", "it.03 may have less of the work by its role"),
    ],
)
def test_what_speaks_against_who_gets_the_work_is_said(dispatch: Dispatch, code: str, words: str) -> None:
    dispatch.answer = MADE | {"warnings": [{"agent": "it.03", "code": code}]}

    told = run("handover", "make", "it.01", "it.02", "--until", "2026-03-09", "--reason", "on leave")

    assert f"warning  {words}" in told


def test_hand_overs_are_cancelled_by_id(dispatch: Dispatch) -> None:
    assert run("handover", "cancel", "9c1f", "--reason", "back early") == "cancelled\n"
    assert dispatch.asked == [("dispatch.cancel_hand_over", {"id": "9c1f", "reason": "back early"})]


def test_what_is_over_is_listed_by_the_page_with_how_it_ended(dispatch: Dispatch) -> None:
    over = {**MADE, "state": "cancelled", "ended_at": "2026-03-04T10:00:00.000Z", "why": "back early [x]"}
    dispatch.answer = {"hand_overs": [over], "next": "0001"}

    told = run("handover", "ended", "--agent", "it.01", "--since", "2026-03-01", "--limit", "1")

    asked = {"agent": "it.01", "since": "2026-03-01T00:00:00.000Z", "limit": 1}
    assert dispatch.asked == [("dispatch.find_ended_hand_overs", asked)]
    assert "back early [x]" in told
    assert "2026-03-04 10:00" in told
    assert told.endswith("There are more: --after 0001\n")


def test_only_what_was_named_narrows_the_list(dispatch: Dispatch) -> None:
    assert run("handover", "list", "--to", "it.02") == "nobody has handed over\n"
    assert dispatch.asked == [("dispatch.find_hand_overs", {"to": "it.02"})]


def test_a_hand_over_is_a_line_that_says_who_has_the_work_now() -> None:
    planned = MADE | {"state": "planned", "holder": "it.01"}

    assert shown(handover.table([MADE, planned], ZoneInfo("Asia/Shanghai")))[1:] == [
        "it.01 it.02 in force it.03 2026-03-02 17:00 2026-03-09 17:00 head on leave [x] 9c1f",
        "it.01 it.02 planned it.01 2026-03-02 17:00 2026-03-09 17:00 head on leave [x] 9c1f",
    ]


def test_unread_logs_are_those_that_nobody_has_acknowledged(dispatch: Dispatch) -> None:
    dispatch.answer = {"logs": [], "next": None}

    assert run("shift-log", "list", "--unread", "--team", "it") == "no such logs\n"
    assert dispatch.asked == [("dispatch.find_shift_logs", {"limit": 50, "team": "it", "acknowledged": False})]


def test_more_logs_are_asked_for_where_the_page_ended(dispatch: Dispatch) -> None:
    dispatch.answer = {"logs": [LOG], "next": "063it/x"}

    assert "--after 063it/x" in run("shift-log", "list")


def test_a_log_is_acknowledged_in_the_name_of_an_agent(dispatch: Dispatch) -> None:
    run("shift-log", "acknowledge", LOG["log_id"], "it.04", "--note", "all clear")

    asked = {"log_id": LOG["log_id"], "agent_id": "it.04", "note": "all clear"}
    assert dispatch.asked == [("dispatch.acknowledge_shift_log", asked)]


def test_a_note_is_left_with_the_team(dispatch: Dispatch) -> None:
    dispatch.answer = LOG

    assert run("shift-log", "note", "it", "The lift is out of order.") == f"noted in {LOG['log_id']}\n"
    assert dispatch.asked == [("dispatch.add_shift_note", {"team": "it", "text": "The lift is out of order."})]


def test_a_log_is_a_line_with_what_is_open() -> None:
    going = LOG | {"state": "open", "shifts": [], "next_shifts": [], "next_at": None, "counts": {}}

    assert shown(shift_log.logs([LOG, going], UTC))[1:] == [
        "it/2026-03-02T06:00:00Z written night 2026-03-02 06:00 early 3 1 0 1 -",
        "it/2026-03-02T06:00:00Z open 2026-03-02 06:00 - - - - 1 -",
    ]


def test_a_whole_log_shows_its_notes_and_its_work_as_they_are(dispatch: Dispatch) -> None:
    note = {"by": "it.01", "at": datetime(2026, 3, 2, 5, tzinfo=UTC).isoformat(), "text": "The lift [bold] is out."}
    dispatch.answer = LOG | {"notes": [note], "rows": [ROW]}

    told = [" ".join(line.split()) for line in run("shift-log", "show", LOG["log_id"]).splitlines()]

    assert told == [
        "it/2026-03-02T06:00:00Z written",
        "shift night, to 2026-03-02 06:00",
        "was on it.01, it.02",
        "next early, from 2026-03-02 06:00",
        "work 3 open, 1 near, 0 missed, 3 assigned",
        "read by -",
        "",
        "2026-03-02 05:00 it.01",
        "The lift [bold] is out.",
        "",
        "work order priority state deadlines due agents step subject",
        "W-1 P1 held on time - - survey No [red]network",
        "",
        f"Read? loopdesk shift-log acknowledge {LOG['log_id']} AGENT",
    ]
