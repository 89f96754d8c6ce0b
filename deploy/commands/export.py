"""`loopdesk export`: dispatch's whole history in a file, for `loopdesk simulate`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from deploy.commands import session
from deploy.commands.session import err, out
from deploy.commands.writing import require_folder
from deploy.simulation import logfile
from shared.client import Client
from shared.clock import SystemClock, to_text

PAGE = 200
SECONDS = 60.0


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, writable=True, path_type=Path))
@click.option("--force", is_flag=True, help="Also where the file is there already.")
def export(file: Path, force: bool) -> None:
    """Write work orders, agents and reference data, with all that ever happened to them, to FILE.

    One JSON object on each line; compressed where the name ends in .gz. It holds what customers and agents wrote: keep
    it like the database. Work goes on meanwhile. Whether a simulation reproduces it, `loopdesk simulate FILE` says.

    \b
    loopdesk export /srv/loopdesk/march.jsonl.gz
    """
    if file.exists() and not force:
        raise click.ClickException(f"{file} is there already; --force writes it anew")
    require_folder(file)
    with session.client() as client, _progress() as progress:
        lines = logfile.write(file, to_text(SystemClock().now()), _told(rows(client), progress))
    out.print(f"{file}: {lines - 2} records", highlight=False)


def rows(client: Client) -> Iterator[tuple[str, Any]]:
    """(kind, row) of everything, in the order of the file."""
    for kind in logfile.KINDS:
        after = None
        while True:
            page = client.call("dispatch", "export_history", timeout=SECONDS, what=kind, limit=PAGE, after=after)
            for row in page["rows"]:
                yield kind, row
            after = page["next"]
            if after is None:
                break


def _told(found: Iterator[tuple[str, Any]], progress: Progress) -> Iterator[tuple[str, Any]]:
    task = progress.add_task("", kind="", count=0)
    for count, (kind, row) in enumerate(found, start=1):
        yield kind, row
        progress.update(task, kind=kind, count=count)


def _progress() -> Progress:
    columns = (
        SpinnerColumn(),
        TextColumn("{task.fields[count]} records, now {task.fields[kind]}"),
        TimeElapsedColumn(),
    )
    return Progress(*columns, console=err, transient=True, disable=not err.is_terminal)
