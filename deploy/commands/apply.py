"""`loopdesk apply`: reference data from YAML, all of it or nothing."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click
from rich.text import Text

from deploy import apply as reference
from deploy.commands import session
from deploy.commands.session import err, out
from deploy.declared import CONFIG

LONGEST = 100


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path), default=CONFIG)
@click.option("--dry-run", is_flag=True, help="Check and show what would change; apply nothing.")
@click.option("--to-open", is_flag=True, help="Put work that is open already under the newest version, too.")
@click.option("--reason", help="Why; required with --to-open, and kept in the history of the work.")
@click.option("--policy", "policies", multiple=True, help="With --to-open: only work under this policy. Repeatable.")
def apply(folder: Path, dry_run: bool, to_open: bool, reason: str | None, policies: tuple[str, ...]) -> None:
    """Put the reference data in FOLDER in force (default: deploy/config).

    Reads intake.yaml, dispatch.yaml, feedback.yaml and notify.yaml, and a file for each of dispatch's calendars and
    flows (calendars/office.yaml is the calendar `office`). All four services check their part before any of them takes
    it. With a fault anywhere nothing is applied: every fault is listed, exit 1. Running it again changes nothing. Older
    versions stay readable in `<service>_reference`.

    Open work keeps the version that it began under, unless --to-open is given. A calendar whose horizon moved on, and
    that is otherwise as it was, makes the deadlines beyond the old horizon be computed anew by itself.

    \b
    loopdesk apply --dry-run
    loopdesk apply /srv/loopdesk/config
    loopdesk apply --to-open --reason "New promises from March on" --policy gold
    """
    if to_open != bool(reason) or (policies and not to_open):
        raise click.UsageError("--to-open, --reason and --policy go together: name at least the first two.")
    bodies, unreadable = reference.load(folder)
    with session.client() as client:
        faults = [*unreadable, *reference.check(client, bodies)]
        if faults:
            refuse(reference.placed(folder, faults))
        parts = [part for part in reference.compare(client, bodies) if part.new]
        for part in parts:
            show(part)
        if not parts:
            out.print("[green]nothing to do[/]: all of it is in force already")
        elif dry_run:
            out.print("Nothing was applied. To apply it: loopdesk apply", f"{folder}")
        else:
            for part, answer in reference.commit(client, parts):
                out.print(f"[green]applied[/] {part.service}.yaml as version {answer['version']}", highlight=False)
                tell_open_work(answer)
        if to_open and not dry_run:
            begun = client.command("dispatch", "apply_to_open", reason=reason, policies=list(policies))
            out.print(f"Open work comes under version {begun['version']}: loopdesk rollout {begun['rollout_id']}")


def tell_open_work(answer: Mapping[str, Any]) -> None:
    """What becomes of work that is open already, where a service's answer says so."""
    if answer.get("rollout"):
        codes = ", ".join(answer["extended"])
        out.print(f"The horizon of {codes} moved on: loopdesk rollout {answer['rollout']}", highlight=False)
    elif "rollout" in answer and answer["changed"]:
        out.print("Open work keeps the version that it began under; to change that: loopdesk apply --to-open")


def refuse(faults: Iterable[reference.Fault]) -> None:
    """List every fault and exit 1."""
    listed = list(faults)
    for fault in listed:
        err.print(
            Text.assemble((fault.file, "bold"), "  ", (fault.path, "yellow"), "  " if fault.path else "", fault.message)
        )
    err.print(f"[red]{len(listed)} fault(s); nothing was applied.[/] Mend them and run it again.")
    raise SystemExit(1)


def show(part: reference.Part) -> None:
    """What changes in one service's part."""
    begun = "first version" if part.version == 0 else f"version {part.version} is in force"
    out.print(f"[bold]{part.service}.yaml[/] ({begun})", highlight=False)
    for change in part.changes:
        if change.before and change.after and ("\n" in change.before or "\n" in change.after):
            out.print(f"  ~ {change.path}", style="yellow", markup=False, highlight=False)
            for line in difflib.unified_diff(change.before.splitlines(), change.after.splitlines(), n=1, lineterm=""):
                if not line.startswith(("---", "+++", "@@")):
                    out.print(f"      {line}", style=STYLES.get(line[:1]), markup=False, highlight=False)
        else:
            if change.before is not None:
                out.print(f"  - {change.path}: {_short(change.before)}", style="red", markup=False, highlight=False)
            if change.after is not None:
                out.print(f"  + {change.path}: {_short(change.after)}", style="green", markup=False, highlight=False)


STYLES = {"-": "red", "+": "green"}


def _short(text: str) -> str:
    line = " ⏎ ".join(text.splitlines())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
