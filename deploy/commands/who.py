"""`loopdesk who`: who is on duty."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, tzinfo
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from deploy.commands import session
from deploy.commands.session import out
from deploy.commands.times import MOMENT, minute, zone_of
from shared.client import Client

#: How each way to stand is shown; what is not named is plain.
STYLES = {
    "available": "green",
    "busy": "yellow",
    "break": "yellow",
    "rota_break": "yellow",
    "away": "red",
    "expired": "red",
    "offline": "red",
    "no_rest": "red",
}


@click.command()
@click.argument("team", metavar="[TEAM]", required=False)
@click.option("--at", type=MOMENT, help="By the roster at this time; without it: now, with what agents say themselves.")
@click.option("--all", "everybody", is_flag=True, help="Also who is off duty.")
@click.option("--zone", default="UTC", show_default=True, callback=zone_of, help="Of all times shown.")
@click.option("--json", "as_json", is_flag=True, help="The agents as they came.")
def who(team: str | None, at: datetime | None, everybody: bool, zone: tzinfo, as_json: bool) -> None:
    """Show who is on duty: shift, presence, load.

    Who has no rota is on duty as long as it is present; of another time than now nobody can say that.

    \b
    loopdesk who it
    loopdesk who service-desk --at 2026-12-24T22:30 --zone Asia/Shanghai
    """
    given = {"team": team, "at": at.isoformat() if at else None}
    with session.client() as client:
        found = list(_rows(client, {name: value for name, value in given.items() if value}))
    rows = [row for row in found if everybody or row["on"] is not False]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
    elif rows:
        out.print(table(rows, zone))
    else:
        out.print(f"nobody is on duty; {len(found)} are off: --all" if found else "no agents")


def table(rows: list[Mapping[str, Any]], zone: tzinfo) -> Table:
    """One line for each agent."""
    shown = Table("agent", "name", "role", "stands", "shift", "until", box=None, header_style="bold")
    shown.add_column("load", justify="right")
    for row in rows:
        until = minute(row["until"], zone) if row["until"] else ""
        load = f"{row['load']}/{row['capacity']}"
        texts = (row["agent_id"], row["name"], row["role"], _stands(row), row["shift"] or "", until, load)
        shown.add_row(*(text if isinstance(text, Text) else Text(text) for text in texts))
    return shown


def _stands(row: Mapping[str, Any]) -> Text:
    if row["availability"] is not None:
        return Text(row["availability"].replace("_", " "), STYLES.get(row["availability"], "dim"))
    return Text("on duty", "green") if row["on"] else Text("if present", "dim")


def _rows(client: Client, given: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Page by page."""
    further: dict[str, Any] = {}
    while True:
        page = client.call("dispatch", "who_is_on", **given, limit=200, **further)
        yield from page["agents"]
        further = {"after": page["next"]}
        if page["next"] is None:
            return
