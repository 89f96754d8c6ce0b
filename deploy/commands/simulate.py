"""`loopdesk simulate`: a log played again, and under other rules."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from deploy import declared
from deploy.commands.session import err, out
from deploy.commands.writing import require_folder
from deploy.simulation import alternatives, loading, logfile, page, report, staffing, tables
from deploy.simulation.demand import Demand
from deploy.simulation.engine import Engine
from deploy.simulation.loading import Loaded
from deploy.simulation.measure import Outcome
from deploy.simulation.setting import Setting
from deploy.simulation.staffing import Staffing
from deploy.simulation.synthetic import Synthetic
from deploy.simulation.target import Target, target_of

MOST_LISTED = 50
AS_IT_IS = "as it is"
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
NEW = click.Path(dir_okay=False, writable=True, path_type=Path)


@click.command()
@click.argument("log", type=click.Path(dir_okay=False, path_type=Path), required=False)
@click.option("--with", "folders", type=FOLDER, multiple=True, help="Also under this folder of reference data.")
@click.option("--change", "changes", type=FILE, multiple=True, help="Also with what this YAML file says otherwise.")
@click.option("--agents", "heads", multiple=True, metavar="TEAM=+N", help="Also with more agents; a,b: both at once.")
@click.option("--weights", multiple=True, metavar="NAME=N,…", help="Also with these weights of the assignment.")
@click.option("--target", "targets", multiple=True, help="Agents per hour for, say, '90% within 30s'.")
@click.option("--team", "teams", multiple=True, help="With --target: for this team. Default: each that had work.")
@click.option("--zone", default="UTC", show_default=True, help="With --target: the zone of the hours of the week.")
@click.option("--no-check", is_flag=True, help="With --target: by Erlang C alone, without the simulation.")
@click.option("--html", type=NEW, help="Write the comparison as a page with plots.")
@click.option("--json", "as_json", is_flag=True, help="The whole result.")
@click.option("--synthetic", type=click.IntRange(1), metavar="N", help="In place of LOG: so many made-up work orders.")
def simulate(
    log: Path | None,
    folders: Sequence[Path],
    changes: Sequence[Path],
    heads: Sequence[str],
    weights: Sequence[str],
    targets: Sequence[str],
    teams: Sequence[str],
    zone: str,
    no_check: bool,
    html: Path | None,
    as_json: bool,
    synthetic: int | None,
) -> None:
    """Play LOG through dispatch's rules with a virtual clock; then under other rules, side by side.

    LOG is a file of `loopdesk export`, or the log of another system like data/incidents/incident_event_log.csv. No
    stack is needed. An export is reproduced first: if a deadline or an assignment does not come out as it was recorded,
    it is listed, and nothing else is done (exit 1). In another system's log the assignments are facts; the share on
    which the rules agree is told.

    \b
    loopdesk simulate march.jsonl.gz
    loopdesk simulate march.jsonl.gz --agents it=+2 --change night-shift.yaml --html march.html
    loopdesk simulate march.jsonl.gz --target '90% within 30s' --team service-desk --zone Asia/Shanghai
    """
    if (log is None) == (synthetic is None):
        raise click.UsageError("Name a LOG, or --synthetic N.")
    if log is not None and not log.exists():
        raise click.UsageError(f"{log} is not there")
    if html is not None:
        require_folder(html)
    asked = [target_of(text) for text in targets]
    hours = _zone(zone)
    with _progress(shown=not as_json) as bar:
        loaded = _load(log, synthetic, bar)
        _told_first(loaded, as_json)
        settings = list(_settings(loaded, folders, changes, heads, weights))
        played = [_play(loaded, one, bar) for one in settings]
        demand = Demand(hours, until=loaded.last_opened)
        if asked:
            _play(loaded, staffing.unhurried(settings[0], demand), bar)
        found = [_staffed(loaded, settings[0], demand, *what, no_check, bar) for what in _wanted(asked, teams, demand)]
    columns = [*([loaded.recorded] if loaded.recorded else []), *played]
    if html is not None:
        html.write_text(_page(_title(log, synthetic), loaded, columns, found), encoding="utf-8")
    if as_json:
        click.echo(json.dumps(report.told(loaded, columns, found), ensure_ascii=False, indent=1))
        return
    _show(loaded, columns, found, html)


def _load(log: Path | None, synthetic: int | None, bar: Progress) -> Loaded:
    task = bar.add_task("reading", total=None)
    told = lambda done: bar.update(task, completed=done)  # noqa: E731 - one line
    if log is None:
        body = declared.load(declared.CONFIG)[0]["dispatch"]
        made = Synthetic.fitting(synthetic or 0, body)
        loaded = loading.made_up(made.courses(), body, made.count, made.per_hour)
    elif logfile.is_export(log):
        loaded = loading.export(log, told)
    else:
        loaded = loading.incidents(log, told)
    bar.remove_task(task)
    return loaded


def _told_first(loaded: Loaded, as_json: bool) -> None:
    """How the reproduction went; it ends here if something did not come out the same."""
    if loaded.differences and as_json:
        click.echo(json.dumps({"differences": [asdict(found) for found in loaded.differences]}, ensure_ascii=False))
        raise SystemExit(1)
    if loaded.differences:
        for found in loaded.differences[:MOST_LISTED]:
            out.print(str(found), style="red", markup=False, highlight=False, soft_wrap=True)
        if len(loaded.differences) > MOST_LISTED:
            out.print(f"and {len(loaded.differences) - MOST_LISTED} more")
        raise click.ClickException("the log is not reproduced: nothing was played under other rules")
    if not as_json:
        for note in _notes(loaded):
            out.print(note, highlight=False, soft_wrap=True)


def _notes(loaded: Loaded) -> list[str]:
    notes = []
    if checked := loaded.checked:
        what = f"{checked.orders:,} work orders, {checked.deadlines:,} deadlines, {checked.assignments:,} assignments"
        notes.append(f"reproduced: {what} came out as recorded")
    if (agreed := loaded.agreement) and agreed.share is not None:
        chance = agreed.by_chance / agreed.asked
        share = f"{tables.percent(agreed.share)} of {agreed.asked:,} recorded assignments"
        notes.append(f"the rules agree with {share}; drawing one of the team would with {tables.percent(chance)}")
    return notes


def _page(title: str, loaded: Loaded, columns: Sequence[Outcome], found: Sequence[Staffing]) -> str:
    left_out = str(loaded.left_out)
    return page.page(title, [*_notes(loaded), *([f"In no column: {left_out}."] if left_out else [])], columns, found)


def _settings(
    loaded: Loaded, folders: Sequence[Path], changes: Sequence[Path], heads: Sequence[str], weights: Sequence[str]
) -> Iterator[Setting]:
    """The base first, then each alternative, under its name."""
    base = loaded.base
    yield alternatives.setting(base, AS_IT_IS)
    for folder in folders:
        yield alternatives.setting(base, folder.name, alternatives.folder_body(folder))
    for file in changes:
        yield alternatives.setting(base, file.stem, alternatives.changed_body(base.body, file))
    for change in heads:
        yield alternatives.setting(base, f"agents {change}", heads=change.split(","))
    for text in weights:
        body = alternatives.merged(base.body, {"assignment": {"weights": None}})
        body = alternatives.merged(body, {"assignment": {"weights": alternatives.weights_of(text)}})
        yield alternatives.setting(base, f"weights {text}", body)


def _play(loaded: Loaded, setting: Setting, bar: Progress) -> Outcome:
    with _bar(bar, setting.name, loaded.courses.count) as told:
        return Engine(loaded.courses, setting, loaded.samples).run(told)


def _wanted(targets: Iterable[Target], teams: Sequence[str], demand: Demand) -> Iterator[tuple[Target, str]]:
    for team in teams:
        if team not in demand.teams:
            raise click.UsageError(f"--team {team}: this team had no work")
    for target in targets:
        for team in teams or sorted(demand.teams):
            yield target, team


def _staffed(
    loaded: Loaded, base: Setting, demand: Demand, target: Target, team: str, unchecked: bool, bar: Progress
) -> Staffing:
    try:
        found = staffing.answer(demand, team, target, base.agents)
    except ValueError as error:
        raise click.ClickException(f"{team}, {target.text}: {error}") from error
    if unchecked:
        return found
    with _bar(bar, f"check {team}", loaded.courses.count) as told:
        return staffing.checked(found, demand, loaded.courses, base, loaded.samples, told)


def _show(loaded: Loaded, columns: Sequence[Outcome], found: Sequence[Staffing], html: Path | None) -> None:
    out.print(tables.comparison(columns, str(loaded.left_out)))
    speeds = [one.orders / one.seconds for one in columns if one.seconds]
    if speeds:
        out.print(f"played {min(speeds):,.0f} to {max(speeds):,.0f} work orders a second", highlight=False)
    if found:
        out.print(tables.staffing_summary(found))
    for one in found:
        out.print(f"agents of {one.team} for {one.target.text}, by hour", highlight=False)
        out.print(tables.staffing_week(one))
    if html is not None:
        out.print(f"picture: {html}", highlight=False, soft_wrap=True)


def _title(log: Path | None, synthetic: int | None) -> str:
    return f"Simulation of {log.name}" if log else f"Simulation of {synthetic:,} made-up work orders"


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise click.UsageError(f"--zone: no zone {name!r}") from error


@contextmanager
def _bar(bar: Progress, name: str, total: int) -> Iterator[Any]:
    task = bar.add_task(name, total=total)
    yield lambda done: bar.update(task, completed=done)
    bar.remove_task(task)


def _progress(*, shown: bool) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    times = (TimeElapsedColumn(), TimeRemainingColumn())
    return Progress(*columns, *times, console=err, transient=True, disable=not (shown and err.is_terminal))
