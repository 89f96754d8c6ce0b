"""`loopdesk calls`: what is to be told by telephone."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from deploy.commands import listing, session
from deploy.commands.messages import after_option, by_option, json_option, limit_option, zone_option
from deploy.commands.session import out
from deploy.commands.times import minute

WORKBENCH = "workbench"


@click.group()
def calls() -> None:
    """See to calls: messages that a person has to tell, because no other channel could.

    \b
    loopdesk calls list --team network
    loopdesk calls next ann                              the next one, for agent ann
    loopdesk calls finish 019cae6b66… reached --note "is at home on Monday"
    """


@calls.command("list")
@click.option("--team", help="Only of this team.")
@click.option("--urgency", type=click.Choice(["urgent", "normal", "bulk"]))
@limit_option
@after_option
@zone_option
@json_option
def list_(zone: tzinfo, as_json: bool, **given: Any) -> None:
    """List the calls that are to be made, oldest first."""
    with session.client() as client:
        answer = client.call("notify", "find_calls", **{name: value for name, value in given.items() if value})
    listing.show(answer, "messages", lambda rows: table(rows, zone), nothing="nobody is to be called", as_json=as_json)


@calls.command("next")
@click.argument("agent")
@click.option("--team", help="Only of this team.")
@json_option
def next_(agent: str, team: str | None, as_json: bool) -> None:
    """Take the next call: the oldest of the most urgent ones. It comes back by itself if it is not finished."""
    wanted: dict[str, Any] = {"team": team} if team else {}
    with session.client(WORKBENCH) as client:
        call = client.command("notify", "next_call", agent=agent, **wanted)["call"]
    if as_json:
        click.echo(json.dumps(call, ensure_ascii=False))
    elif call is None:
        out.print("nobody is to be called")
    else:
        for line in (f"call {call['to']} ({call['recipient']})", call["text"], f"\nmessage {call['message_id']}"):
            out.print(line, highlight=False, markup=False)


@calls.command()
@click.argument("message_id")
@click.argument("outcome", type=click.Choice(["reached", "not_reached", "wrong_number"]))
@click.option("--note", help="What was said, for the history.")
@by_option
def finish(message_id: str, outcome: str, note: str | None, actor: str | None) -> None:
    """Say what came of a call; who was not reached is called again later, unless there is nothing to tell any more."""
    more: dict[str, Any] = {name: value for name, value in (("note", note), ("actor", actor)) if value}
    with session.client(WORKBENCH) as client:
        row = client.command("notify", "finish_call", message_id=message_id, outcome=outcome, **more)
    why = f" ({row['detail']})" if row["detail"] else ""
    out.print(f"{row['message_id']} is {row['state']}{why}", highlight=False, markup=False)


def table(rows: Sequence[Mapping[str, Any]], zone: tzinfo) -> Table:
    """A row for each call."""
    shown = Table("since", "message", "whom", "urgency", "team", "with", "until", "calls", "ticket", box=None)
    shown.header_style = "bold"
    for row in rows:
        shown.add_row(
            Text(minute(row["since"], zone), no_wrap=True),
            Text(row["message_id"], no_wrap=True),
            Text(row["recipient"]),
            row["urgency"],
            Text(row["team"] or ""),
            Text(row["agent"] or ""),
            Text(minute(row["due_at"], zone) if row["due_at"] else ""),
            str(row["attempt"]),
            Text(row["ticket_no"], no_wrap=True),
        )
    return shown
