"""`loopdesk workload`: who has how much, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo
from typing import Any

import click
from rich.table import Column, Table
from rich.text import Text

from deploy.commands import session
from deploy.commands.session import out
from deploy.commands.times import MOMENT, length, minute, zone_of

#: Counts of a row: its name in the answer, and over its column.
NOW = {"open": "open", "load": "load", "late": "late"}
OF_PERIOD = {
    "given": "given",
    "accepted": "accepted",
    "transferred_in": "in",
    "transferred_out": "out",
    "declined": "declined",
    "lapsed": "lapsed",
    "done": "done",
    "missed": "missed",
}


@click.command()
@click.option("--by", type=click.Choice(["agent", "team", "shift"]), default="agent", show_default=True)
@click.option("--team", help="Only of this team.")
@click.option("--agent", help="Only of this agent.")
@click.option("--shift", help="Only of this shift, for example night.")
@click.option("--from", "since", type=MOMENT, help="With a zone, or UTC. Default: a day before --to.")
@click.option("--to", "until", type=MOMENT, help="Before this time. Default: now.")
@click.option("--zone", default="UTC", show_default=True, callback=zone_of, help="Of all times shown.")
@click.option("--json", "as_json", is_flag=True, help="The answer as it came.")
def workload(
    by: str, since: datetime | None, until: datetime | None, zone: tzinfo, as_json: bool, **of: str | None
) -> None:
    """Show what everybody has now, and what came of what they had in a period of at most 92 days (31 of all).

    \b
    now          open: open steps; load: what they weigh, of the capacity; late: with a deadline missed
    period       given, accepted, taken over from others (in), passed on (out), declined, lapsed (not accepted in time),
                 done, deadlines missed; and how long it took from acceptance to done, holds left out: median and mean

    \b
    loopdesk workload --team it
    loopdesk workload --by team --from 2026-03-01 --to 2026-04-01
    loopdesk workload --by shift --team service-desk --zone Asia/Shanghai
    """
    wanted = {name: value for name, value in {**of, "from": since, "to": until}.items() if value}
    with session.client() as client:
        answer = client.call("dispatch", "get_workload", timeout=30.0, by=by, **wanted)
    if as_json:
        click.echo(json.dumps(answer, ensure_ascii=False))
        return
    since_to = f"{minute(answer['from'], zone)} to {minute(answer['to'], zone)} ({zone})"
    out.print(f"Now, and of {since_to}", highlight=False)
    out.print(table(answer, zone) if answer["rows"] else "nobody has, or had, anything")


def table(answer: Mapping[str, Any], zone: tzinfo) -> Table:
    """A row for each agent, team or shift; what is missed or full is red."""
    columns = [*NOW.values(), *OF_PERIOD.values(), "median", "mean"]
    shown = Table(answer["by"], *(Column(name, justify="right") for name in columns), box=None, header_style="bold")
    for row in answer["rows"]:
        shown.add_row(Text(row[answer["by"]] or "-"), *_now(row), *_period(row), *_handling(row))
    return shown


def _now(row: Mapping[str, Any]) -> Iterable[Text]:
    full = row["capacity"] is not None and row["load"] >= row["capacity"] > 0
    load = str(row["load"]) if row["capacity"] is None else f"{row['load']}/{row['capacity']}"
    return Text(str(row["open"])), Text(load, "red" if full else ""), _bad(row["late"])


def _period(row: Mapping[str, Any]) -> Iterable[Text]:
    for name in OF_PERIOD:
        yield _bad(row[name]) if name in ("missed", "lapsed") else Text(str(row[name]))


def _handling(row: Mapping[str, Any]) -> Iterable[Text]:
    for name in ("median", "mean"):
        seconds = row["handling"][name]
        yield Text("-" if seconds is None else length(round(seconds)))


def _bad(count: int) -> Text:
    return Text(str(count), "red" if count else "")
