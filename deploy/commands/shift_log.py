"""`loopdesk shift-log`: what one shift leaves to the next."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import tzinfo
from typing import Any

import click
from rich.table import Column, Table
from rich.text import Text

from deploy.commands import listing, session
from deploy.commands.handover import by_option, json_option, said, zone_option
from deploy.commands.session import out
from deploy.commands.times import minute

STATES = {"open": "cyan", "written": "yellow", "acknowledged": "green"}
DEADLINES = {"missed": "bold red", "near": "yellow", "on_time": "green"}


@click.group("shift-log")
def shift_log() -> None:
    """Read what one shift of a team left to the next (交接班记录), and acknowledge it.

    When a shift of a team ends, its log is written by itself: the open work, the most urgent first, what is near or
    past its deadline, and the notes of that shift. Somebody of the next shift acknowledges it,
    or the team's supervisor. Only teams whose agents
    have rotas have shifts.

    To acknowledge and to note takes an account with the permission `work`.

    \b
    loopdesk shift-log list --unread                 what nobody of the next shift has read yet
    loopdesk shift-log show it/2026-03-02T06:00:00Z
    loopdesk shift-log acknowledge it/2026-03-02T06:00:00Z it.04
    loopdesk shift-log note it "The line to the depot is down, the carrier knows."
    """


@shift_log.command("list")
@click.option("--team", help="Only of this team.")
@click.option("--unread", is_flag=True, help="Only those that wait to be acknowledged.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 200))
@click.option("--after", help="Go on where a page ended.")
@zone_option
@json_option
def list_(team: str | None, unread: bool, limit: int, after: str | None, zone: tzinfo, as_json: bool) -> None:
    """List logs, the newest first; those of shifts that go on have notes only, and are open."""
    given = {"team": team, "after": after, "acknowledged": False if unread else None}
    wanted: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    with session.client() as client:
        page = client.call("dispatch", "find_shift_logs", limit=limit, **wanted)
    listing.show(page, "logs", lambda rows: logs(rows, zone), nothing="no such logs", as_json=as_json)


@shift_log.command()
@click.argument("log_id", metavar="LOG")
@zone_option
@json_option
def show(log_id: str, zone: tzinfo, as_json: bool) -> None:
    """Show a log, whole: its notes, and the open work as it was at the end of the shift.

    At most 200 pieces of work are listed, the most urgent; all of them are counted.
    """
    with session.client() as client:
        log = client.call("dispatch", "get_shift_log", log_id=log_id)
    if as_json:
        click.echo(json.dumps(log, ensure_ascii=False))
        return
    out.print(head(log, zone), highlight=False)
    for note in log["notes"]:
        out.print(Text.assemble((f"\n{minute(note['at'], zone)}  {note['by']}", "bold"), f"\n{note['text']}"))
    if log["rows"]:
        out.print()
        out.print(work(log["rows"], zone))
    if log["state"] == "written":
        out.print(f"\nRead? loopdesk shift-log acknowledge {log_id} AGENT", highlight=False, markup=False)


@shift_log.command()
@click.argument("log_id", metavar="LOG")
@click.argument("agent_id", metavar="AGENT")
@click.option("--note", help="What the next shift makes of it.")
def acknowledge(log_id: str, agent_id: str, note: str | None) -> None:
    """Say that AGENT has read the log: of the next shift, or the team's supervisor; anybody else is refused.

    Where no shift was ahead when it was written, whoever of the team is on duty may, also days later.
    """
    more: dict[str, Any] = {"note": note} if note else {}
    with session.client(session.SUPERVISOR) as client:
        client.command("dispatch", "acknowledge_shift_log", log_id=log_id, agent_id=agent_id, **more)
    out.print(f"acknowledged by {agent_id}", highlight=False)


@shift_log.command()
@click.argument("team")
@click.argument("text")
@by_option
def note(team: str, text: str, by: str | None) -> None:
    """Leave a note for the next shift of TEAM; it stands in the log of the shift that goes on now."""
    with session.client(session.SUPERVISOR) as client:
        log = client.command("dispatch", "add_shift_note", team=team, text=text, **said(by))
    out.print(f"noted in {log['log_id']}", highlight=False)


def logs(rows: Iterable[Mapping[str, Any]], zone: tzinfo) -> Table:
    """A row for each log."""
    shown = Table(
        Column("log", no_wrap=True),
        "state",
        "shift",
        "ended",
        "next",
        Column("open", justify="right"),
        Column("near", justify="right"),
        Column("missed", justify="right"),
        Column("notes", justify="right"),
        "acknowledged by",
        box=None,
        header_style="bold",
    )
    for row in rows:
        counts = [_count(row["counts"], name) for name in ("open", "near", "missed")]
        shown.add_row(
            row["log_id"],
            Text(row["state"], STATES[row["state"]]),
            ", ".join(row["shifts"]),
            minute(row["ended_at"], zone),
            ", ".join(row["next_shifts"]) or "-",
            *counts,
            str(row["notes"]),
            row["acknowledged_by"] or "-",
        )
    return shown


def head(log: Mapping[str, Any], zone: tzinfo) -> Text:
    """Which shift it is of, who was on, who comes, how much is open, who has read it."""
    to = f"{', '.join(log['next_shifts'])}, from {minute(log['next_at'], zone)}" if log["next_at"] else "nobody yet"
    if log["state"] == "open":
        to = "known when the shift ends"
    counts = ", ".join(f"{number} {name}" for name, number in log["counts"].items()) or "-"
    right = f" ({log['acknowledged_as'].replace('_', ' ')})" if log["acknowledged_as"] else ""
    read = f"{log['acknowledged_by']}{right}  {log['acknowledgement'] or ''}" if log["acknowledged_by"] else "-"
    lines = [
        ("shift", f"{', '.join(log['shifts']) or '-'}, to {minute(log['ended_at'], zone)}"),
        ("was on", ", ".join(log["on"]) or "-"),
        ("next", to),
        ("work", counts),
        ("read by", read.rstrip()),
    ]
    told = Text.assemble((log["log_id"], "bold"), "  ", (log["state"], STATES[log["state"]]))
    for name, value in lines:
        told.append(f"\n{name:8}", "dim").append(value)
    return told


def work(rows: Iterable[Mapping[str, Any]], zone: tzinfo) -> Table:
    """A row for each piece of open work."""
    names = ("work order", "priority", "state", "deadlines", "due", "agents", "step", "subject")
    shown = Table(*names, box=None, header_style="bold")
    for row in rows:
        shown.add_row(
            row["order_no"],
            row["priority"],
            row["state"],
            Text(row["deadlines"].replace("_", " "), DEADLINES[row["deadlines"]]),
            minute(row["due"], zone) if row["due"] else "-",
            ", ".join(row["agents"]) or "-",
            ", ".join(row["steps"]) or "-",
            Text(row["subject"]),
        )
    return shown


def _count(counts: Mapping[str, int], name: str) -> str:
    return str(counts[name]) if name in counts else "-"
