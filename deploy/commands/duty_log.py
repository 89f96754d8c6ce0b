"""`loopdesk duty-log`: what operators note of the desk's running."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from deploy.commands import listing, session
from deploy.commands.handover import by_option, json_option, said, zone_option
from deploy.commands.session import out
from deploy.commands.times import MOMENT, minute


@click.group("duty-log")
def duty_log() -> None:
    """Keep the duty log (运行日志): what happened on duty, by team or of the whole desk.

    Entries are only ever added. Each is chained to the one before it, like every history: `loopdesk verify` says
    whether any was changed. To note takes an account with the permission `work`.

    \b
    loopdesk duty-log note "Line to the depot down, carrier knows" --team it --by it.04
    loopdesk duty-log list --team it --from 2026-03-01 --to 2026-04-01
    """


@duty_log.command()
@click.argument("text")
@click.option("--team", help="Of this team. Default: of the whole desk.")
@by_option
def note(text: str, team: str | None, by: str | None) -> None:
    """Add an entry; nobody can change or remove it afterwards."""
    of_team: dict[str, Any] = {"team": team} if team else {}
    with session.client(session.SUPERVISOR) as client:
        answer = client.command("dispatch", "append_duty_log", text=text, **of_team, **said(by))
    out.print(f"noted as entry {answer['entry']} of {answer['log_id']}", highlight=False)


@duty_log.command("list")
@click.option("--team", help="Only of this team.")
@click.option("--desk", is_flag=True, help="Only of the whole desk.")
@click.option("--from", "since", type=MOMENT, help="With a zone, or UTC. Default: a day before --to.")
@click.option("--to", "until", type=MOMENT, help="Before this time. Default: now.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 200))
@click.option("--after", help="Go on where a page ended.")
@zone_option
@json_option
def list_(
    limit: int, zone: tzinfo, as_json: bool, since: datetime | None, until: datetime | None, **given: Any
) -> None:
    """List the entries of a period of at most 92 days, the newest first."""
    wanted = {name: value for name, value in {**given, "from": since, "to": until}.items() if value}
    with session.client() as client:
        page = client.call("dispatch", "find_duty_log", limit=limit, **wanted)
    listing.show(page, "entries", lambda rows: table(rows, zone), nothing="nothing was noted", as_json=as_json)


def table(entries: Iterable[Mapping[str, Any]], zone: tzinfo) -> Table:
    """A row for each entry."""
    shown = Table(f"at ({zone})", "team", "by", "entry", box=None, header_style="bold")
    for entry in entries:
        at = Text(minute(entry["at"], zone), no_wrap=True)
        shown.add_row(at, Text(entry["team"] or "(desk)"), Text(entry["by"]), Text(entry["text"]))
    return shown
