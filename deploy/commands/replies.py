"""`loopdesk replies`: what came in by SMS and mail, what it was taken for, and what a person makes of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from deploy.commands import session
from deploy.commands.session import out
from deploy.commands.times import MOMENT, minute, zone_of

STATES = ("matched", "answered", "ticket", "failed", "repeated", "automatic", "dismissed")
AS = ("survey", "appointment", "status", "reply", "ticket", "nothing")
ZONE = click.option("--zone", default="UTC", show_default=True, callback=zone_of, help="Of all times shown.")
AS_JSON = click.option("--json", "as_json", is_flag=True, help="The answer as it came.")


@click.group(invoke_without_command=True)
@click.option("--state", type=click.Choice(STATES), help="`failed` is what is to be seen to.")
@click.option("--sender", help="Only of this number or address.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 200))
@click.option("--after", help="Go on where a page ended.")
@ZONE
@AS_JSON
@click.pass_context
def replies(ctx: click.Context, /, limit: int, zone: tzinfo, as_json: bool, **filters: str | None) -> None:
    """Show what came in, newest first; docs/replies.md says what becomes of it.

    \b
    loopdesk replies --state failed
    loopdesk replies --sender +8613800138000 --zone Asia/Shanghai
    loopdesk replies try --from +8613800138000 '5，很好'
    loopdesk replies resolve ID --as survey --message 019cae6b66… --value 5
    """
    if ctx.invoked_subcommand is not None:
        return
    wanted = {name: value for name, value in filters.items() if value}
    page = _call("find_replies", limit=limit, **wanted)
    if as_json:
        click.echo(json.dumps(page, ensure_ascii=False))
        return
    out.print(table(page["replies"], zone) if page["replies"] else "nothing came in like that")
    if page["next"]:
        out.print(f"\nThere are more: --after {page['next']}", highlight=False, markup=False)


@replies.command()
@click.argument("reply_id", metavar="ID")
@ZONE
@AS_JSON
def show(reply_id: str, zone: tzinfo, as_json: bool) -> None:
    """Show one with its text, what it might have answered, and its history."""
    found = _call("get_reply", reply_id=reply_id)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    out.print(table([found], zone))
    out.print(Text(f"\n{found['subject'] or ''}\n{found['text']}".strip()))
    for one in found["might"]:
        out.print(Text(f"might answer the {one['kind']} of {one['ticket_no']}: {one['message_id']}"))
    for entry in found["history"]:
        out.print(Text(f"{minute(entry['at'], zone)}  {entry['type']}  {entry['actor'] or ''}"))


@replies.command("try")
@click.option("--from", "sender", required=True, help="The number that it comes from.")
@click.option("--to", help="The short code that it comes to.")
@click.option("--at", type=MOMENT, help="When; now, if not said.")
@click.argument("text")
@AS_JSON
def attempt(sender: str, to: str | None, at: datetime | None, text: str, as_json: bool) -> None:
    """Say what an SMS would be taken for, and why; nothing happens."""
    known = {"to": to, "received_at": at}
    given = {name: value for name, value in known.items() if value}
    found = _call("preview_reply", **{"from": sender, "text": text}, **given)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    meaning = found["meaning"] or {}
    out.print(Text(f"{found['outcome']}: {found['why']} {meaning.get('kind', '')} {meaning.get('value', '')}".rstrip()))
    for one in [found["question"]] if found["question"] else found["might"]:
        out.print(Text(f"  {one['kind']} of {one['ticket_no']}, asked {one['asked_at']} by {one['message_id']}"))


@replies.command()
@click.argument("reply_id", metavar="ID")
@click.option("--as", "as_", required=True, type=click.Choice(AS), help="What it is.")
@click.option("--message", "message_id", help="The message that it answers: of survey and appointment.")
@click.option("--value", help="The answer: 1 to 5; confirm or change.")
@click.option("--comment", help="What was said beside.")
@click.option("--ticket", "ticket_no", help="The ticket that it is about: of status and reply.")
@click.option("--note", help="Why there is nothing to do.")
def resolve(reply_id: str, as_: str, **said: str | None) -> None:
    """Say what one is that no machine could tell; it has that effect."""
    known = {name: value for name, value in said.items() if value}
    _tell(_do("resolve_reply", reply_id=reply_id, **{"as": as_}, **known))


@replies.command()
@click.argument("reply_id", metavar="ID")
def retry(reply_id: str) -> None:
    """Have a failed one read again, by the words of today."""
    _tell(_do("retry_reply", reply_id=reply_id))


def table(rows: Iterable[Mapping[str, Any]], zone: tzinfo) -> Table:
    """A row for each message."""
    shown = Table(f"received ({zone})", "from", "state", "taken for", "why", "ticket", "id", box=None)
    shown.header_style = "bold"
    for row in rows:
        meaning = row["meaning"] or {}
        shown.add_row(
            minute(row["received_at"], zone),
            Text(row["sender"]),
            Text(row["state"], "bold red" if row["state"] == "failed" else ""),
            Text(f"{meaning.get('kind', '')} {meaning.get('value', '')}".strip()),
            Text(row["why"]),
            row["ticket_no"] or "-",
            Text(row["reply_id"], overflow="fold"),
        )
    return shown


def _call(method: str, **fields: Any) -> Any:
    with session.client() as client:
        return client.call("notify", method, **fields)


def _do(method: str, **fields: Any) -> Any:
    with session.client(session.SUPERVISOR) as client:
        return client.command("notify", method, **fields)


def _tell(done: Mapping[str, Any]) -> None:
    out.print(Text(f"{done['reply_id']} is {done['state']}"))
