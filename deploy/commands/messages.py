"""`loopdesk messages`: the ledger, its figures, and the worklist of what failed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from deploy.commands import listing, session
from deploy.commands.session import out
from deploy.commands.times import MOMENT, minute, zone_of

CHANNELS = click.Choice(["sms", "email", "call"])
BY = click.Choice(["channel", "kind", "state", "hour"])

zone_option = click.option("--zone", default="UTC", show_default=True, callback=zone_of, help="Of all times shown.")
json_option = click.option("--json", "as_json", is_flag=True, help="The answer as it came.")
limit_option = click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 200))
after_option = click.option("--after", help="Go on where a page ended.")
by_option = click.option("--by", "actor", metavar="NAME", help="Who says so, for the history. Default: the account.")


@click.group()
def messages() -> None:
    """See what was told to customers and staff, and see to what failed.

    \b
    loopdesk messages list --ticket T-101
    loopdesk messages show 019cae6b66…               one with its text, and everything that happened to it
    loopdesk messages count --days 7 --by channel --by state
    loopdesk messages failures                       what a person has to look at
    loopdesk messages retry 019cae6b66…
    """


@messages.command("list")
@click.option("--ticket", "ticket_no", help="Only about this ticket.")
@click.option("--customer", "customer_id", help="Only to this customer.")
@click.option("--recipient", help="Only to this one, as `to` shows it: agent:ann, team:it, address:+441164960001.")
@click.option("--channel", type=CHANNELS)
@click.option("--state", "states", multiple=True, help="Only in this state, for example failed; may be repeated.")
@click.option("--kind", help="Only of this kind, for example survey.")
@click.option("--event", help="Only of this event, for example work_closed.")
@click.option("--broadcast", help="Only of this broadcast.")
@click.option("--from", "from_", type=MOMENT, help="Only of what happened since.")
@click.option("--to", "to_", type=MOMENT, help="Only of what happened before.")
@limit_option
@after_option
@zone_option
@json_option
def list_(from_: datetime | None, to_: datetime | None, zone: tzinfo, as_json: bool, **given: Any) -> None:
    """List messages, newest first; not their texts. Filters go together in any combination."""
    wanted = {name: value for name, value in {**given, "from": from_, "to": to_}.items() if value}
    if "states" in wanted:
        wanted["states"] = list(wanted["states"])
    with session.client() as client:
        answer = client.call("notify", "find_messages", **wanted)
    listing.show(answer, "messages", lambda rows: table(rows, zone), nothing="no such messages", as_json=as_json)


@messages.command()
@click.argument("message_id")
@zone_option
@json_option
def show(message_id: str, zone: tzinfo, as_json: bool) -> None:
    """Show a message with its text, and what became of it by this and by every other channel."""
    with session.client() as client:
        message = client.call("notify", "get_message", message_id=message_id)
        chain = client.call("notify", "message_history", message_id=message_id)
    if as_json:
        click.echo(json.dumps({**message, "chain": chain}, ensure_ascii=False))
        return
    out.print(table(chain["messages"], zone))
    content = message["content"]
    if content is not None:
        out.print()
        for part in ("subject", "text"):
            if content[part]:
                out.print(Text(content[part]))
    out.print()
    out.print(history(chain["history"], zone))


@messages.command()
@click.option("--days", default=1, show_default=True, type=click.IntRange(1, 92), help="That many, up to now.")
@click.option("--by", multiple=True, type=BY, help="What to count apart; may be repeated.")
@click.option("--channel", type=CHANNELS)
@click.option("--kind")
@zone_option
@json_option
def count(days: int, by: Sequence[str], zone: tzinfo, as_json: bool, **given: str | None) -> None:
    """Count the messages that were written: how many were sent, how many succeeded, how many failed."""
    until = datetime.now(UTC)
    period = {"from": until - timedelta(days=days), "to": until}
    wanted = {name: value for name, value in given.items() if value}
    with session.client() as client:
        answer = client.call("notify", "count_messages", timeout=15.0, **period, by=list(by), **wanted)
    if as_json:
        click.echo(json.dumps(answer, ensure_ascii=False))
        return
    out.print(figures([*(answer["rows"] if by else []), answer["total"]], by, zone))


@messages.command()
@click.option("--channel", type=CHANNELS)
@click.option("--kind")
@click.option("--urgency", type=click.Choice(["urgent", "normal", "bulk"]))
@click.option("--broadcast", help="Only of this broadcast.")
@limit_option
@after_option
@zone_option
@json_option
def failures(zone: tzinfo, as_json: bool, **given: Any) -> None:
    """List what a person has to look at, oldest first: what failed by every channel, or may have.

    `retry` it, send it to another `address`, or `give-up`. These take an account with the permission `supervise`.
    """
    with session.client() as client:
        answer = client.call("notify", "find_failures", **{name: value for name, value in given.items() if value})
    listing.show(answer, "messages", lambda rows: table(rows, zone), nothing="nothing failed", as_json=as_json)


@messages.command()
@click.argument("message_id")
@by_option
def retry(message_id: str, actor: str | None) -> None:
    """Have a message that failed sent once more, to the same address.

    At night it waits for the recipient's morning, as any message does; who has said STOP since gets it no more.
    """
    _do("retry_message", "sent once more", actor, message_id=message_id)


@messages.command()
@click.argument("message_id")
@click.argument("to")
@by_option
def address(message_id: str, to: str, actor: str | None) -> None:
    """Have a message that failed sent to another address: a number with its country code, or an e-mail address."""
    _do("change_address", "sent there", actor, message_id=message_id, to=to)


@messages.command("give-up")
@click.argument("message_id")
@click.option("--reason", required=True, help="Why, for the history.")
@by_option
def give_up(message_id: str, reason: str, actor: str | None) -> None:
    """Take a message that failed off the worklist."""
    _do("give_up_message", "given up", actor, message_id=message_id, reason=reason)


def _do(method: str, done: str, actor: str | None, **fields: Any) -> None:
    who: dict[str, Any] = {"actor": actor} if actor else {}
    with session.client(session.SUPERVISOR) as client:
        row = client.command("notify", method, **fields, **who)
    if row["held_for"]:
        done = f"waits until {minute(row['due_at'], UTC)} UTC ({row['held_for']})"
    out.print(f"{done}: {row['message_id']} is {row['state']}", highlight=False, markup=False)


def table(rows: Sequence[Mapping[str, Any]], zone: tzinfo) -> Table:
    """A row for each message; what a person has to look at is red."""
    names = ("when", "message", "to", "by", "kind", "about", "state", "why", "ticket")
    shown = Table(*names, box=None, header_style="bold")
    for row in rows:
        shown.add_row(
            Text(minute(row["created_at"], zone), no_wrap=True),
            Text(row["message_id"], no_wrap=True),
            Text(row["recipient"]),
            row["channel"],
            Text(row["kind"]),
            Text(row["event"]),
            Text(row["state"], "bold red" if row["look"] else ""),
            Text(row["held_for"] or row["detail"] or ""),
            Text(row["ticket_no"], no_wrap=True),
        )
    return shown


def history(entries: Sequence[Mapping[str, Any]], zone: tzinfo) -> Table:
    """A row for each entry, of whichever message."""
    shown = Table("when", "by", "what", "who", "", box=None, header_style="bold")
    for entry in entries:
        said = ", ".join(f"{name}={value}" for name, value in entry["data"].items())
        shown.add_row(
            Text(minute(entry["at"], zone), no_wrap=True),
            entry["channel"],
            Text(entry["type"]),
            Text(entry["actor"] or ""),
            Text(said),
        )
    return shown


def figures(rows: Sequence[Mapping[str, Any]], by: Sequence[str], zone: tzinfo) -> Table:
    """A row for each combination, the total last."""
    names = ("messages", "sent", "succeeded", "failed")
    shown = Table(*by, *names, "states", box=None, header_style="bold")
    for column in shown.columns[len(by) : -1]:
        column.justify = "right"
    for row in rows:
        keys = [_key(row, name, zone) for name in by]
        states = ", ".join(f"{state} {number}" for state, number in row["states"].items())
        shown.add_row(*keys, *(str(row[name]) for name in names), Text(states))
    return shown


def _key(row: Mapping[str, Any], name: str, zone: tzinfo) -> Text:
    if name not in row:
        return Text("all", "bold")
    return Text(minute(row[name], zone) if name == "hour" else str(row[name]))
