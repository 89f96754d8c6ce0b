"""What is done with a broadcast that is there: begun, paused, stopped, its unreached called."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

import click
from rich.text import Text

from deploy.commands import broadcast_show, session
from deploy.commands.handover import by_option, said
from deploy.commands.session import out
from shared.client import Client

#: Command -> RPC method, whether it asks why, and its help.
ACTS: Mapping[str, tuple[str, bool, str]] = {
    "start": ("start_broadcast", False, "Begin the draft ID, or have it begin at its time."),
    "pause": (
        "pause_broadcast",
        False,
        "Tell nobody else of ID until it is resumed; what is held stays held. What is with the consumers goes.",
    ),
    "resume": (
        "resume_broadcast",
        False,
        "Go on with ID where it was, and let go what was held meanwhile: at night, in the morning.",
    ),
    "cancel": (
        "cancel_broadcast",
        True,
        "Tell nobody else of ID, and cancel what is held. What has been sent stays sent: amend, to correct it.",
    ),
    "end": (
        "end_broadcast",
        True,
        "Say that what ID tells of is over: what is held is obsolete and is not sent.",
    ),
}
why_option = click.option("--why", required=True, help="Why, for the history.")
#: Of those who cannot be called, so many are shown after calls were asked for.
SHOWN = 20
PAGE = 200


def act(method: str, broadcast_id: str, by: str | None, **given: Any) -> None:
    """Do it, and say in which state and edition the broadcast is now."""
    with session.client(session.SUPERVISOR) as client:
        answer = client.command("notify", method, broadcast_id=broadcast_id, **given, **said(by))
    out.print(state(answer), highlight=False)


def state(answer: Mapping[str, Any]) -> Text:
    """As a command answers."""
    return Text.assemble((answer["state"], "green"), f"  edition {answer['edition']}")


def add_to(group: click.Group) -> None:
    """Makes the commands of `group`."""
    for name, (method, asks_why, doc) in ACTS.items():
        group.add_command(_command(name, method, asks_why, doc))
    group.add_command(call)


def _command(name: str, method: str, asks_why: bool, doc: str) -> click.Command:
    def run(broadcast_id: str, by: str | None, **given: Any) -> None:
        act(method, broadcast_id, by, **given)

    options: list[Callable[[Any], Any]] = [by_option, *([why_option] if asks_why else [])]
    for option in options:
        run = option(run)
    return click.command(name, help=doc)(click.argument("broadcast_id", metavar="ID")(run))


@click.command()
@click.argument("broadcast_id", metavar="ID")
@click.option("--no-wait", is_flag=True, help="Do not wait until the call tasks are made.")
@by_option
def call(broadcast_id: str, no_wait: bool, by: str | None) -> None:
    """Make a call task of each household or customer that ID has not reached, once, and say who cannot be called.

    Who has no telephone number, or wants no calls about this, has to be reached otherwise: all of them are listed by
    `loopdesk broadcast unreached ID --uncallable`.
    """
    with session.client(session.SUPERVISOR) as client:
        answer = client.command("notify", "call_the_unreached", broadcast_id=broadcast_id, **said(by))
        out.print(state(answer), highlight=False)
        if no_wait:
            return
        found = broadcast_show.followed(client, broadcast_id, wait=True)
        open_ = found["channels"].get("call", {}).get("handed_over", 0)
        out.print(f"{open_} calls to be made: loopdesk calls list", highlight=False)
        _say_who_is_left(uncallable(client, broadcast_id), broadcast_id)


def uncallable(client: Client, broadcast_id: str) -> Iterator[Mapping[str, Any]]:
    """Whom the newest edition has not reached, and nobody can call."""
    after: str | None = None
    while True:
        wanted: dict[str, Any] = {"uncallable": True, "limit": PAGE, **({"after": after} if after else {})}
        page = client.call("notify", "find_unreached", broadcast_id=broadcast_id, **wanted)
        yield from page["unreached"]
        after = page["next"]
        if after is None:
            return


def _say_who_is_left(rows: Iterator[Mapping[str, Any]], broadcast_id: str) -> None:
    first = list(islice(rows, SHOWN))
    reasons = [row["why_no_call"] for row in first]
    reasons += [row["why_no_call"] for row in rows]
    if not reasons:
        return
    parts = [f"{reasons.count(why)} {said_}" for why, said_ in broadcast_show.WHY_NO_CALL.items() if why in reasons]
    out.print(f"{len(reasons)} of those not reached cannot be called: {', '.join(parts)}", highlight=False)
    out.print(broadcast_show.unreached(first))
    if len(reasons) > len(first):
        out.print(f"\nAll of them: loopdesk broadcast unreached {broadcast_id} --uncallable", highlight=False)
