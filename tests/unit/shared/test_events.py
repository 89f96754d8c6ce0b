from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.clock import SystemClock, from_text, to_text
from shared.events import Event, to_json
from tests.unit.shared.builders import NINE, an_event

milliseconds = st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30), timezones=st.just(UTC)).map(
    lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000)
)


@pytest.mark.parametrize(
    "event",
    [
        an_event(),
        an_event(correlation_id="c", causation_id="E", actor="a1", replay_until=NINE, data={"深": ["😀", None, 1]}),
    ],
)
def test_an_event_arrives_as_it_left(event: Event) -> None:
    assert Event.from_wire(json.loads(json.dumps(event.to_wire()))) == event


@pytest.mark.parametrize("name", ["id", "type", "source", "aggregate_id", "number", "at", "recorded_at", "data"])
def test_an_event_without_one_of_its_parts_is_none(name: str) -> None:
    body = an_event().to_wire()
    del body[name]
    with pytest.raises((KeyError, TypeError, ValueError)):
        Event.from_wire(body)


@pytest.mark.parametrize("changes", [{"at": "2026-03-02T09:00:00"}, {"number": "x"}, {"data": 7}, {"at": 7}])
def test_an_event_of_another_form_is_none(changes: dict[str, Any]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        Event.from_wire(an_event().to_wire() | changes)


@given(milliseconds)
def test_a_time_arrives_as_it_left(at: datetime) -> None:
    assert from_text(to_text(at)) == at


def test_a_time_is_told_in_utc_with_milliseconds() -> None:
    shanghai = timezone(timedelta(hours=8))
    assert to_text(datetime(2016, 2, 29, 9, 16, tzinfo=shanghai)) == "2016-02-29T01:16:00.000Z"
    assert from_text("2016-02-29T09:16:00+08:00") == datetime(2016, 2, 29, 1, 16, tzinfo=UTC)
    with pytest.raises(ValueError, match="zone"):
        from_text("2016-02-29T01:16:00")


def test_the_clock_gives_what_the_database_can_keep() -> None:
    now = SystemClock().now()
    assert now.tzinfo is UTC
    assert now.microsecond % 1000 == 0


def test_values_become_json_at_any_depth() -> None:
    value = {"at": NINE, "list": [NINE, {"deep": (NINE, None)}], "text": "x", "number": 1.5}
    text = "2026-03-02T09:00:00.000Z"
    assert to_json(value) == {"at": text, "list": [text, {"deep": [text, None]}], "text": "x", "number": 1.5}
