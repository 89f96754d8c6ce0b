"""`loopdesk handover`: who stands in for whom."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo
from typing import Any

import click
from rich.table import Column, Table
from rich.text import Text

from deploy.commands import listing, session
from deploy.commands.session import out
from deploy.commands.times import MOMENT, minute, moment, zone_of
from shared.clock import to_text

zone_option = click.option("--zone", default="UTC", show_default=True, callback=zone_of, help="Of all times shown.")
json_option = click.option("--json", "as_json", is_flag=True, help="The answer as it came.")
by_option = click.option("--by", metavar="NAME", help="Who says so, for the history. Default: the account.")

WARNINGS = {
    "on_leave": "is on leave all of the first day",
    "off_shift": "has no duty on the first day",
    "role": "may have less of the work by its role: what it must not have waits for the team",
}


@click.group()
def handover() -> None:
    """See to the work of agents who are away: it goes to a stand-in, and comes back by itself.

    From the start on all open work of the agent, held work too, is the stand-in's, and whatever would have come to the
    agent. At the end what is still open comes back. Stand-ins chain: if A hands over to B, and B to C, A's work is with
    C. A chain that would come back to where it began is refused, at any instant of the period.

    To make and to cancel takes an account with the permission `supervise`.

    \b
    loopdesk handover make it.01 it.02 --until 2026-03-09 --reason "on leave"
    loopdesk handover list                         who stands in for whom, and who has the work now
    loopdesk handover ended --agent it.01          those that are over
    loopdesk handover cancel 9c1f… --reason "back early"
    """


@handover.command("list")
@click.option("--agent", help="Only of this agent's work.")
@click.option("--to", help="Only to this stand-in.")
@zone_option
@json_option
def list_(zone: tzinfo, as_json: bool, **filters: str | None) -> None:
    """List hand-overs that are planned or in force, by their start; those that are over: `ended`.

    "work is with" is the end of the chain of stand-ins, as it is now.
    """
    wanted: dict[str, Any] = {name: value for name, value in filters.items() if value}
    with session.client() as client:
        answer = client.call("dispatch", "find_hand_overs", **wanted)
    listing.show(
        answer, "hand_overs", lambda rows: table(rows, zone), nothing="nobody has handed over", as_json=as_json
    )


@handover.command()
@click.option("--agent", help="Only of this agent's work.")
@click.option("--to", help="Only to this stand-in.")
@click.option("--since", type=MOMENT, help="Only those that ended then or later.")
@click.option("--until", type=MOMENT, help="Only those that ended before.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 200))
@click.option("--after", help="Go on where a page ended.")
@zone_option
@json_option
def ended(zone: tzinfo, as_json: bool, since: datetime | None, until: datetime | None, **given: Any) -> None:
    """List hand-overs that are over, the last to end first: by time, or cancelled and why."""
    period = {"since": to_text(since) if since else None, "until": to_text(until) if until else None}
    wanted: dict[str, Any] = {name: value for name, value in {**given, **period}.items() if value is not None}
    with session.client() as client:
        page = client.call("dispatch", "find_ended_hand_overs", **wanted)
    listing.show(page, "hand_overs", lambda rows: over(rows, zone), nothing="none has ended", as_json=as_json)


@handover.command()
@click.argument("agent")
@click.argument("to")
@click.option("--since", type=MOMENT, help="From when on. Default: now.")
@click.option("--until", type=MOMENT, required=True, help="Up to when.")
@click.option("--reason", required=True, help="Why, for the history.")
@by_option
@zone_option
@json_option
def make(
    agent: str,
    to: str,
    since: datetime | None,
    until: datetime,
    reason: str,
    by: str | None,
    zone: tzinfo,
    as_json: bool,
) -> None:
    """Hand the work of AGENT over to TO.

    TO has still to accept each piece, and gets it whatever room is left, also while it is not there. Who has declined a
    piece, whom it complains about, or whose role may not have it, does not get it: it waits for somebody else of the
    team. Whoever has the work at the start of the period and is away for all of its first day, or may have less by
    role, is warned of.

    \b
    loopdesk handover make it.01 it.02 --until 2026-03-09T08:00+08:00 --reason "on leave"
    loopdesk handover make it.02 it.03 --since 2026-03-04 --until 2026-03-05 --reason training
    """
    period: dict[str, Any] = {"until": to_text(until)} | ({"since": to_text(since)} if since else {})
    with session.client(session.SUPERVISOR) as client:
        made = client.command("dispatch", "hand_over", agent=agent, to=to, reason=reason, **period, **said(by))
    if as_json:
        click.echo(json.dumps(made, ensure_ascii=False))
        return
    when = f"from {moment(made['since'], zone)} to {moment(made['until'], zone)}"
    out.print(Text.assemble((made["state"], "green"), f"  {agent} -> {to}, {when}"), highlight=False)
    for one in made["warnings"]:
        out.print(Text.assemble(("warning", "yellow"), f"  {one['agent']} {WARNINGS[one['code']]}"), highlight=False)
    out.print(f"To end it before: loopdesk handover cancel {made['id']} --reason …", highlight=False)


@handover.command()
@click.argument("id", metavar="ID")
@click.option("--reason", required=True, help="Why, for the history.")
@by_option
def cancel(id: str, reason: str, by: str | None) -> None:
    """End a hand-over now, or see to it that it never begins; work that is still open comes back within seconds.

    ID is what `make` and `list` show.
    """
    with session.client(session.SUPERVISOR) as client:
        client.command("dispatch", "cancel_hand_over", id=id, reason=reason, **said(by))
    out.print("cancelled")


def said(by: str | None) -> dict[str, Any]:
    """The actor of a command, where one is named."""
    return {"actor": by} if by else {}


def table(rows: Iterable[Mapping[str, Any]], zone: tzinfo) -> Table:
    """A row for each hand-over."""
    shown = Table(
        "agent",
        "stand-in",
        "state",
        "work is with",
        "since",
        "until",
        "by",
        "reason",
        Column("id", no_wrap=True),
        box=None,
        header_style="bold",
    )
    for row in rows:
        in_force = row["state"] == "in_force"
        state = Text("in force", "green") if in_force else Text("planned", "cyan")
        period = (minute(row["since"], zone), minute(row["until"], zone))
        shown.add_row(row["agent"], row["to"], state, row["holder"], *period, row["by"], Text(row["reason"]), row["id"])
    return shown


def over(rows: Iterable[Mapping[str, Any]], zone: tzinfo) -> Table:
    """A row for each hand-over that has ended."""
    names = ("agent", "stand-in", "state", "since", "ended", "until", "by", "reason", "why cancelled")
    shown = Table(*names, box=None, header_style="bold")
    for row in rows:
        times = [minute(row[name], zone) for name in ("since", "ended_at", "until")]
        said = [Text(row[name] or "") for name in ("by", "reason", "why")]
        shown.add_row(row["agent"], row["to"], row["state"], *times, *said)
    return shown
