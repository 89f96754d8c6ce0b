"""An export of one's own work comes out as it was recorded, or it is said what does not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from deploy.simulation import loading
from deploy.simulation.alternatives import setting
from deploy.simulation.engine import Engine
from deploy.simulation.reproduce import Difference
from services.dispatch import domain
from services.dispatch.domain import Decision, Order
from services.dispatch.domain.rollouts.repin import apply_newer
from services.dispatch.domain.work.appointments import answered, set_appointment
from tests.unit.dispatch.builders import NINE, after
from tests.unit.simulation.builders import (
    NEWER,
    STRICTER,
    History,
    a_body,
    an_export,
    late_history,
    resolved_history,
    sealed_again,
)

Row = dict[str, Any]


def again_for(order: Order, at: datetime) -> Decision:
    return domain.reopen_dissatisfied(order, at, round=0, reason="still broken")


def differences(tmp_path: Path, *rows: Row) -> list[Difference]:
    return loading.export(an_export(tmp_path / "log.jsonl", rows)).differences


def entry(row: Row, type: str) -> Row:
    return next(one for one in row["entries"] if one["type"] == type)


def test_a_history_of_the_rules_comes_out_the_same(tmp_path: Path) -> None:
    loaded = loading.export(an_export(tmp_path / "log.jsonl", [resolved_history().row]))

    assert loaded.differences == []
    assert (loaded.checked.orders, loaded.checked.assignments) == (1, 1)
    assert loaded.checked.deadlines > 10


def test_so_does_one_with_an_appointment_that_the_customer_confirmed(tmp_path: Path) -> None:
    history = History()
    history.then(lambda order, at: set_appointment(order, at, after(days=1)), after(minutes=1), "request 1")
    history.then(_confirmed, after(minutes=9), "event sms/1")
    history.then(lambda order, at: domain.resolve(order, at, "done", "en"), after(hours=3), "request 2")

    assert "appointment_confirmed" in {one["type"] for one in history.row["entries"]}
    assert differences(tmp_path, history.row) == []


def _confirmed(order: Order, at: datetime) -> Decision:
    return answered(order, at, number=1, answer="confirm", note=None, reply_id="sms/1")


def test_so_does_one_in_which_everything_was_missed(tmp_path: Path) -> None:
    row = late_history().row

    assert {"deadline_near", "deadline_missed", "work_escalated"} <= {one["type"] for one in row["entries"]}
    assert differences(tmp_path, row) == []


def test_so_do_withdrawn_prioritised_transferred_and_reopened_work(tmp_path: Path) -> None:
    withdrawn = History(1).then(lambda order, at: domain.withdraw(order, at, "by mistake"), after(hours=1), "event 8")
    urgent = History(2, after(minutes=1)).then(
        lambda order, at: domain.prioritise(order, at, "P1", "the chief asks"), after(hours=1), "request 8"
    )
    moved = History(3, after(minutes=2)).then(
        lambda order, at: domain.transfer(order, at, order.books(0).team("desk")), after(hours=1), "request 9"
    )
    again = resolved_history(4, after(minutes=3)).then(again_for, after(days=2), "event 9")

    assert differences(tmp_path, withdrawn.row, urgent.row, moved.row, again.row) == []


def test_so_does_work_that_was_put_under_newer_reference_data(tmp_path: Path) -> None:
    history = History().then(
        lambda order, at: apply_newer(order, at, NEWER, "stricter from now on"), after(hours=1), "rollout 1"
    )
    history.wake(after(hours=3)).then(
        lambda order, at: domain.resolve(order, at, "done", "en"), after(hours=4), "request 2"
    )

    assert {"policy_applied", "deadline_moved", "deadline_missed"} <= {one["type"] for one in history.entries}
    log = an_export(tmp_path / "log.jsonl", [history.row], newer=[a_body(policies=STRICTER)])
    assert loading.export(log).differences == []


def test_a_deadline_that_was_recorded_otherwise_is_named_with_its_entry(tmp_path: Path) -> None:
    row = resolved_history().row
    entry(row, "work_opened")["set"]["clocks"]["resolution"]["due"] = "2026-03-04T09:00:00.000Z"

    (found, *_) = differences(tmp_path, sealed_again(row))

    assert (found.order_no, found.number, found.what) == ("W-1", 1, "clock resolution, due")
    assert found.recorded.startswith("2026-03-04 09:00")
    assert found.again.startswith("2026-03-05 09:00")


def test_a_miss_that_the_rules_do_not_know_is_named(tmp_path: Path) -> None:
    row = late_history().row
    missed = entry(row, "deadline_missed")
    missed["at"] = missed["at"].replace("09:15", "09:16")

    (found, *_) = differences(tmp_path, sealed_again(row))

    assert (found.number, found.what) == (missed["number"], "deadline_missed")


def test_a_warning_that_is_not_in_the_record_is_missed(tmp_path: Path) -> None:
    history = History(1, priority="P1")
    order = history.order
    history.then(lambda _, at: domain.accept(order, at), after(minutes=20), "request 1")
    row = history.row
    row["entries"] = [one for one in row["entries"] if one["cause"] != "timer"]
    for number, one in enumerate(row["entries"], start=1):
        one["number"] = number
    row["head"]["number"] = len(row["entries"])

    (found, *_) = differences(tmp_path, sealed_again(row))

    assert found.recorded == "nothing"
    assert found.again.startswith("deadline_near")


def test_an_assignment_that_its_record_does_not_give_is_named(tmp_path: Path) -> None:
    row = resolved_history().row
    row["assignments"][0]["record"]["same"]["load"] = 3  # nobody had room then

    (found,) = differences(tmp_path, row)

    assert (found.what, found.recorded, found.again) == ("assignment", "a1", "None")


def test_an_assignment_without_its_record_is_named(tmp_path: Path) -> None:
    row = resolved_history().row | {"assignments": []}

    (found,) = differences(tmp_path, row)

    assert (found.number, found.again) == (2, "has no record")


def test_another_record_than_the_history_names_is_named(tmp_path: Path) -> None:
    row = resolved_history().row
    row["assignments"][0]["record"]["task"]["customer_id"] = "another"

    (found,) = differences(tmp_path, row)

    assert found.again == "this record"


@pytest.mark.parametrize("history", [resolved_history, late_history])
def test_a_reproduced_history_is_a_course_that_gives_the_same_verdicts(
    tmp_path: Path, history: Callable[..., History]
) -> None:
    rows = [history(number, NINE + timedelta(hours=number)).row for number in range(1, 4)]
    loaded = loading.export(an_export(tmp_path / "log.jsonl", rows))
    again = Engine(loaded.courses, setting(loaded.base, "again"), loaded.samples).run()

    assert again.attainment == loaded.recorded.attainment
    assert again.waits == loaded.recorded.waits
