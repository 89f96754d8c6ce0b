"""`loopdesk incident`: what it asks for, and how it shows it; no broker."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC

import pytest
from click.testing import CliRunner
from rich.console import Console

from deploy.cli import main
from deploy.commands import session
from deploy.commands.incident import table

RECEIPT = {"order_no": "W-100001", "state": "linked"}


class Dispatch:
    """Answers every command alike, and keeps what was asked."""

    def __init__(self):
        self.asked = []

    def command(self, service, method, **fields):
        self.asked.append((service, method, fields))
        return RECEIPT

    def call(self, service, method, **fields):
        self.asked.append((service, method, fields))
        return {"mass_incidents": []}


@pytest.fixture
def dispatch(monkeypatch):
    stands = Dispatch()
    monkeypatch.setattr(session, "client", lambda *_: nullcontext(stands))
    return stands


def run(*arguments):
    return CliRunner().invoke(main, ["incident", *arguments])


@pytest.mark.parametrize(
    ("arguments", "method", "fields"),
    [
        (
            ["declare", "W-1", "--match", 'category == "network"', "--eta", "2026-03-02T18:00Z", "--reason", "many"],
            "declare_mass_incident",
            {"match": 'category == "network"', "eta": "2026-03-02T18:00:00.000Z", "reason": "many"},
        ),
        (
            ["declare", "W-1", "--reason", "many"],
            "declare_mass_incident",
            {"match": None, "eta": None, "reason": "many"},
        ),
        (["link", "W-1", "W-9", "--reason", "same"], "link_work", {"parent": "W-9", "reason": "same"}),
        (["unlink", "W-1", "--reason", "other"], "unlink_work", {"reason": "other"}),
        (["eta", "W-1"], "announce_eta", {"eta": None, "note": None}),
        (
            ["eta", "W-1", "2026-03-02T20:00+08:00", "--note", "frost", "--by", "chief"],
            "announce_eta",
            {"eta": "2026-03-02T12:00:00.000Z", "note": "frost", "actor": "chief"},
        ),
    ],
)
def test_each_command_asks_dispatch_for_what_was_typed(dispatch, arguments, method, fields):
    result = run(*arguments)

    assert result.exit_code == 0, result.output
    assert dispatch.asked == [("dispatch", method, {"order_no": "W-1", **fields})]
    assert result.output == "linked  W-100001\n"


def test_without_any_it_says_so(dispatch):
    assert run("list").output == "no mass incident is open\n"


def test_the_list_shows_what_each_takes_in_and_by_when_it_will_be_over():
    mass = {"match": None, "eta": "2026-03-02T18:00:00.000Z", "eta_note": None, "children": 12, "settled": True}
    row = {"order_no": "W-1", "opened_at": "2026-03-02T09:00:00.000Z", "state": "assigned", "team": "it", "agent": None}
    console = Console(width=120, record=True)

    console.print(table([{**row, "subject": "No [network]", "mass_incident": mass}], UTC))

    heads, line = console.export_text().splitlines()
    assert heads.split() == ["order", "since", "state", "team", "agent", "linked", "eta", "takes", "in", "subject"]
    assert line.split() == [
        *("W-1", "2026-03-02", "09:00", "assigned", "it", "-", "12", "2026-03-02", "18:00", "-", "No", "[network]"),
    ]
