"""Agents per hour: Erlang C as its tables have it, and near what a simulation gives."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from math import factorial
from zoneinfo import ZoneInfo

import pytest

from deploy.simulation import erlang, page, staffing, tables
from deploy.simulation.demand import Demand, TeamDemand
from deploy.simulation.duty import Duty
from deploy.simulation.engine import Engine
from deploy.simulation.samples import Samples
from deploy.simulation.setting import Given, Setting
from deploy.simulation.synthetic import Synthetic
from deploy.simulation.target import Target, target_of
from shared.errors import ValidationError
from tests.unit.dispatch.builders import NINE, an_agent, reference

UTC_ZONE = ZoneInfo("UTC")


def exact(load: Fraction, seats: int) -> Fraction:
    """Erlang's C formula, term by term (A. K. Erlang, 1917)."""
    last = load**seats / factorial(seats) * Fraction(seats) / (seats - load)
    return last / (sum(load**k / factorial(k) for k in range(seats)) + last)


@pytest.mark.parametrize(("load", "seats"), [(1, 2), (2, 3), (5, 7), (10, 14), (20, 22), (80, 90)])
def test_the_probability_of_waiting_is_that_of_the_formula(load: int, seats: int) -> None:
    assert erlang.waits(load, seats) == pytest.approx(float(exact(Fraction(load), seats)), rel=1e-9)


@pytest.mark.parametrize(
    ("load", "seats", "probability"), [(1, 2, 0.3333), (2, 3, 0.4444), (5, 7, 0.3241), (10, 14, 0.1741)]
)
def test_it_is_that_of_printed_tables(load: float, seats: int, probability: float) -> None:
    assert round(erlang.waits(load, seats), 4) == probability


def test_a_hundred_calls_of_three_minutes_in_half_an_hour_need_fourteen_for_80_percent_within_20_seconds() -> None:
    share = lambda seats: erlang.within(10.0, 180.0, 20.0, seats)  # noqa: E731

    assert erlang.least(share, 0.8, 10.0) == 14
    assert round(share(14), 3) == 0.888


def test_the_least_number_of_seats_is_found_also_just_above_the_load() -> None:
    assert erlang.least(lambda seats: erlang.within(5.6, 600.0, 36000.0, seats), 0.5, 5.6) == 6


def test_seats_that_cannot_keep_up_serve_nobody_in_the_long_run() -> None:
    assert erlang.within(4.0, 60.0, 30.0, 4) == 0.0
    assert erlang.waits(4.0, 4) == 1.0
    assert erlang.within(0.0, 60.0, 30.0, 0) == 1.0


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("90% within 30s", Target("90% within 30s", 0.9, None, 30.0)),
        ("80 % of P2 within 4h", Target("80 % of P2 within 4h", 0.8, "P2", 14400.0)),
        ("80% of P2 in time", Target("80% of P2 in time", 0.8, "P2", None)),
        ("99.5% of P1 answered in time", Target("99.5% of P1 answered in time", 0.995, "P1", None, "first_response")),
    ],
)
def test_targets_are_read_as_they_are_said(text: str, target: Target) -> None:
    assert target_of(text) == target


@pytest.mark.parametrize("text", ["90%", "all within 30s", "0% within 30s", "80% of P9 in time", "80% in time"])
def test_what_is_no_target_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="target"):
        target_of(text)


def test_long_handling_weighs_on_later_hours() -> None:
    demand = Demand(UTC_ZONE)
    demand.given(Given("it", "P3", 1, NINE, 0.0, 2 * 3600.0))
    demand.given(Given("it", "P3", 1, NINE + timedelta(hours=3), 0.0, 1.0))

    assert [round(load, 3) for load in demand.load("it")[9:12]] == [1.0, 1.0, 0.0]
    assert demand.per_hour("it")[9] == 1.0


def test_a_part_of_an_hour_counts_for_that_part() -> None:
    own = TeamDemand()
    own.came(9.5, 3600.0)

    assert dict(own.steps) == {9: 0.5, 10: 0.5 - 0.5, 11: -0.5}


def even_demand(count: int = 6000) -> tuple[Demand, Setting, Synthetic]:
    """Sixty an hour, day and night, ten minutes each: ten erlangs."""
    made = Synthetic(count=count, per_hour=60, handling=600.0, held_one_in=0, even=True, shares=(0, 0, 1, 0))
    demand = Demand(UTC_ZONE)
    people = [an_agent(f"a{number}", capacity=1) for number in range(60)]
    setting = Setting(name="base", reference=reference(), agents=people, duty_of=lambda _: Duty(), watch=demand.given)
    Engine(made.courses(), setting, Samples()).run()
    return demand, setting, made


