"""`loopdesk ping` and `loopdesk status`: is everything there, and does anything wait."""

from __future__ import annotations

import base64
import json
import urllib.request
from collections.abc import Mapping
from time import perf_counter
from typing import Any
from urllib.error import URLError
from urllib.parse import quote

import click
from rich.table import Table

from deploy.commands import session
from deploy.commands.session import out
from deploy.services import PROCESSES
from shared.client import Client, Request
from shared.errors import LoopdeskError

COLUMNS = "name,messages_ready,messages_unacknowledged,consumers"
#: Queues that wait for people, or for a TTL, and so have no consumer.
UNATTENDED = (".parking", "unrouted")


@click.command()
@click.argument("processes", nargs=-1)
@click.option("--timeout", default=5.0, show_default=True, help="Seconds.")
def ping(processes: tuple[str, ...], timeout: float) -> None:
    """Ask PROCESSES (default: all nine) whether they, their broker connection and their database work.

    Exits 1 if one does not answer.

    \b
    loopdesk ping
    loopdesk ping intake dispatch-worker
    """
    with session.client() as client:
        troubles = answers(client, processes or PROCESSES, timeout)
    if any(troubles.values()):
        out.print("Look at a process's log: make logs, or docker compose logs <process>")
        raise SystemExit(1)


def answers(client: Client, processes: tuple[str, ...], timeout: float) -> dict[str, str | None]:
    """Process -> trouble, all asked at once; printed as they come in order."""
    began = perf_counter()
    troubles: dict[str, str | None] = {}
    outcomes = client.stream((Request.query(name, "ping") for name in processes), timeout=timeout)
    for name, outcome in zip(processes, outcomes, strict=True):
        trouble = f"{outcome.code}: {outcome.message}" if isinstance(outcome, LoopdeskError) else None
        troubles[name] = trouble
        mark = "[red]no[/] " if trouble else "[green]yes[/]"
        out.print(f"{mark} {name:16} {trouble or f'{(perf_counter() - began) * 1000:.0f} ms'}", highlight=False)
    return troubles


@click.command()
@click.option("--all", "everything", is_flag=True, help="Idle queues, too.")
def status(everything: bool) -> None:
    """Show which processes answer and where messages wait.

    Queue depths come from RabbitMQ's management plugin (LOOPDESK_MANAGEMENT_URI, for example http://rabbitmq:15672);
    without it only the processes are asked. Exits 1 if something needs a person.
    """
    with session.client() as client:
        troubles = answers(client, PROCESSES, 5.0)
    well = not any(troubles.values())
    try:
        found = queues()
    except (URLError, TimeoutError, ValueError) as error:
        out.print(f"\nqueues: unknown, {error}")
    else:
        well = show(found, everything) and well
    if not well:
        raise SystemExit(1)


def queues() -> list[dict[str, Any]]:
    """All queues of the virtual host. Raises `URLError`, or `ValueError` when no address is known."""
    address = session.management_uri()
    if not address:
        raise ValueError("LOOPDESK_MANAGEMENT_URI is not set")
    if not address.startswith(("http://", "https://")):
        raise ValueError("LOOPDESK_MANAGEMENT_URI must begin with http:// or https://")
    url = f"{address.rstrip('/')}/api/queues/{quote(session.vhost(), safe='')}?columns={COLUMNS}"
    token = base64.b64encode(":".join(session.account()).encode()).decode()
    request = urllib.request.Request(url, headers={"Authorization": f"Basic {token}"})  # noqa: S310 - checked above
    with urllib.request.urlopen(request, timeout=5) as reply:  # noqa: S310
        return [queue for queue in json.load(reply) if not queue["name"].startswith("reply.")]


def concern(queue: Mapping[str, Any]) -> str | None:
    """What an operator should do about a queue; None when nothing."""
    name, ready, consumers = queue["name"], queue.get("messages_ready", 0), queue.get("consumers", 0)
    if name.endswith(UNATTENDED):
        place = name.removesuffix(".parking")
        return f"loopdesk parked list --service {place}" if ready else None
    if ".retry." in name or consumers:
        return None
    return "nobody consumes it: start its process"


def show(found: list[dict[str, Any]], everything: bool) -> bool:
    """Print the queues; True when none needs a person."""
    table = Table("queue", "ready", "in hand", "consumers", "to do", box=None, header_style="bold", pad_edge=False)
    concerns = 0
    for queue in sorted(found, key=lambda queue: str(queue["name"])):
        ready, taken = queue.get("messages_ready", 0), queue.get("messages_unacknowledged", 0)
        todo = concern(queue)
        concerns += todo is not None
        if everything or ready or taken or todo:
            figures = (str(ready), str(taken), str(queue.get("consumers", 0)))
            table.add_row(queue["name"], *figures, todo or "", style="yellow" if todo else None)
    out.print()
    if table.row_count:
        out.print(table)
    if not concerns:
        out.print(f"[green]nothing to do[/]: {len(found)} queues, none waits for a person")
    return concerns == 0
