"""Damaged and unordered logs are refused with line and field, and nothing is written."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from deploy.demo.log import LOG
from deploy.simulation import foreign, loading, logfile
from deploy.simulation.errors import DamagedLog
from tests.unit.dispatch.builders import after
from tests.unit.simulation.builders import an_export, lines_of, put_lines, resolved_history, sealed_again


@pytest.fixture
def export(tmp_path: Path) -> Path:
    rows = [resolved_history(1).row, resolved_history(2, after(hours=1)).row]
    return an_export(tmp_path / "log.jsonl", rows)


def refused(path: Path) -> tuple[int, str]:
    with pytest.raises(DamagedLog) as caught:
        loading.export(path)
    return caught.value.line, caught.value.field


def test_an_export_that_is_cut_off(export: Path) -> None:
    put_lines(export, lines_of(export)[:-1])

    assert refused(export) == (7, "kind")


def test_a_line_that_is_missing(export: Path) -> None:
    lines = lines_of(export)
    put_lines(export, [*lines[:4], *lines[5:]])

    assert refused(export) == (6, "lines")


def test_a_line_that_is_no_json(export: Path) -> None:
    text = export.read_text(encoding="utf-8").splitlines()
    text[4] = text[4][:100]
    export.write_text("\n".join(text), encoding="utf-8")

    assert refused(export) == (5, "text")


def test_work_orders_that_are_not_in_order(export: Path) -> None:
    lines = lines_of(export)
    lines[4], lines[5] = lines[5], lines[4]
    put_lines(export, lines)

    assert refused(export) == (6, "opened_at")


def test_an_entry_that_was_edited(export: Path) -> None:
    lines = lines_of(export)
    lines[4]["entries"][2]["data"]["agent"] = "somebody"
    put_lines(export, lines)

    assert refused(export) == (5, "entries.2.hash")


def test_an_entry_that_is_missing(export: Path) -> None:
    lines = lines_of(export)
    del lines[4]["entries"][2]
    put_lines(export, lines)

    assert refused(export) == (5, "entries.2.number")


def test_entries_that_are_missing_at_the_end(export: Path) -> None:
    lines = lines_of(export)
    del lines[4]["entries"][-1]
    put_lines(export, lines)

    assert refused(export) == (5, "head")


def test_a_time_that_is_none(export: Path) -> None:
    lines = lines_of(export)
    lines[4]["entries"][1]["at"] = "yesterday"
    lines[4] = sealed_again(lines[4])
    put_lines(export, lines)

    assert refused(export) == (5, "entries.1.at")


def test_reference_data_that_do_not_fit_together(export: Path) -> None:
    lines = lines_of(export)
    lines[1]["body"]["default_team"] = "nobody"
    put_lines(export, lines)

    assert refused(export) == (2, "body.default_team")


def test_reference_data_after_the_work(export: Path) -> None:
    lines = lines_of(export)
    put_lines(export, [*lines[:6], lines[1], {**lines[6], "lines": 8}])

    assert refused(export)[1] == "kind"


def test_another_form_of_the_export(export: Path) -> None:
    lines = lines_of(export)
    lines[0]["form"] = 99
    put_lines(export, lines)

    assert refused(export) == (1, "form")


def test_an_export_without_work(tmp_path: Path) -> None:
    assert refused(an_export(tmp_path / "log.jsonl", []))[1] == "kind"


def test_an_export_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    def cut_off() -> object:
        yield "reference", {"version": 1}
        raise ConnectionError

    with pytest.raises(ConnectionError):
        logfile.write(tmp_path / "log.jsonl", "2026-03-02T09:00:00.000Z", cut_off())  # type: ignore[arg-type]

    assert list(tmp_path.iterdir()) == []


def test_a_compressed_export_is_read_as_any_other(tmp_path: Path) -> None:
    path = an_export(tmp_path / "log.jsonl.gz", [resolved_history().row])

    assert logfile.is_export(path)
    assert loading.export(path).differences == []


# incidents


@pytest.fixture
def incidents(tmp_path: Path) -> Path:
    """The first forty incidents of the shipped log."""
    with LOG.open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    numbers = list(dict.fromkeys(row["number"] for row in rows))[:40]
    return put_rows(tmp_path / "log.csv", [row for row in rows if row["number"] in numbers])


def put_rows(path: Path, rows: list[dict[str, str]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    return path


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def refused_row(path: Path) -> tuple[int, str]:
    with pytest.raises(DamagedLog) as caught:
        foreign.read(path)
    return caught.value.line, caught.value.field


def test_a_row_without_its_time(incidents: Path) -> None:
    rows = rows_of(incidents)
    rows[7]["sys_updated_at"] = "soon"

    assert refused_row(put_rows(incidents, rows)) == (9, "sys_updated_at")


def test_rows_of_an_incident_that_stand_apart(incidents: Path) -> None:
    rows = rows_of(incidents)

    assert refused_row(put_rows(incidents, [*rows, rows[0]])) == (len(rows) + 2, "number")


def test_a_column_that_is_missing(incidents: Path) -> None:
    rows = [{name: value for name, value in row.items() if name != "assigned_to"} for row in rows_of(incidents)]

    assert refused_row(put_rows(incidents, rows)) == (1, "assigned_to")


def test_a_priority_that_is_none(incidents: Path) -> None:
    rows = rows_of(incidents)
    rows[0]["priority"] = "9 - Whatever"

    assert refused_row(put_rows(incidents, rows)) == (2, "priority")


def test_incidents_that_are_not_in_the_order_of_opening(incidents: Path) -> None:
    rows = rows_of(incidents)
    first = [row for row in rows if row["number"] == rows[0]["number"]]
    rest = rows[len(first) :]
    other = next(place for place, row in enumerate(rest) if row["opened_at"] != first[0]["opened_at"])
    after_it = next(place for place, row in enumerate(rest) if place > other and row["number"] != rest[other]["number"])

    moved = put_rows(incidents, [*rest[:after_it], *first, *rest[after_it:]])

    assert refused_row(moved) == (after_it + 2, "opened_at")


def test_a_log_the_other_way_round(incidents: Path) -> None:
    assert refused_row(put_rows(incidents, rows_of(incidents)[::-1]))[1] in ("opened_at", "sys_updated_at")


def test_an_incident_that_was_opened_twice(incidents: Path) -> None:
    rows = rows_of(incidents)
    rows[1]["opened_at"] = "01-01-2026 00:00"

    assert refused_row(put_rows(incidents, rows)) == (3, "opened_at")


@pytest.mark.parametrize("place", [0, 3])
def test_a_row_from_long_before_the_incident(incidents: Path, place: int) -> None:
    rows = rows_of(incidents)
    rows[place]["sys_updated_at"] = "01-01-2015 00:00"

    assert refused_row(put_rows(incidents, rows)) == (place + 2, "sys_updated_at")


def test_the_shipped_log_is_in_order() -> None:
    assert len(foreign.read(LOG)) > 500


def test_an_export_with_nothing_in_it(tmp_path: Path) -> None:
    empty = tmp_path / "log.jsonl"
    empty.write_bytes(b"")

    assert logfile.is_export(empty)
    assert refused(empty) == (1, "kind")


def test_in_a_foreign_log_the_assignments_are_facts_and_the_share_of_agreement_is_told(incidents: Path) -> None:
    loaded = loading.incidents(incidents)

    assert loaded.differences == []
    assert loaded.agreement.refused == 0
    assert 0 <= loaded.agreement.same <= loaded.agreement.asked > 40
    assert loaded.recorded.orders == loaded.courses.count == 40
    given = sum(person.given for person in loaded.recorded.people)
    assert given == loaded.recorded.counts["work_assigned"] == loaded.agreement.asked


def test_a_log_in_which_everybody_is_alone_agrees_with_the_rules(incidents: Path) -> None:
    rows = rows_of(incidents)
    for row in rows:
        row["assigned_to"] = f"Only {row['assignment_group']}"

    assert loading.incidents(put_rows(incidents, rows)).agreement.share == 1.0


def test_the_error_is_written_with_its_place() -> None:
    assert json.loads(json.dumps(DamagedLog(7, "data.at", "is no time").fields)) == {"line 7, data.at": ["is no time"]}
