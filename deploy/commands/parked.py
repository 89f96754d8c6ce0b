"""`loopdesk parked`: messages that no handler could take."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import click
from pika.adapters.blocking_connection import BlockingConnection
from rich.table import Column, Table

from deploy import parked as lots
from deploy.commands import session
from deploy.commands.session import err, out
from deploy.parked import Outcome
from deploy.parked_message import Parked, presentable
from deploy.services import SERVICES
from shared.bus.topology import UNROUTED

PLACES = (*SERVICES, UNROUTED)
Act = Callable[[BlockingConnection, str, lots.Choose], Iterator[Outcome]]

service_option = click.option(
    "--service",
    "services",
    multiple=True,
    type=click.Choice(PLACES),
    help="Only this place; more than once for several. Default: all.",
)


@click.group()
def parked() -> None:
    """See to messages that no handler could take.

    An event is parked when its handler failed for about 13 minutes, or at once when it cannot be read. It stays until
    somebody replays or drops it. `unrouted` holds events that no queue takes: run `loopdesk provision`, then replay.

    \b
    loopdesk parked list                          what is there, and why
    loopdesk parked show 3fa9                     one message, without personal data
    loopdesk parked replay 3fa9                   send it back to its handler
    loopdesk parked replay --all --service notify
    loopdesk parked drop 3fa9                     remove it for good
    """


@parked.command("list")
@service_option
@click.option("--limit", default=100, show_default=True, help="Messages per place, oldest first.")
def list_(services: Sequence[str], limit: int) -> None:
    """List what is parked, oldest first."""
    table = Table(
        Column("id", no_wrap=True),
        "place",
        "type",
        "about",
        "attempts",
        "parked at",
        "reason",
        box=None,
        header_style="bold",
    )
    total = 0
    with session.broker() as connection:
        for place in places(services):
            total += depth(connection, place)
            for one in lots.read(connection, place, limit):
                kind = str(one.event.get("type") or one.routing_key)
                about = str(one.event.get("aggregate_id") or one.message_id)
                table.add_row(one.id, one.place, kind, about, str(one.attempts), one.parked_at[:19], one.reason)
    if table.row_count:
        out.print(table)
        out.print(f"\n{table.row_count} of {total} shown. Next: loopdesk parked show ID, then replay ID or drop ID")
    else:
        out.print("[green]nothing is parked[/]")


@parked.command()
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@service_option
@click.option("--full", is_flag=True, help="With customers' words, names and addresses.")
def show(ids: tuple[str, ...], services: Sequence[str], full: bool) -> None:
    """Show messages by the beginning of their id, or by event id; without personal data."""
    found = 0
    with session.broker() as connection:
        for place in places(services):
            for one in lots.read(connection, place, depth(connection, place) + 1):
                if any(one.called(name) for name in ids):
                    found += 1
                    describe(one, full)
    if not found:
        nothing(ids)


@parked.command()
@click.argument("ids", nargs=-1, metavar="ID...")
@click.option("--all", "everything", is_flag=True, help="All of them.")
@service_option
def replay(ids: tuple[str, ...], everything: bool, services: Sequence[str]) -> None:
    """Send messages back to the queue that they came from.

    Mend the cause first, else they come back. A message leaves its place only when the broker has the copy.
    """
    done = act(lots.replay, "replayed", ids, everything, services)
    out.print(f"{done} replayed. Whether they were handled now: loopdesk parked list")


@parked.command()
@click.argument("ids", nargs=-1, metavar="ID...")
@click.option("--all", "everything", is_flag=True, help="All of them.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@service_option
def drop(ids: tuple[str, ...], everything: bool, yes: bool, services: Sequence[str]) -> None:
    """Remove messages for good: what they tell will never happen."""
    one_of(ids, everything)
    unmistakable(ids, services)
    if not yes:
        what = f"everything parked in {', '.join(services or PLACES)}" if everything else ", ".join(ids)
        click.confirm(f"Remove {what} for good?", abort=True)
    out.print(f"{act(lots.drop, 'dropped', ids, everything, services)} dropped")


def act(step: Act, word: str, ids: tuple[str, ...], everything: bool, services: Sequence[str]) -> int:
    """Take the step for the chosen messages; gives how many went, and exits 1 if one chosen did not."""
    one_of(ids, everything)
    done = stayed = 0
    with session.broker() as connection:
        for place in places(services):
            depth(connection, place)
            for outcome in step(connection, place, lambda one: everything or any(map(one.called, ids))):
                done, stayed = done + (outcome.trouble is None), stayed + (outcome.trouble is not None)
                mark = f"[red]stays[/]: {outcome.trouble}" if outcome.trouble else word
                out.print(f"{outcome.parked.id} {outcome.parked.routing_key} {mark}", highlight=False)
    if stayed:
        raise SystemExit(1)
    if not done and ids:
        nothing(ids)
    return done


def one_of(ids: tuple[str, ...], everything: bool) -> None:
    """Refuse neither, and both."""
    if everything == bool(ids):
        raise click.UsageError("give ids, or --all")


def unmistakable(names: tuple[str, ...], services: Sequence[str]) -> None:
    """Refuse the beginning of several messages' ids: dropping cannot be undone."""
    if not names:
        return
    with session.broker() as connection:
        found = {
            one.id for place in places(services) for one in lots.read(connection, place, depth(connection, place) + 1)
        }
    for name in names:
        if sum(there.startswith(name) for there in found) > 1:
            raise click.UsageError(f"several ids begin with {name!r}: give more of it")


def places(services: Sequence[str]) -> list[str]:
    """The queues to look into."""
    return [lots.place_of(service) for service in services or PLACES]


def depth(connection: BlockingConnection, place: str) -> int:
    """How many wait there."""
    try:
        return lots.count(connection, place)
    except LookupError as error:
        raise click.ClickException(f"{error}\nHas `loopdesk provision` been run?") from None


def describe(one: Parked, full: bool) -> None:
    """Everything about one message."""
    told = ("place", "exchange", "routing_key", "reason", "attempts", "parked_at", "message_id")
    out.print(f"[bold]{one.id}[/]", highlight=False)
    for name in told:
        out.print(f"  {name:12} {getattr(one, name)}", markup=False, highlight=False)
    if one.event:
        out.print_json(data=presentable(one.event, full=full), ensure_ascii=False)
    elif full:
        out.print(one.body.decode("utf-8", "backslashreplace"), markup=False, highlight=False)
    else:
        out.print(f"  {len(one.body)} bytes that are no JSON object; --full shows them")


def nothing(ids: Iterable[str]) -> None:
    """Say that none was found, and exit 1."""
    err.print(f"nothing parked has the id {', '.join(ids)}. What there is: loopdesk parked list", highlight=False)
    raise SystemExit(1)
