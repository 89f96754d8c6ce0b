"""`loopdesk broadcast`: one notice to many, and the proof of whom it has reached."""

from __future__ import annotations

import json
from datetime import tzinfo
from pathlib import Path
from typing import Any

import click
import yaml

from deploy.commands import broadcast_acts, broadcast_file, broadcast_show, listing, session
from deploy.commands.broadcast_acts import why_option
from deploy.commands.handover import by_option, json_option, said, zone_option
from deploy.commands.session import err, out
from deploy.commands.times import MOMENT
from shared.client import Client
from shared.clock import to_text
from shared.errors import ValidationError

CHANNELS = click.Choice(["sms", "email", "call"])
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
edition_option = click.option("--edition", type=click.IntRange(1), help="Of an older edition. Default: the newest.")


@click.group()
def broadcast() -> None:
    """Tell many people one thing, once each, and prove whom it reached (docs/broadcasts.md).

    `new` makes a draft, or begins at once with --start. While it runs it can be paused, amended and taken back; when
    everybody has been told, whom nothing reached can be called. Needs an account with the permission `supervise`.

    \b
    loopdesk broadcast new --name "Water off in the north" --kind planned_outage --channel sms --channel email \\
        --outage north=2036-03-02T01:00Z/2036-03-02T04:00Z --start
    loopdesk broadcast new --name Payment --kind payment_reminder --channel sms --file debtors.csv
    loopdesk broadcast show ID
    loopdesk broadcast proof ID
    """


broadcast_acts.add_to(broadcast)


def _pairs(values: tuple[str, ...], option: str) -> dict[str, str]:
    found = dict(value.partition("=")[::2] for value in values)
    if any("=" not in value for value in values):
        raise click.UsageError(f"{option} has the form NAME=VALUE")
    return found


def _outages(values: tuple[str, ...]) -> dict[str, dict[str, str]]:
    found = {}
    for area, times in _pairs(values, "--outage").items():
        begins, slash, ends = times.partition("/")
        if not slash:
            raise click.UsageError("--outage has the form AREA=FROM/TO, with `default` for all other areas")
        since, until = (MOMENT.convert(text, None, None) for text in (begins, ends))
        found[area] = {"from": to_text(since), "to": to_text(until)}
    return found


def words(function: Any) -> Any:
    """The options that say what is told."""
    for option in (
        click.option("--template", help="A template of the reference data. Default: the kind's own."),
        click.option("--texts", type=FILE, help="YAML: channel, language or `default`, then text, subject, html."),
        click.option("--text", help="The words of an SMS, for all languages."),
        click.option("--variable", "variables", multiple=True, metavar="NAME=VALUE", help="What the texts may say."),
        click.option("--outage", "outages", multiple=True, metavar="AREA=FROM/TO", help="When; AREA may be `default`."),
        click.option("--valid-for", help="How long it is worth sending, for example 36h."),
    ):
        function = option(function)
    return function


def _plan(
    template: str | None,
    texts: Path | None,
    text: str | None,
    variables: tuple[str, ...],
    outages: tuple[str, ...],
    valid_for: str | None,
) -> dict[str, Any]:
    own = _yaml(texts) if texts else None
    if text is not None:
        own = {"sms": {"default": {"text": text}}, **(own or {})}
    given = {"template": template, "texts": own, "valid_for": valid_for}
    given |= {"variables": _pairs(variables, "--variable") or None, "outages": _outages(outages) or None}
    return {name: value for name, value in given.items() if value is not None}