def test_the_simulation_gives_what_erlang_c_says_of_an_even_load() -> None:
    demand, setting, made = even_demand(8000)
    found = staffing.answer(demand, "it", target_of("60% within 60s"), setting.agents)
    twelve = replace(found, seats=[12] * 168, predicted=erlang.within(10.0, 600.0, 60.0, 12))

    checked = staffing.checked(twelve, demand, made.courses(), setting, Samples(), lambda _: None)

    assert round(twelve.predicted, 3) == 0.632
    assert abs(checked.difference) < 0.03


def test_a_plan_by_hours_holds_in_the_simulation() -> None:
    demand, setting, made = even_demand(3000)
    found = staffing.answer(demand, "it", target_of("80% within 60s"), setting.agents)

    checked = staffing.checked(found, demand, made.courses(), setting, Samples(), lambda _: None)

    busy = [load for load in found.load if load]
    assert sum(busy) / len(busy) == pytest.approx(10, abs=0.5)
    assert found.predicted >= 0.8
    assert checked.simulated >= found.predicted - 0.02


def test_in_time_is_the_wait_and_the_handling_together() -> None:
    demand, setting, _ = even_demand(500)
    easy = staffing.answer(demand, "it", target_of("80% of P3 in time"), setting.agents)
    hard = staffing.answer(demand, "it", target_of("80% within 1s"), setting.agents)

    assert sum(easy.seats) < sum(hard.seats)
    assert all(seats > load for seats, load in zip(easy.seats, easy.load, strict=True) if load)


def test_agents_who_have_several_at_once_are_fewer_than_seats() -> None:
    demand, _, _ = even_demand(500)
    three = [an_agent("a1", capacity=3)]
    found = staffing.answer(demand, "it", target_of("80% within 60s"), three)

    assert found.at_once == 3.0
    assert found.agents == [-(-seats // 3) for seats in found.seats]


def test_a_plan_that_misses_its_target_in_the_simulation_is_flagged() -> None:
    demand, setting, _ = even_demand(500)
    found = staffing.answer(demand, "it", target_of("80% within 60s"), setting.agents)
    missed, kept = replace(found, simulated=0.286), replace(found, simulated=0.8)

    assert (found.reached, missed.reached, kept.reached) == (None, False, True)
    assert tables.staffing_summary([kept, missed]).caption == tables.NOT_REACHED
    assert tables.staffing_summary([kept]).caption is None
    assert "NO: it needs more agents" in page.page("x", [], [], [missed])


def test_a_target_that_handling_alone_misses_is_refused() -> None:
    demand = Demand(UTC_ZONE)
    demand.given(Given("it", "P1", 1, NINE, 0.0, 36000.0, {"resolution": 14400.0 - 36000.0}))

    with pytest.raises(ValueError, match="handling takes too long"):
        staffing.answer(demand, "it", target_of("80% of P1 in time"), [an_agent()])


def test_a_target_for_what_nothing_is_promised_is_refused() -> None:
    demand = Demand(UTC_ZONE)
    demand.given(Given("it", "P1", 1, NINE, 0.0, 60.0))

    with pytest.raises(ValueError, match="no resolution was promised"):
        staffing.answer(demand, "it", target_of("80% of P1 in time"), [an_agent()])


def test_what_is_passed_on_after_the_last_work_came_does_not_thin_out_the_weeks() -> None:
    demand = Demand(UTC_ZONE, until=NINE + timedelta(hours=1))
    demand.given(Given("it", "P3", 1, NINE, 0.0, 1800.0))
    demand.given(Given("it", "P3", 1, NINE + timedelta(days=30), 0.0, 1800.0))

    assert demand.per_hour("it")[9] == 1.0
    assert demand.teams["it"].jobs == 1


def test_the_demand_is_that_of_work_which_never_waits() -> None:
    demand = Demand(UTC_ZONE)
    alone = Setting(name="base", reference=reference(), agents=[an_agent(capacity=1)], duty_of=lambda _: Duty([]))
    made = Synthetic(count=50, per_hour=60, held_one_in=0, even=True)

    played = Engine(made.courses(), staffing.unhurried(alone, demand), Samples()).run()

    assert set(played.waits["P3"]) == {0.0}
    assert demand.teams["it"].jobs == 50
