"""Other rules and people, what they come to, and how it is shown."""

from __future__ import annotations

import re
from array import array
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from deploy.simulation import page, tables
from deploy.simulation.alternatives import Base, changed_body, merged, setting, weights_of
from deploy.simulation.duties import Duties
from deploy.simulation.measure import Kept, Measure, Outcome, Person, fairness, outcome, quantiles
from services.dispatch.domain.people.agent import Agent
from services.dispatch.domain.reference.reference import Reference
from shared.errors import NotFound, ValidationError
from tests.unit.dispatch.builders import NINE, after, an_agent
from tests.unit.simulation.builders import a_body

AGENTS = {"it.01": {"name": "IT 01", "teams": ["it"], "capacity": 2}}


def a_base(**changes: Any) -> Base:
    agents = {agent.agent_id: agent for agent in (an_agent("it.01", capacity=2), an_agent("it.02"))}
    fields = {"body": a_body(), "version": 3, "agents": agents, "since": NINE, "until": after(days=7)}
    return Base(**fields | changes)


def names(base: Base, *heads: str) -> list[str]:
    return [agent.agent_id for agent in setting(base, "try", heads=heads).agents]


def test_more_agents_are_like_those_of_the_team_in_turn() -> None:
    found = setting(a_base(), "try", heads=["it=+3"]).agents

    assert [agent.agent_id for agent in found] == ["it.01", "it.02", "it.new.01", "it.new.02", "it.new.03"]
    assert [agent.capacity for agent in found[2:]] == [2, 3, 2]


def test_fewer_agents_are_the_first_ones() -> None:
    assert names(a_base(), "it=-1") == names(a_base(), "it=1") == ["it.01"]


@pytest.mark.parametrize("change", ["it", "it=-5", "it=many"])
def test_numbers_of_agents_that_are_none_are_refused(change: str) -> None:
    with pytest.raises(ValidationError, match="agents"):
        names(a_base(), change)


def test_a_team_that_is_not_there_is_refused() -> None:
    with pytest.raises(NotFound, match="nobody"):
        names(a_base(), "nobody=+1")


def test_a_change_is_merged_by_name_and_lists_by_code() -> None:
    body = {"teams": {"it": {"name": "IT", "supervisor": "s"}}, "policies": [{"code": "a", "calendar": "x"}], "n": 1}

    changed = merged(body, {"teams": {"it": {"supervisor": None}}, "policies": [{"code": "a", "calendar": "y"}]})

    assert changed == {"teams": {"it": {"name": "IT"}}, "policies": [{"code": "a", "calendar": "y"}], "n": 1}


def test_a_new_policy_comes_before_those_there_were() -> None:
    changed = merged({"policies": [{"code": "rest"}]}, {"policies": [{"code": "gold", "when": "tier == 'gold'"}]})

    assert [policy["code"] for policy in changed["policies"]] == ["gold", "rest"]


def test_what_a_change_declares_of_an_agent_holds_and_others_stay(tmp_path: Path) -> None:
    base = a_base(body=a_body(agents=AGENTS, teams={"desk": {"name": "Desk"}, "it": {"name": "IT"}}))
    file = tmp_path / "more.yaml"
    file.write_text("agents: {it.01: {capacity: 9}}", encoding="utf-8")

    found = setting(base, "more", changed_body(base.body, file)).agents

    assert {agent.agent_id: agent.capacity for agent in found} == {"it.01": 9, "it.02": 3}


