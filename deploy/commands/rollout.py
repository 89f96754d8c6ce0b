"""`loopdesk rollout`: how far newer reference data have come to open work."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

import click
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from deploy.commands import session
from deploy.commands.session import err, out
from shared.client import Client

PAUSE = 0.5  # seconds


@click.command()
@click.argument("rollout_id", metavar="ID")
@click.option("--no-wait", is_flag=True, help="Say how far it has come, and do not wait for its end.")
@click.option("--json", "as_json", is_flag=True, help="The answer as it came.")
def rollout(rollout_id: str, no_wait: bool, as_json: bool) -> None:
    """Follow a rollout to open work to its end; exit 1 if some of the work could not be changed.

    ID is what `loopdesk apply` has printed. It may be broken off at any time: the rollout goes on by itself.

    \b
    loopdesk rollout horizon-8
    """
    with session.client() as client:
        found = _at(client, rollout_id) if no_wait else _followed(client, rollout_id)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
    else:
        out.print(told(found))
    if found["refused"]:
        if not as_json:
            err.print("Which work, and why, is in the logs of dispatch-worker.")
        raise SystemExit(1)


def told(found: Mapping[str, Any]) -> Text:
    """What it is, and how far it has come."""
    what = "apply_to_open" if found["kind"] == "apply_to_open" else f"horizon of {', '.join(found['calendars'])}"
    of = f" of {', '.join(found['policies'])}" if found["policies"] else ""
    why = f" “{found['reason']}”" if found["reason"] else ""
    style = "green" if found["state"] == "done" else "cyan"
    refused = (f", {found['refused']} refused", "red") if found["refused"] else ""
    counts = f"{found['seen']} work orders seen, {found['changed']} changed"
    return Text.assemble((found["state"], style), f"  {what}{of}, version {found['version']}{why}: {counts}", refused)


def _at(client: Client, rollout_id: str) -> Any:
    return client.call("dispatch", "get_rollout", rollout_id=rollout_id)


def _followed(client: Client, rollout_id: str) -> Any:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task("rolling out", total=None)
        while (found := _at(client, rollout_id))["state"] == "running":
            progress.update(task, description=f"{found['seen']} work orders seen, {found['changed']} changed")
            time.sleep(PAUSE)
    return found
