"""`loopdesk verify`: are the histories as the services wrote them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from deploy import anchors
from deploy.anchors import Anchors, Writer
from deploy.commands import session
from deploy.commands.session import err, out
from deploy.services import SERVICES
from deploy.verify import Page, pages
from shared.client import Client
from shared.clock import SystemClock

ADVICE = """Change nothing yet: keep a copy of the database as it is. Restore the newest backup beside it, run
`loopdesk verify` there, and compare what is named above; then find out who could write to the database.
docs/operators.md, Histories, says more."""


@click.command()
@click.option("--service", "services", multiple=True, type=click.Choice(SERVICES), help="Only this one. Default: all.")
@click.option(
    "--anchors",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Compare with the newest anchors in this folder; a clean run adds its own. Keep it away from the database.",
)
@click.option("--json", "as_json", is_flag=True, help="A line of JSON per fault, and one for the whole at the end.")
def verify(services: Sequence[str], folder: Path | None, as_json: bool) -> None:
    """Check that every history is as it was written: nothing edited, removed, swapped or cut off.

    The services read their own histories, page by page, while they work; memory does not grow with their number. Exits
    1 when something is wrong, with every fault and its place. Whoever can write to the database can also compute a
    whole chain anew: that is found by anchors, which say how far each history had come, and with which hash.

    \b
    loopdesk verify
    loopdesk verify --service dispatch
    loopdesk verify --anchors /mnt/elsewhere/anchors      each night, for example
    """
    report = Report(as_json)
    with session.client() as client, progress(shown=not as_json) as bar:
        for service in services or SERVICES:
            check(client, service, folder, report, bar)
    report.close()
    if report.faults:
        raise SystemExit(1)


@dataclass
class Tally:
    """One collection's figures."""

    aggregates: int = 0
    entries: int = 0
    rebuilt: int = 0
    faults: int = 0


@dataclass
class Report:
    """What a run came to. Faults are told as they are found, and counted."""

    as_json: bool
    faults: int = 0
    tallies: dict[str, Tally] = field(default_factory=dict)
    written: list[Anchors] = field(default_factory=list)

    def take(self, page: Page) -> None:
        """Add a page's figures, and tell its faults."""
        if page.collection:
            tally = self._of(page.collection)
            tally.aggregates += len(page.heads)
            tally.entries += page.entries
            tally.rebuilt += page.rebuilt
        for found in page.faults:
            self._of(found.collection).faults += 1
            self.tell(str(found), asdict(found))

    def tell(self, text: str, told: Mapping[str, object]) -> None:
        """One fault, for people and for programs."""
        self.faults += 1
        if self.as_json:
            click.echo(json.dumps({"fault": told}, ensure_ascii=False))
        else:
            out.print(text, style="red", markup=False, highlight=False, soft_wrap=True)

    def close(self) -> None:
        """The figures, and what to do."""
        if self.as_json:
            written = {one.path.name: one.digest for one in self.written}
            figures = {name: asdict(tally) for name, tally in self.tallies.items()}
            click.echo(json.dumps({"faults": self.faults, "collections": figures, "anchors": written}))
            return
        out.print(self._table())
        for one in self.written:
            out.print(f"{one.path.name}: {one.count} anchors, SHA-256 {one.digest}", highlight=False, soft_wrap=True)
        if self.faults:
            err.print(f"[red]{self.faults} fault(s).[/] {ADVICE}", highlight=False)
        else:
            out.print("[green]all histories are as they were written[/]")

    def _of(self, collection: str) -> Tally:
        return self.tallies.setdefault(collection, Tally())

    def _table(self) -> Table:
        table = Table("collection", "aggregates", "entries", "states rebuilt", "faults", box=None, header_style="bold")
        for column in table.columns[1:]:
            column.justify = "right"
        for name, tally in self.tallies.items():
            table.add_row(name, *map(str, asdict(tally).values()), style="red" if tally.faults else None)
        return table


def check(client: Client, service: str, folder: Path | None, report: Report, bar: Progress) -> None:
    """One service's histories; where all is well and there is a folder, anchors are left there."""
    before = report.faults
    with usable(folder):
        known, changed = anchors.newest(folder, service) if folder else (None, [])
    for path, reason in changed:
        told = {"service": service, "kind": "anchors", "file": path.name, "reason": reason}
        report.tell(f"{path.name}  anchors: this file is not as it was written: {reason}", told)
    with usable(folder):
        opened: AbstractContextManager[Writer | None] = (
            Writer(folder, service, SystemClock()) if folder else nullcontext()
        )
    with opened as writer:
        for page in pages(client, service, known or ()):
            report.take(page)
            advance(bar, page)
            with usable(folder):
                if writer:
                    writer.add(page.heads)
        with usable(folder):
            if writer and report.faults == before:
                report.written.append(writer.finish())


@contextmanager
def usable(folder: Path | None) -> Iterator[None]:
    """Says so where the folder cannot be read or written."""
    try:
        yield
    except OSError as error:
        raise click.ClickException(f"the anchors folder {folder} cannot be used: {error.strerror}") from error


def progress(*, shown: bool) -> Progress:
    """A bar per collection; nothing where there is no terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=out, transient=True, disable=not (shown and out.is_terminal))


def advance(bar: Progress, page: Page) -> None:
    """A page's aggregates are done; on its first page a collection gets its bar."""
    if page.about is not None:
        bar.add_task(page.collection, total=page.about)
    if bar.task_ids:
        bar.advance(bar.task_ids[-1], len(page.heads))
