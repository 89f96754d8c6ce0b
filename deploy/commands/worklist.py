"""`loopdesk worklist`: what supervisors are to see to, and the next thing to do about each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import tzinfo
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from deploy.commands import session
from deploy.commands.session import out
from deploy.commands.times import minute, zone_of

LISTS = ("near", "missed", "urged", "unaccepted", "held_long", "reopened", "stranded")


@click.command()
@click.argument("name", metavar="LIST", type=click.Choice(LISTS))
@click.option("--team", help="Only of this team.")
@click.option("--agent", help="Only of this agent.")
@click.option("--type", "type_", metavar="TYPE", help="Only of this type, for example complaint.")
@click.option("--tier", help="Only of customers of this tier, for example gold.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 200))
@click.option("--after", help="Go on where a page ended.")
@click.option(
    "--language", default="en", show_default=True, type=click.Choice(["en", "zh-CN"]), help="Of what is next."
)
@click.option("--zone", default="UTC", show_default=True, callback=zone_of, help="Of all times shown.")
@click.option("--json", "as_json", is_flag=True, help="The page as it came.")
def worklist(
    name: str,
    type_: str | None,
    limit: int,
    language: str,
    zone: tzinfo,
    as_json: bool,
    **filters: str | None,
) -> None:
    """Show a list of supervision (督办): what is to be done first stands first, with what that is, by when and by whom.

    \b
    near        a deadline is near            missed      a deadline has passed
    urged       urged, and not answered yet   unaccepted  given to somebody, not accepted
    held_long   held for too long             reopened    it was not done
    stranded    nobody at all can take it

    Filters go together in any combination.

    \b
    loopdesk worklist missed --team it --zone Asia/Shanghai
    loopdesk worklist urged --type complaint --tier gold --language zh-CN
    loopdesk worklist stranded --json | jq .work[].order_no
    """
    wanted: dict[str, Any] = {by: value for by, value in {**filters, "type": type_}.items() if value}
    with session.client() as client:
        page = client.call("dispatch", "find_worklist", list=name, limit=limit, **wanted)
    if as_json:
        click.echo(json.dumps(page, ensure_ascii=False))
        return
    if not page["work"]:
        out.print("nothing stands in this list")
        return
    out.print(table(page["work"], zone, language))
    if page["next"]:
        out.print(f"\nThere are more: --after {page['next']}", highlight=False, markup=False)


def table(rows: Iterable[Mapping[str, Any]], zone: tzinfo, language: str) -> Table:
    """A row for each work order; a time that has passed is red."""
    shown = Table(f"by ({zone})", "next", "who", "work", "pri", "state", "type", "tier", "subject", box=None)
    shown.header_style = "bold"
    for row in rows:
        following = row["next"]
        by = minute(following["by"], zone) if following["by"] else "-"
        about = row["type"], row["tier"], row["subject"]
        shown.add_row(
            Text(by, "bold red" if following["late"] else "", no_wrap=True),
            Text(following["name"][language]),
            Text(", ".join(following["who"]) or f"team {following['team']}"),
            Text(row["order_no"], no_wrap=True),
            row["priority"],
            row["state"],
            *map(Text, about),
        )
    return shown
