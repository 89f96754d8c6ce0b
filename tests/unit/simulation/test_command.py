"""`loopdesk simulate` as it is typed; no stack runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from deploy.cli import main
from services.dispatch import domain
from tests.unit.dispatch.builders import after
from tests.unit.simulation.builders import History, an_export, resolved_history


def simulate(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["simulate", *(str(argument) for argument in arguments)])


@pytest.fixture
def log(tmp_path: Path) -> Path:
    rows = [resolved_history(number, after(minutes=number)).row for number in range(1, 9)]
    return an_export(tmp_path / "log.jsonl", rows)


def test_a_reproduced_log_is_compared_under_each_alternative(log: Path, tmp_path: Path) -> None:
    change = tmp_path / "stricter.yaml"
    change.write_text("policies: [{code: standard, targets: {P3: {resolution: 1h}}}]", encoding="utf-8")

    result = simulate(log, "--agents", "it=-1", "--change", change, "--weights", "idle=1", "--json")

    assert result.exit_code == 0, result.output
    told = json.loads(result.output)
    assert told["reproduced"] == {"orders": 8, "deadlines": told["reproduced"]["deadlines"], "assignments": 8}
    assert [one["name"] for one in told["runs"]] == [
        "recorded",
        "as it is",
        "stricter",
        "agents it=-1",
        "weights idle=1",
    ]
    recorded, as_it_is, stricter, fewer, _ = told["runs"]
    assert recorded["promises"] == as_it_is["promises"]
    missed = {one["promise"]: one["missed"] for one in stricter["promises"]}
    assert missed == {"first_response": 0, "resolution": 8}
    assert fewer["waits"]["P3"]["p99"] > as_it_is["waits"]["P3"]["p99"]


def test_another_rota_and_calendar_change_what_waits_and_what_is_kept(log: Path, tmp_path: Path) -> None:
    nights = tmp_path / "nights.yaml"
    nights.write_text(
        """
        shifts: {night: {name: Night, from: "22:00", to: "06:00"}}
        rotas: {nights: {name: Nights, zone: UTC, starts_on: "2026-01-05", pattern: [night]}}
        teams: {desk: {supervisor: null}, it: {supervisor: null, duty_manager: null}, experts: {supervisor: null}}
        agents:
          a1: {name: A1, teams: [it], capacity: 3, rota: nights}
          a2: {name: A2, teams: [it], capacity: 3, rota: nights}
          chief.it: &nobody {name: They are called, teams: [desk], capacity: 0}
          chief.desk: *nobody
          chief.experts: *nobody
          duty: *nobody
        """,
        encoding="utf-8",
    )
    office = tmp_path / "office.yaml"
    office.write_text("policies: [{code: standard, calendar: office}]", encoding="utf-8")

    runs = json.loads(simulate(log, "--change", nights, "--change", office, "--json").output)["runs"]

    waits = {one["name"]: one["waits"]["P3"]["p50"] for one in runs}
    assert waits["nights"] > 10 * 3600 > waits["office"] == waits["as it is"]
    kept = {one["name"]: sum(each["met"] for each in one["promises"]) for one in runs}
    assert kept["nights"] < kept["office"] == kept["as it is"]


def test_the_same_log_gives_the_same_result_twice(log: Path) -> None:
    runs = [json.loads(simulate(log, "--json").output)["runs"] for _ in range(2)]

    for run in (one for runs_ in runs for one in runs_):
        run.pop("seconds")
    assert runs[0] == runs[1]


def test_a_damaged_log_is_refused_with_its_place_and_no_page_is_written(log: Path, tmp_path: Path) -> None:
    log.write_text(log.read_text(encoding="utf-8").replace('"agent":"a1"', '"agent":"a9"', 1), encoding="utf-8")

    result = simulate(log, "--html", tmp_path / "page.html")

    assert result.exit_code == 1
    assert "line 5, entries.1.hash" in result.stderr
    assert not (tmp_path / "page.html").exists()


def test_what_does_not_come_out_the_same_is_listed_and_nothing_is_played(tmp_path: Path) -> None:
    row = resolved_history().row
    row["assignments"][0]["record"]["same"]["load"] = 3  # nobody had room then
    log = an_export(tmp_path / "log.jsonl", [row])

    result, as_json = simulate(log), simulate(log, "--json")

    assert (result.exit_code, as_json.exit_code) == (1, 1)
    assert "W-1 #2 assignment: recorded a1, by the rules None" in result.output
    assert "as it is" not in result.output
    (found,) = json.loads(as_json.output)["differences"]
    assert found == {"order_no": "W-1", "number": 2, "what": "assignment", "recorded": "a1", "again": "None"}


def test_a_target_is_answered_hour_by_hour_and_checked(log: Path) -> None:
    result = simulate(log, "--target", "80% within 10m", "--json")

    (found,) = json.loads(result.output)["staffing"]
    assert (found["team"], len(found["agents"])) == ("it", 168)
    assert found["erlang_c"] >= 0.8
    assert found["difference"] == found["simulated"] - found["erlang_c"]


def test_made_up_work_needs_no_log_at_all() -> None:
    result = simulate("--synthetic", "200")

    assert result.exit_code == 0, result.output
    assert "work orders a second" in result.output


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("nowhere.jsonl",),
        ("--synthetic", "5", "--zone", "Nowhere"),
        ("--synthetic", "5", "--team", "x", "--target", "90% within 1m"),
    ],
)
def test_what_makes_no_sense_is_said(arguments: tuple[str, ...]) -> None:
    assert simulate(*arguments).exit_code == 2


def test_a_page_that_has_no_folder_is_refused_before_anything_is_played(log: Path, tmp_path: Path) -> None:
    for arguments in ((log, "--html", tmp_path / "nowhere" / "page.html"), ("export", tmp_path / "nowhere" / "x.gz")):
        result = (
            CliRunner().invoke(main, [str(argument) for argument in arguments])
            if arguments[0] == "export"
            else simulate(*arguments)
        )

        assert result.exit_code == 2
        assert "there is no folder" in result.stderr
        assert "reproduced" not in result.output


def test_an_empty_export_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_bytes(b"")

    result = simulate(tmp_path / "log.jsonl")

    assert result.exit_code == 1
    assert "line 1, kind" in result.stderr


def test_the_example_of_the_documentation_works_with_the_shipped_data(tmp_path: Path) -> None:
    text = (Path(__file__).parents[3] / "docs/simulation.md").read_text(encoding="utf-8")
    example = tmp_path / "night-shift.yaml"
    example.write_text(text.split("```yaml\n")[1].split("```")[0], encoding="utf-8")

    result = simulate("--synthetic", "20", "--change", example, "--json")

    assert result.exit_code == 0, result.output
    assert [one["name"] for one in json.loads(result.output)["runs"]] == ["as it is", "night-shift"]


def test_all_columns_are_of_the_same_work_and_what_is_left_out_is_said(tmp_path: Path) -> None:
    rows = [
        resolved_history(1).row,
        History(2, after(minutes=1)).row,
        History(3, after(minutes=2))
        .then(lambda order, at: domain.withdraw(order, at, "by mistake"), after(hours=1), "event 8")
        .row,
    ]
    log, page = an_export(tmp_path / "log.jsonl", rows), tmp_path / "page.html"

    result, as_json = simulate(log, "--html", page), json.loads(simulate(log, "--json").output)

    assert [one["orders"] for one in as_json["runs"]] == [2, 2]
    assert as_json["left_out"] == {"open": 1, "linked": 0}
    assert [one["counts"]["work_assigned"] for one in as_json["runs"]] == [2, 2]
    assert "in no column: 1 without an end in the log" in result.output
    assert "In no column: 1 without an end in the log." in page.read_text(encoding="utf-8")


def test_the_page_has_the_promises_and_waits_in_its_table_too(log: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    simulate(log, "--html", page)

    text = page.read_text(encoding="utf-8")
    assert "<tr><td>P3 resolution kept</td><td>100.0%</td><td>100.0%</td></tr>" in text
    assert "<tr><td>P3 wait, p90</td>" in text


def test_a_folder_that_is_no_reference_data_is_refused_by_file(log: Path, tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()

    result = simulate(log, "--with", folder)

    assert result.exit_code == 1
    assert "dispatch.yaml" in result.stderr


def test_a_missing_library_says_what_to_install(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "plotly.graph_objects", None)

    result = simulate(log, "--html", log.with_suffix(".html"))

    assert result.exit_code == 1
    assert "requirements/simulation.txt" in result.stderr