def _yaml(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise click.UsageError(f"{path} is not YAML in UTF-8: {error}") from None


@broadcast.command()
@click.option("--name", required=True, help="What it is called; texts may say it.")
@click.option("--kind", required=True, help="One of the reference data's `broadcasts`, for example planned_outage.")
@click.option("--channel", "channels", multiple=True, type=CHANNELS, required=True, help="In order: fallback after it.")
@click.option("--file", "file", type=FILE, help="CSV of recipients: customer_id, phone, email …; others are variables.")
@click.option("--area", "areas", multiple=True, help="The customers of an area. Default: all; of an outage, those hit.")
@click.option("--where", help="Of these, those for whom this holds: 'tier == \"gold\"' (docs/conditions.md).")
@click.option("--urgency", type=click.Choice(["urgent", "normal", "bulk"]), help="Default: the kind's.")
@click.option("--at", "at", type=MOMENT, help="When it is to begin.")
@click.option("--pace", type=float, help="At most so many a second.")
@click.option("--window", type=int, help="At most so many with the consumers at once: the rest can still be amended.")
@click.option("--start", is_flag=True, help="Begin; otherwise it is a draft.")
@words
@by_option
def new(
    name: str,
    kind: str,
    channels: tuple[str, ...],
    file: Path | None,
    areas: tuple[str, ...],
    where: str | None,
    urgency: str | None,
    at: Any,
    pace: float | None,
    window: int | None,
    start: bool,
    by: str | None,
    **plan: Any,
) -> None:
    """Make a broadcast, to the recipients of a file or to customers by area and condition.

    A file is sent in chunks of 1,000. A recipient whose address cannot be one becomes a failed message, and is named.

    \b
    loopdesk broadcast new --name Recall --kind recall --channel email --channel call --texts recall.yaml --area north
    """
    if file and (areas or where):
        raise click.UsageError("--file is one audience, --area and --where are another")
    wanted = {"areas": list(areas) or None, "where": where}
    audience = {"listed": True} if file else {key: value for key, value in wanted.items() if value}
    given: dict[str, Any] = {"urgency": urgency, "pace": pace, "window": window}
    given |= {"start_at": to_text(at) if at else None, "start": start and not file}
    if file:
        broadcast_file.check(file)  # before anything is made
    with session.client(session.SUPERVISOR) as client:
        made = client.command(
            *("notify", "broadcast"),
            name=name,
            kind=kind,
            channels=list(channels),
            audience=audience,
            **{key: value for key, value in given.items() if value is not None},
            **_plan(**plan),
            **said(by),
        )
        if file:
            _send(client, made["broadcast_id"], file)
            if start:
                made = client.command("notify", "start_broadcast", broadcast_id=made["broadcast_id"], **said(by))
    out.print(broadcast_acts.state(made), highlight=False)
    click.echo(made["broadcast_id"])


def _send(client: Client, broadcast_id: str, file: Path) -> None:
    total = 0
    for piece in broadcast_file.chunks(file):
        lines, rows = [line for line, _ in piece], [recipient for _, recipient in piece]
        try:
            answer = client.command("notify", "add_recipients", broadcast_id=broadcast_id, recipients=rows)
        except ValidationError as refused:
            err.print(f"{broadcast_id} stays a draft with {total} recipients; nobody was told.", highlight=False)
            raise ValidationError(broadcast_file.by_line(refused.fields, lines)) from None
        total = answer["recipients"]
        for one in answer["bad"]:
            err.print(f"{file.name}, line {lines[one['place']]}: {one['why']}", highlight=False, markup=False)
    err.print(f"{total} recipients")


@broadcast.command()
@click.argument("broadcast_id", metavar="ID")
@why_option
@words
@by_option
def amend(broadcast_id: str, why: str, by: str | None, **plan: Any) -> None:
    """Change what ID tells: a new edition for everybody, and a correction for those who know an older one.

    What is not named stays as it was, also the outages of other areas and the other variables.

    \b
    loopdesk broadcast amend ID --why "the works are put off" --outage north=2036-03-03T01:00Z/2036-03-03T04:00Z
    """
    changed = _plan(**plan)
    with session.client(session.SUPERVISOR) as client:
        found: dict[str, Any] = client.call("notify", "get_broadcast", broadcast_id=broadcast_id)
    before: dict[str, dict[str, Any]] = found["editions"][-1]
    # the service takes each of these as a whole: an area that is left out has no outage any more
    changed |= {name: before[name] | changed[name] for name in ("outages", "variables") if name in changed}
    broadcast_acts.act("amend_broadcast", broadcast_id, by, why=why, **changed)


@broadcast.command("list")
@click.option("--state", help="draft, scheduled, running, paused, told, cancelled or ended.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 200))
@click.option("--after", help="As the page before said.")
@zone_option
@json_option
def list_(state: str | None, limit: int, after: str | None, zone: tzinfo, as_json: bool) -> None:
    """List broadcasts, the newest first."""
    wanted: dict[str, Any] = {name: value for name, value in {"state": state, "after": after}.items() if value}
    with session.client() as client:
        answer = client.call("notify", "find_broadcasts", limit=limit, **wanted)
    shown = broadcast_show.table
    listing.show(answer, "broadcasts", lambda rows: shown(rows, zone), nothing="no broadcasts", as_json=as_json)


@broadcast.command()
@click.argument("broadcast_id", metavar="ID")
@click.option("--no-wait", is_flag=True, help="Say how far it has come, and do not follow it.")
@json_option
def show(broadcast_id: str, no_wait: bool, as_json: bool) -> None:
    """Follow ID until everybody has a message; break it off at any time, it goes on by itself.

    Shows how many messages are in which state, by channel.
    """
    with session.client() as client:
        found = broadcast_show.followed(client, broadcast_id, wait=not no_wait)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
    else:
        out.print(broadcast_show.progress(found))


@broadcast.command()
@click.argument("broadcast_id", metavar="ID")
@edition_option
@json_option
def proof(broadcast_id: str, edition: int | None, as_json: bool) -> None:
    """Show whom ID has reached, by area: households (customers where none is known) reached ÷ to be reached.

    "in time" are those reached by the promised lead time before their outage.
    """
    with session.client() as client:
        found = client.call("notify", "broadcast_proof", broadcast_id=broadcast_id, edition=edition)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
    else:
        out.print(broadcast_show.proof(found))


@broadcast.command()
@click.argument("broadcast_id", metavar="ID")
@edition_option
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 200))
@click.option("--after", help="As the page before said.")
@click.option("--uncallable", is_flag=True, help="Only those whom nobody can call: no telephone, or calls not wanted.")
@json_option
def unreached(broadcast_id: str, as_json: bool, uncallable: bool, **page: Any) -> None:
    """List whom ID has not reached, and what became of their messages; `call` makes call tasks of them.

    With --uncallable a page may be short though there are more: as long as the last line says so, there are.
    """
    with session.client() as client:
        answer = client.call("notify", "find_unreached", broadcast_id=broadcast_id, uncallable=uncallable, **page)
    nothing = "nobody here is without a call" if uncallable else "nobody here is unreached"
    listing.show(answer, "unreached", broadcast_show.unreached, nothing=nothing, as_json=as_json)
