"""`loopdesk ticket`, `work` and `kpi`: what the services tell, for people."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from deploy.commands import session, work_view
from deploy.commands.session import out
from deploy.commands.times import zone_of

DAY = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"])


@click.command()
@click.argument("number", metavar="NUMBER")
def ticket(number: str) -> None:
    """Show a ticket and its history.

    \b
    loopdesk ticket T-101
    """
    with session.client() as client:
        with_history(client.call("intake", "get_ticket", ticket_no=number))
    out.print(f"\nIts messages: loopdesk messages list --ticket {number}", highlight=False)


@click.command()
@click.argument("number", metavar="NUMBER")
@click.option("--zone", default="UTC", show_default=True, callback=zone_of, help="Of all times shown.")
@click.option("--json", "as_json", is_flag=True, help="The answer as it came.")
def work(number: str, zone: tzinfo, as_json: bool) -> None:
    """Show a work order: clocks, open steps, fields, fees, and its history.

    NUMBER is its own (W-…) or its ticket's (T-…).

    \b
    loopdesk work W-100001
    loopdesk work T-100001 --zone Asia/Shanghai
    """
    with session.client() as client:
        answer = session.work(client, number)
    if as_json:
        click.echo(json.dumps(answer, ensure_ascii=False))
        return
    work_view.show(answer, zone)
    out.print(f"Why a deadline is when it is: loopdesk explain {answer['order_no']}", highlight=False)


@click.command()
@click.option("--from", "since", type=DAY, help="First day (UTC). Default: 30 days ago.")
@click.option("--to", "until", type=DAY, help="The day after the last. Default: now.")
@click.option("--team", help="Only this team.")
@click.option("--priority", type=click.Choice(["P1", "P2", "P3", "P4"]))
def kpi(since: datetime | None, until: datetime | None, team: str | None, priority: str | None) -> None:
    """Show the figures of the work opened in a period, in total, by priority and by team.

    A figure that misses its target is red; "-" is a figure of nothing.

    \b
    loopdesk kpi --from 2016-02-01 --to 2016-03-01
    """
    end = until.replace(tzinfo=UTC) if until else datetime.now(UTC)
    start = since.replace(tzinfo=UTC) if since else end - timedelta(days=30)
    chosen = {name: value for name, value in (("team", team), ("priority", priority)) if value}
    with session.client() as client:
        report = client.call("feedback", "kpi", timeout=30.0, **{"from": start, "to": end}, **chosen)
    out.print(f"work opened from {report['from']} to {report['to']}", highlight=False)
    for table in (orders(report), figures(report)):
        out.print()
        out.print(table)


def orders(report: Mapping[str, Any]) -> Table:
    """A row per group, a column per count."""
    table = _by_group(report["total"]["orders"])
    for label, group in _groups(report):
        table.add_row(label, *(str(count) for count in group["orders"].values()))
    return table


def figures(report: Mapping[str, Any]) -> Table:
    """A row per group, a column per figure, targets in the last row."""
    total = report["total"]
    names = [name for name in total if name != "orders"]
    table = _by_group(names)
    for label, group in _groups(report):
        table.add_row(label, *(_figure(group[name], name) for name in names))
    table.add_row("target", *(_target(total[name]["target"], name) for name in names), style="dim")
    return table


def _by_group(names: Iterable[str]) -> Table:
    """No rows yet; numbers on the right."""
    table = Table("", *(name.replace("_", " ") for name in names), box=None, header_style="bold")
    for column in table.columns[1:]:
        column.justify = "right"
    return table


def _groups(report: Mapping[str, Any]) -> Iterable[tuple[str, Mapping[str, Any]]]:
    return {"all": report["total"], **report["by_priority"], **report["by_team"]}.items()


def with_history(reply: Mapping[str, Any]) -> None:
    """A reply's own fields, then its history, a line per fact."""
    fields = Table.grid(padding=(0, 2))
    for name, value in reply.items():
        if name != "history" and value is not None:
            fields.add_row(Text(name, "bold"), Text(_plain(value)))
    out.print(fields)
    history = Table("at", "what", "who", "", box=None, header_style="bold")
    for entry in reply.get("history") or ():
        data = ", ".join(f"{name}={_plain(value)}" for name, value in (entry.get("data") or {}).items())
        history.add_row(_minute(entry["at"]), Text(entry["type"]), Text(entry.get("actor") or ""), Text(data))
    out.print()
    out.print(history)


def _figure(figure: Mapping[str, Any], name: str) -> Text:
    value = figure["value"]
    if value is None:
        return Text("-")
    style = {True: "green", False: "red"}.get(figure["met"], "")
    return Text(_number(value, name), style)


def _target(target: Mapping[str, float] | None, name: str) -> str:
    sign = {"at_least": "≥", "at_most": "≤"}
    return " ".join(f"{sign[kind]} {_number(value, name)}" for kind, value in (target or {}).items())


def _number(value: float, name: str) -> str:
    return f"{value:.2f}" if name.startswith("mean") else f"{value:.1%}"


def _plain(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _minute(text: str) -> str:
    return text[:19].replace("T", " ")
