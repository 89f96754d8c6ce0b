"""Public holidays in declared calendars: what the packages tell, and how a file is edited."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from deploy.calendar_file import CannotEdit, edit
from deploy.cli import main
from deploy.declared import read
from deploy.public_holidays import NotKnown, source
from shared.business_time import Calendar

SHIPPED = Path(__file__).parents[3] / "deploy" / "config" / "calendars"
PLAIN = 'name: Office # remark\nzone: Asia/Shanghai\nweek:\n  mon: ["09:00-18:00"]\n'
NEW_YEAR = {date(2026, 1, 1): {"closed": True, "name": "元旦 New Year's Day"}}


def edited(text, fresh=NEW_YEAR, years=(2026,)):
    return edit(text, fresh, years, "office CN (package 1)")


def told(text, day):
    return read(text)["days"][day]


# ---- the packages


def test_mainland_china_has_holidays_and_make_up_days_with_the_hours_asked_for():
    days = source("CN").days([2026], make_up_as="fri")
    assert days[date(2026, 10, 7)] == {"closed": True, "name": "国庆节 National Day"}
    assert days[date(2026, 10, 10)] == {"as": "fri", "name": "调休 国庆节 National Day"}
    assert date(2026, 10, 8) not in days
    assert {day.year for day in days} == {2026}
    assert list(days) == sorted(days)


def test_a_year_that_is_not_announced_is_refused_with_those_that_are():
    with pytest.raises(NotKnown) as caught:
        source("CN").days([2026, 2040, 2041], "mon")
    assert str(caught.value).startswith("chinesecalendar ")
    assert " does not know 2040, 2041 in CN; it knows 2004 to " in str(caught.value)


def test_other_places_have_their_own_holidays_in_their_own_language():
    bavaria = source("DE-BY").days([2026], "mon")
    assert bavaria[date(2026, 1, 6)] == {"closed": True, "name": "Heilige Drei Könige"}
    assert date(2026, 1, 6) not in source("DE-BE").days([2026], "mon")
    assert source("DE", "en_US").days([2026], "mon")[date(2026, 5, 1)]["name"] == "Labor Day"


@pytest.mark.parametrize("locale", ["en_US.UTF-8", "de_DE.UTF-8", "C"])
def test_names_do_not_depend_on_the_machine(locale, monkeypatch):
    monkeypatch.setenv("LANGUAGE", locale)
    monkeypatch.setenv("LANG", locale)
    assert source("DE").days([2026], "mon")[date(2026, 5, 1)]["name"] == "Erster Mai"
    assert source("US").days([2026], "mon")[date(2026, 12, 25)]["name"] == "Christmas Day"


@pytest.mark.parametrize(
    ("place", "language", "message"),
    [
        ("XX", None, "'XX' is not known; countries are named by two letters, such as CN, DE or US"),
        ("DE-QQ", None, "DE has no part 'QQ'; known are BB, BE, "),
        ("DE", "xx", "DE's holidays have no names in 'xx'; known are de, en_US, "),
    ],
)
def test_an_unknown_place_or_language_is_refused_with_what_is_known(place, language, message):
    with pytest.raises(NotKnown) as caught:
        source(place, language)
    assert str(caught.value).startswith(message)


# ---- the file


def test_a_calendar_without_days_gets_them_and_a_horizon():
    assert edited(PLAIN).text == (
        "name: Office # remark\nzone: Asia/Shanghai\nhorizon: 2027-01-01\n"
        'week:\n  mon: ["09:00-18:00"]\n'
        "days:\n"
        "  # >>> loopdesk holidays office CN (package 1); the next run replaces what is below\n"
        "  2026-01-01: {closed: true, name: 元旦 New Year's Day}\n"
        "  # <<< loopdesk holidays\n"
    )


@pytest.mark.parametrize("days", ["days:\n", "days: {}\n", "days: null # none yet\n"])
def test_days_that_are_empty_are_filled(days):
    text = edited(PLAIN.replace("week:", f"{days}week:")).text
    assert told(text, "2026-01-01") == NEW_YEAR[date(2026, 1, 1)]
    assert text.endswith('  # <<< loopdesk holidays\nweek:\n  mon: ["09:00-18:00"]\n')


def test_a_second_run_changes_nothing():
    once = edited(PLAIN).text
    again = edited(once)
    assert again.text == once
    assert [row.before == row.after for row in again.rows] == [True]


def test_what_stands_outside_the_markers_stays_to_the_letter():
    own = '  # our own\n  2026-12-24: {without: ["14:00-24:00"]}   # Christmas Eve\n'
    text = f"# top\nhorizon: 2026-01-01   # known so far\n{PLAIN}days:\n{own}\n# after\nworking_day: 8h\n"
    made = edited(text).text
    assert own in made
    assert made.startswith("# top\nhorizon: 2027-01-01   # known so far\nname: Office # remark\n")
    assert made.endswith("  # <<< loopdesk holidays\n\n# after\nworking_day: 8h\n")


def test_the_generated_days_stand_below_one_another_with_those_written_by_hand():
    made = edited(f"{PLAIN}days:\n    2026-05-01: {{closed: true}}\n")
    assert "\n    2026-01-01: {closed: true, " in made.text
    assert list(read(made.text)["days"]) == ["2026-05-01", "2026-01-01"]


def test_a_day_written_by_hand_wins_and_is_shown():
    made = edited(f'{PLAIN}days:\n  2026-01-01: {{open: ["10:00-12:00"]}}\n')
    assert told(made.text, "2026-01-01") == {"open": ["10:00-12:00"]}
    assert [(row.by_hand, row.before) for row in made.rows] == [(True, {"open": ["10:00-12:00"]})]


def test_generated_days_are_replaced_and_told_as_added_removed_and_changed():
    first = {date(2026, 1, day): {"closed": True, "name": "A"} for day in (1, 2)}
    then = {date(2026, 1, 2): {"as": "mon", "name": "A"}, date(2026, 1, 3): {"closed": True, "name": "B"}}
    made = edited(edited(PLAIN, first).text, then)
    assert read(made.text)["days"] == {day.isoformat(): told for day, told in then.items()}
    assert [(row.day.day, row.before, row.after) for row in made.rows] == [
        (1, {"closed": True, "name": "A"}, None),
        (2, {"closed": True, "name": "A"}, {"as": "mon", "name": "A"}),
        (3, None, {"closed": True, "name": "B"}),
    ]


def test_generated_days_of_years_that_were_not_asked_for_stay():
    older = edited(PLAIN, {date(2025, 5, 1): {"closed": True, "name": "A"}}, [2025])
    made = edited(older.text)
    assert list(read(made.text)["days"]) == ["2025-05-01", "2026-01-01"]
    assert [row.day.year for row in made.rows] == [2026]


@pytest.mark.parametrize(
    ("years", "horizon"), [([2026], date(2027, 1, 1)), ([2025, 2026], date(2027, 1, 1)), ([2028], date(2027, 1, 1))]
)
def test_the_horizon_is_the_first_day_of_the_first_year_without_holidays(years, horizon):
    known = edited(PLAIN).text
    fresh = {date(year, 5, 1): {"closed": True, "name": "A"} for year in years}
    assert edited(known, fresh, years).horizon == horizon


@pytest.mark.parametrize("name", ["true", "null", "12", "a: b", "a # b", "{x}", "", "O'Higgins, Día de", "- a", "2026"])
def test_any_name_is_written_so_that_it_is_read_as_it_was(name):
    made = edited(PLAIN, {date(2026, 1, 1): {"closed": True, "name": name}})
    assert told(made.text, "2026-01-01") == {"closed": True, "name": name}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("days: {2026-01-01: {closed: true}}\n", "write its days one to a line below `days:`"),
        ("days:\n  # <<< loopdesk holidays\n", "it has to have both lines, once and in this order: "),
        ("days:\n  # <<< loopdesk holidays\n  # >>> loopdesk holidays\n", "it has to have both lines, "),
        ("days: [\n", "it cannot be read: "),
        ("days:\n  soon: {closed: true}\n", "its days are no mapping of dates: "),
        ('"horizon": 2026-01-01\n', "it cannot be read: named twice: horizon"),
    ],
)
def test_a_file_that_cannot_be_edited_safely_is_left_alone(text, message):
    with pytest.raises(CannotEdit) as caught:
        edited(PLAIN + text)
    assert str(caught.value).startswith(message)


# ---- the command


@pytest.fixture
def run(tmp_path):
    (tmp_path / "calendars").mkdir()
    (tmp_path / "calendars" / "office.yaml").write_text(PLAIN, encoding="utf-8")

    def run(*arguments):
        result = CliRunner().invoke(main, ["holidays", *arguments, "--folder", str(tmp_path)])
        return result.exit_code, result.output, (tmp_path / "calendars" / "office.yaml").read_text(encoding="utf-8")

    return run


def test_a_dry_run_shows_and_writes_nothing(run):
    code, shown, text = run("office", "CN", "--years", "2026", "--dry-run")
    assert (code, text) == (0, PLAIN)
    assert "2026-10-10  sat          as mon  调休 国庆节 National Day" in shown
    assert "Nothing was written." in shown


def test_a_run_writes_and_the_next_one_has_nothing_to_do(run):
    _, shown, text = run("office", "CN", "--years", "2026")
    assert "written" in shown
    assert Calendar.from_dict("office", read(text)).horizon == date(2027, 1, 1)
    code, shown, again = run("office", "CN", "--years", "2026")
    assert (code, again) == (0, text)
    assert "nothing to do" in shown


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("desk", "CN"), "calendars there: office"),
        (("office", "CN", "--years", "2003"), "it knows 2004 to "),
        (("office", "CN", "--years", "2027-2026"), "is neither a year nor years as in 2025-2027"),
        (("office", "CN", "--years", "2026", "--make-up-as", "sun"), "office.yaml would be no calendar: days.2026-"),
        (("office", "XX"), "'XX' is not known"),
    ],
)
def test_what_cannot_be_done_is_told_and_nothing_is_written(run, arguments, message):
    code, shown, text = run(*arguments)
    assert code != 0
    assert message in shown
    assert text == PLAIN


# ---- what ships


@pytest.mark.parametrize("file", sorted(SHIPPED.glob("*.yaml")), ids=lambda file: file.stem)
def test_every_shipped_calendar_is_one(file):
    calendar = Calendar.from_dict(file.stem, read(file.read_text(encoding="utf-8")))
    assert calendar.working_day is not None


def test_the_shipped_office_hours_are_what_the_package_tells():
    text = (SHIPPED / "office.yaml").read_text(encoding="utf-8")
    china = source("CN")
    made = edit(
        text, china.days(range(2024, 2027), "mon"), range(2024, 2027), f"office CN --make-up-as mon ({china.package})"
    )
    assert made.text == text
