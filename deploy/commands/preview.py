"""`loopdesk preview`: what notify's rules and templates would do, before anybody is told."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import click
from rich.panel import Panel
from rich.table import Table

from deploy.commands import session
from deploy.commands.call import parse
from deploy.commands.session import out

WHY = {"another_event": "it is for another event", "condition": "its condition does not hold", "nobody": "means nobody"}


@click.group()
def preview() -> None:
    """Try notify's rules and templates. Nothing is written, and nobody is told."""


@preview.command()
@click.argument("event")
@click.argument("fields", nargs=-1, metavar="[NAME=TEXT | NAME:=JSON]...")
@click.option("--customer", "customer_id", help="Who it is about; without it: a sample customer.")
@click.option("--all", "everything", is_flag=True, help="Also the rules for other events.")
@click.option("--json", "as_json", is_flag=True, help="The answer as it came.")
def rules(event: str, fields: tuple[str, ...], customer_id: str | None, everything: bool, as_json: bool) -> None:
    """Show which rules act on an EVENT, whom they tell by what, and why the others do not.

    What is not given is the event's sample.

    \b
    loopdesk preview rules work_closed --customer c-7
    loopdesk preview rules work_lapsed offers:=3 team=it
    """
    asked: dict[str, Any] = {"event": event, "data": parse(fields)}
    with session.client() as client:
        answer = client.call("notify", "preview_rules", **asked | ({"customer_id": customer_id} if customer_id else {}))
    if as_json:
        click.echo(json.dumps(answer, ensure_ascii=False))
        return
    shown = [rule for rule in answer["rules"] if everything or rule["why_not"] != "another_event"]
    out.print(rules_table(shown) if shown else f"no rule is for {event}")
    for template, channel in sorted({(r["template"], n["channel"]) for r in shown for n in r["notices"] if n["to"]}):
        out.print(f"What they would read: loopdesk preview template {template} {channel}", highlight=False)


@preview.command()
@click.argument("template")
@click.argument("channel", type=click.Choice(["sms", "email", "call"]))
@click.argument("fields", nargs=-1, metavar="[NAME=TEXT | NAME:=JSON]...")
@click.option("--language", help="The recipient's, for example zh-CN or en; without it the desk's.")
@click.option("--zone", help="The recipient's time zone, for example Asia/Shanghai; without it the desk's.")
@click.option("--json", "as_json", is_flag=True, help="The answer as it came, with the names that may be used.")
def template(
    template: str, channel: str, fields: tuple[str, ...], language: str | None, zone: str | None, as_json: bool
) -> None:
    """Show a TEMPLATE as its recipient would read it.

    \b
    loopdesk preview template work_resolved sms --language en
    loopdesk preview template work_closed email customer_name="Example Ltd" --zone America/New_York
    """
    asked: dict[str, Any] = {"template": template, "channel": channel, "data": parse(fields)}
    given = {name: value for name, value in (("language", language), ("zone", zone)) if value}
    with session.client() as client:
        answer = client.call("notify", "preview_template", **asked | given)
    if as_json:
        click.echo(json.dumps(answer, ensure_ascii=False))
        return
    out.print(Panel(answer["text"], title=answer["subject"] or f"{channel}, {answer['language']}"), markup=False)
    if answer["html"]:
        out.print("The HTML part: --json", highlight=False)


def rules_table(rules: list[Mapping[str, Any]]) -> Table:
    """One line for each rule and whom it means."""
    table = Table("rule", "audience", "whom", "by", "to", "what becomes of it", box=None, pad_edge=False)
    for rule in rules:
        if not rule["notices"]:
            table.add_row(str(rule["rule"]), rule["audience"], "", "", "", WHY.get(rule["why_not"], rule["why_not"]))
        for notice in rule["notices"]:
            by = " → ".join([notice["channel"], *notice["then"]])
            whom, to = notice["recipient"], notice["to"] or ""
            table.add_row(str(rule["rule"]), rule["audience"], whom, by, to, fate(notice))
    return table


def fate(notice: Mapping[str, Any]) -> str:
    """What would become of a notice now."""
    if notice["told_by"]:
        return f"told by {notice['told_by']} already"
    if notice["to"] is None:
        return ", ".join(f"{one['channel']}: {one['why']}" for one in notice["refused"])
    until = f" until {notice['until']}" if notice.get("until") else ""
    return f"{notice.get('state', 'told')}{until}" + (f" ({notice['reason']})" if notice.get("reason") else "")