def test_a_change_that_does_not_fit_is_refused_by_name_and_path(tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("default_team: nobody", encoding="utf-8")

    with pytest.raises(ValidationError, match="bad: default_team"):
        setting(a_base(), "bad", changed_body(a_base().body, file))


def test_weights_are_read_and_bad_ones_refused() -> None:
    assert weights_of("load=1,idle=0.5") == {"load": 1.0, "idle": 0.5}
    with pytest.raises(ValidationError, match="weights"):
        weights_of("load")


def test_duties_follow_the_rota_without_its_breaks() -> None:
    body = a_body(
        shifts={"day": {"name": "Day", "from": "09:00", "to": "17:00", "breaks": ["12:00-13:00"]}},
        rotas={
            "five": {"name": "Five", "zone": "UTC", "starts_on": "2026-03-02", "pattern": ["day"] * 5 + ["rest"] * 2}
        },
    )
    duties = Duties(roster=Reference.from_dict(body, 1).roster, since=NINE, until=after(days=7))

    duty = duties.of(Agent(agent_id="a1", rota="five"))

    assert duty.seconds(NINE, after(days=1)) == 7 * 3600
    assert duty.seconds(NINE, after(days=7)) == 5 * 7 * 3600
    assert duty.after(after(hours=2), 7200.0) == (after(hours=5), 0.0)


def test_who_has_no_rota_works_when_it_said_that_it_was_there() -> None:
    presence = {"a1": [(NINE, after(hours=2))]}
    duties = Duties(roster=Reference.from_dict(a_body(), 1).roster, since=NINE, until=after(days=7), presence=presence)

    assert duties.of(Agent(agent_id="a1")).seconds(NINE, after(days=1)) == 7200.0
    assert duties.of(Agent(agent_id="unknown")).spans is None


# figures


@pytest.mark.parametrize(
    ("given", "index"), [([5, 5, 5, 5], 1.0), ([9, 0, 0], 1 / 3), ([1, 3], 16 / 20), ([], None), ([0, 0], None)]
)
def test_fairness_is_jains_index(given: list[float], index: float | None) -> None:
    assert fairness(given) == index


def test_quantiles_are_values_that_were_there() -> None:
    assert quantiles([float(n) for n in range(100, 0, -1)]) == (50.0, 90.0, 99.0)
    assert quantiles([7.0]) == (7.0, 7.0, 7.0)
    assert quantiles([]) is None


def an_outcome(name: str, share: float = 0.5, wait: float = 60.0) -> Outcome:
    measure = Measure(orders=10, first_at=NINE, last_at=after(hours=8))
    measure.kept["P1", "resolution"] = Kept(met=int(share * 10), missed=10 - int(share * 10))
    measure.waits["P1"] = array("d", [wait])
    person = Person(agent_id="a1", teams=("it",), given=10, duty=8.0, busy=6.0, overtime=0.5)
    return outcome(name, measure, [person], 0)


def test_idle_and_overtime_are_those_of_all_agents() -> None:
    one = an_outcome("as it is")

    assert (one.idle_hours, one.overtime_hours, one.fairness) == (2.0, 0.5, 1.0)


def test_the_table_has_a_column_for_each_run_and_says_what_is_better() -> None:
    table = tables.comparison([an_outcome("recorded"), an_outcome("as it is"), an_outcome("more", 0.9, 5.0)])

    rows = {
        str(row): [cells._cells[place] for cells in table.columns] for place, row in enumerate(table.columns[0]._cells)
    }
    kept = rows["P1 resolution kept"]
    assert [str(cell) for cell in kept[1:]] == ["50.0%", "50.0%", "90.0%"]
    assert kept[3].style == "green"
    assert rows["P1 wait, median"][3].style == "green"


def test_the_page_needs_no_network() -> None:
    text = page.page("Try <this>", ["10 & more"], [an_outcome("as it is"), an_outcome("more")], [])

    assert "Try &lt;this&gt;" in text
    assert "10 &amp; more" in text
    assert re.findall(r"<(?:script|link|img)[^>]+(?:src|href)=", text) == []
    assert text.count("Plotly.newPlot(") == 4
    assert text.count("plotly.js v") == 1


def test_lengths_are_said_in_one_unit() -> None:
    assert [tables.length(seconds) for seconds in (45, 720, 3600 * 3.4, 86400 * 2.1)] == ["45s", "12m", "3.4h", "2.1d"]


def test_the_beginning_and_end_of_a_run_are_those_of_its_work() -> None:
    measure = Measure()
    for at in (after(hours=1), NINE, after(hours=5)):
        measure.opened(at)

    assert (measure.first_at, measure.last_at) == (NINE, NINE + timedelta(hours=5))
    assert isinstance(measure.first_at, datetime)
