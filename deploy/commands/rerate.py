"""`loopdesk rerate`: what would have been met and missed under other reference data."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from deploy import apply as reference
from deploy.commands import session
from deploy.commands.apply import refuse
from deploy.commands.session import err, out
from deploy.commands.times import MOMENT
from shared.client import Client
from shared.clock import to_text

CLOCKS = ("first_response", "resolution", "next_update")
PAGE = 200
MOST_LISTED = 20

Row = Mapping[str, Any]
Report = dict[str, Any]


@click.command()
@click.option("--from", "since", type=MOMENT, required=True, help="Work opened from then on (with a zone, or UTC).")
@click.option("--to", "until", type=MOMENT, required=True, help="And before then.")
@click.option("--version", type=click.IntRange(0), help="Of dispatch's reference data. Default: the one in force.")
@click.option(
    "--config",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Instead: the reference data in this folder, not applied yet.",
)
@click.option("--as-of", type=MOMENT, help="When work still open is judged. Default: at its last recorded event.")
@click.option("--json", "as_json", is_flag=True, help="The whole result; the same bytes for the same work and data.")
def rerate(
    since: datetime, until: datetime, version: int | None, folder: Path | None, as_of: datetime | None, as_json: bool
) -> None:
    """Compare what was met and missed with what would have been under another version of policies and calendars.

    What people did stays as it was recorded: responses, holds, priorities that they gave, resolutions. Nothing is
    written and nobody is told.

    \b
    loopdesk rerate --from 2016-02-01 --to 2016-03-01 --version 3
    loopdesk rerate --from 2016-02-01 --to 2016-03-01 --config /srv/loopdesk/try
    """
    if version is not None and folder is not None:
        raise click.UsageError("Give either --version or --config.")
    asked = {"from": since, "to": until, "version": version, "as_of": as_of}
    fields: dict[str, Any] = {name: value for name, value in asked.items() if value is not None}
    if folder is not None:
        fields["body"] = _body(folder)
    with session.client() as client:
        found = summed(_rows(client, fields, since, until))
    against = "config" if folder else f"version {found['version']}"
    if as_json:
        asked_for = {"from": to_text(since), "to": to_text(until), "as_of": to_text(as_of) if as_of else None}
        click.echo(json.dumps(asked_for | found, ensure_ascii=False, sort_keys=True, indent=1))
        return
    show(found, against)


def summed(pages: Iterable[Row]) -> Report:
    """The pages as one result: per clock how much was what before and after, and the work gained and lost."""
    report: Report = {
        "version": None,
        "work": 0,
        "clocks": {clock: _counts([], []) for clock in CLOCKS},
        "by_priority": {},
    }
    for page in pages:
        report["version"] = page["version"]
        for row in page["work"]:
            report["work"] += 1
            by_priority = report["by_priority"].setdefault(row["priority"], {clock: _counts(0, 0) for clock in CLOCKS})
            for clock in CLOCKS:
                _add(report["clocks"][clock], row, clock, [row["order_no"]])
                _add(by_priority[clock], row, clock, 1)
    return report


def attainment(counts: Mapping[str, int]) -> float | None:
    """The part of what was decided that was met; None where nothing was."""
    decided = counts.get("met", 0) + counts.get("missed", 0)
    return counts.get("met", 0) / decided if decided else None


def show(report: Report, against: str) -> None:
    """The difference, for people."""
    out.print(f"{report['work']} work orders, as recorded and under {against}", highlight=False)
    out.print(table(report))
    for clock in CLOCKS:
        for kind, style in (("gained", "green"), ("lost", "red")):
            names = report["clocks"][clock][kind]
            if names:
                more = f" and {len(names) - MOST_LISTED} more (--json)" if len(names) > MOST_LISTED else ""
                out.print(Text(f"{clock} {kind}: {', '.join(names[:MOST_LISTED])}{more}", style))


def table(report: Report) -> Table:
    """A row per clock and priority: attainment before and after, what was gained and lost."""
    result = Table("clock", "priority", "met", "→", "attained", "→", "gained", "lost", box=None, header_style="bold")
    for column in result.columns[2:]:
        column.justify = "right"
    for clock in CLOCKS:
        for priority, clocks in [("all", report["clocks"]), *sorted(report["by_priority"].items())]:
            row = clocks[clock]
            if any(row["before"].get(kind) or row["after"].get(kind) for kind in ("met", "missed")):
                result.add_row(clock, priority, *_cells(row))
    return result


def _cells(row: Row) -> Iterator[Text]:
    for side in ("before", "after"):
        yield Text(str(row[side].get("met", 0)))
    before, after = (attainment(row[side]) for side in ("before", "after"))
    yield Text(_percent(before))
    yield Text(_percent(after), _better(before, after))
    for kind, style in (("gained", "green"), ("lost", "red")):
        number = row[kind] if isinstance(row[kind], int) else len(row[kind])
        yield Text(str(number or ""), style)


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"


def _better(before: float | None, after: float | None) -> str:
    if before is None or after is None or before == after:
        return ""
    return "green" if after > before else "red"


def _counts(gained: Any, lost: Any) -> Report:
    """Of no work yet; what was gained and lost is counted, or listed by order number."""
    return {"before": Counter(), "after": Counter(), "gained": gained, "lost": lost}


def _add(into: Report, row: Row, clock: str, change: Any) -> None:
    for side in ("before", "after"):
        into[side][row[side][clock]] += 1
    if kind := _changed(row, clock):
        into[kind] += change


def _changed(row: Row, clock: str) -> str | None:
    change = (row["before"][clock], row["after"][clock])
    return {("missed", "met"): "gained", ("met", "missed"): "lost"}.get(change)


def _body(folder: Path) -> Row:
    bodies, faults = reference.load(folder)
    mine = [fault for fault in faults if not fault.file.startswith(("intake", "feedback", "notify"))]
    if mine:
        refuse(mine)
    return bodies["dispatch"]


def _rows(client: Client, fields: dict[str, Any], since: datetime, until: datetime) -> Iterator[Row]:
    """The pages, with a bar that runs from the first to the last moment of the period."""
    columns = (TextColumn("rerating"), BarColumn(), TextColumn("{task.fields[work]} work orders"), TimeElapsedColumn())
    whole = max((until - since).total_seconds(), 1.0)
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task("", total=whole, work=0)
        after, work = None, 0
        while True:
            page = client.call("dispatch", "rerate", timeout=30.0, limit=PAGE, after=after, **fields)
            yield page
            work += len(page["work"])
            after = page["next"]
            if after is None:
                return
            reached = datetime.fromisoformat(page["reached"])
            progress.update(task, completed=(reached - since).total_seconds(), work=work)
            fields = {**fields, "version": page["version"]} if "body" not in fields else fields
