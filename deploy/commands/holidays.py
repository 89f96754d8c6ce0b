"""`loopdesk holidays`: public holidays into a declared calendar."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.markup import escape
from rich.table import Table

from deploy.calendar_file import CannotEdit, Edit, Row, edit
from deploy.commands.session import out
from deploy.declared import CONFIG, read
from deploy.public_holidays import CHINA, Day, NotKnown, source
from shared.business_time import Calendar
from shared.business_time.hours import WEEKDAYS
from shared.errors import ValidationError


@click.command()
@click.argument("calendar")
@click.argument("place")
@click.option("--years", help="One year, or several as in 2025-2027. Default: this one, and the next if it is known.")
@click.option(
    "--make-up-as",
    type=click.Choice(WEEKDAYS),
    default="mon",
    show_default=True,
    help="Whose hours a make-up working day has (调休).",
)
@click.option("--language", help="Of the names, as in en_US. Default: the country's own.")
@click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=CONFIG,
    help="Where the reference data is.",
)
@click.option("--dry-run", is_flag=True, help="Show what would change; write nothing.")
def holidays(
    calendar: str, place: str, years: str | None, make_up_as: str, language: str | None, folder: Path, dry_run: bool
) -> None:
    """Write the public holidays of PLACE into FOLDER/calendars/CALENDAR.yaml (default: deploy/config).

    PLACE is a country, or a part of one: CN, DE, DE-BY, HK, US-NY. Mainland China comes from `chinesecalendar` with its
    make-up working days, every other place from `holidays`; nothing is looked up when Loopdesk runs. The days stand
    between two marker lines and are replaced by the next run; days written by hand stay and win. `horizon` becomes the
    first day of the first year without holidays: deadlines beyond it are provisional. Look at the result, then put it
    in force with `loopdesk apply`.

    \b
    loopdesk holidays office CN --dry-run
    loopdesk holidays office CN --years 2024-2026
    loopdesk holidays berlin DE-BE --language en_US
    """
    file = folder / "calendars" / f"{calendar}.yaml"
    if not file.exists():
        known = ", ".join(sorted(each.stem for each in file.parent.glob("*.yaml"))) or "none"
        raise click.UsageError(f"there is no {file}; calendars there: {known}")
    try:
        made = _made(file, place, years, make_up_as, language)
        Calendar.from_dict(calendar, read(made.text))
    except NotKnown as error:
        raise click.ClickException(str(error)) from error
    except CannotEdit as error:
        raise click.ClickException(f"{file.name}: {error}") from error
    except ValidationError as error:
        raise click.ClickException(f"{file.name} would be no calendar: {error.message}") from error
    show(made)
    if made.text == file.read_text(encoding="utf-8"):
        out.print(f"[green]nothing to do[/]: {file} has all of it", highlight=False)
    elif dry_run:
        out.print(f"Nothing was written. To write it to {file}, leave out --dry-run.", highlight=False)
    else:
        write(file, made.text)
        out.print(f"[green]written[/] {file}; to put it in force: loopdesk apply", highlight=False)


def _made(file: Path, place: str, years: str | None, make_up_as: str, language: str | None) -> Edit:
    told = source(place, language)
    asked = _years(years, told.years)
    how = f" --make-up-as {make_up_as}" if place == CHINA else f" --language {language}" if language else ""
    fresh = told.days(asked, make_up_as)
    return edit(file.read_text(encoding="utf-8"), fresh, asked, f"{file.stem} {place}{how} ({told.package})")


def _years(text: str | None, known: range) -> range:
    if text is None:
        this = datetime.now(UTC).year
        return range(this, max(this, min(this + 1, known[-1])) + 1)
    first, _, last = text.partition("-")
    try:
        years = range(int(first), int(last or first) + 1)
    except ValueError:
        years = range(0)
    if not years:
        raise click.BadParameter(f"{text!r} is neither a year nor years as in 2025-2027", param_hint="--years")
    return years


def show(made: Edit) -> None:
    """What a run does to each day; days that stay as they are are only counted."""
    table = Table("", "day", "", "before", "after", box=None)
    kept = 0
    for row in made.rows:
        if row.before == row.after and not row.by_hand:
            kept += 1
        else:
            table.add_row(*_cells(row))
    if table.rows:
        out.print(table)
    out.print(f"{kept} day(s) stay as they are; holidays are known before {made.horizon} (horizon)", highlight=False)


def _cells(row: Row) -> tuple[str, ...]:
    day = (str(row.day), WEEKDAYS[row.day.weekday()], _said(row.before))
    if row.by_hand:
        return ("[dim]by hand[/]", *day, f"[dim]stays, instead of[/] {_said(row.after)}")
    return (_MARKS[row.before is not None, row.after is not None], *day, _said(row.after))


_MARKS = {(False, True): "[green]+[/]", (True, False): "[red]-[/]", (True, True): "[yellow]~[/]"}


def _said(day: Day | None) -> str:
    if day is None:
        return ""
    what = "closed" if day.get("closed") else f"as {day['as']}" if "as" in day else "other hours"
    return escape(f"{what}  {day.get('name', '')}".rstrip())


def write(file: Path, text: str) -> None:
    """Whole or not at all."""
    beside = file.with_name(f".{file.name}.new")
    beside.write_text(text, encoding="utf-8")
    os.replace(beside, file)
