from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.cause import Cause, content_digest, request_key
from shared.errors import IllegalMove
from tests.unit.shared.builders import NINE, a_call, after, an_event

KNOWN = "f39a0571ef5762403aa21aeb5498da29"  # what is stored: it must never change
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def test_a_request_key_is_the_same_for_ever_and_another_for_each_caller_method_and_id() -> None:
    key = request_key("importer", "open", "r-1")
    assert key == KNOWN
    others = [("clerk", "open", "r-1"), ("importer", "add", "r-1"), ("importer", "open", "r")]
    assert len({key, *(request_key(*other) for other in others)}) == 4


def test_request_keys_do_not_run_together() -> None:
    assert request_key("a", "bc", "d") != request_key("ab", "c", "d")
    assert request_key('a","b', "c", "d") != request_key("a", 'b","c', "d")


@given(st.dictionaries(st.text(max_size=3), json_values, max_size=4))
def test_a_digest_does_not_depend_on_order(content: dict[str, Any]) -> None:
    assert content_digest(content) == content_digest(dict(reversed(content.items())))


def test_a_digest_depends_on_content() -> None:
    contents: list[dict[str, Any]] = [{}, {"a": 1}, {"a": "1"}, {"a": [1]}, {"b": 1}, {"a": None}, {"a": 1, "b": None}]
    assert len({content_digest(content) for content in contents}) == len(contents)


def test_what_a_call_creates_has_an_id_made_of_the_request() -> None:
    assert a_call(key="k").creation_id() == "k"
    with pytest.raises(AssertionError):
        a_call(key=None).creation_id()


@pytest.mark.parametrize(
    ("last_at", "counted"), [(None, after(hours=1)), (NINE, after(hours=1)), (after(hours=2), after(hours=2))]
)
def test_a_call_without_a_time_counts_now_and_never_before_the_last_event(
    last_at: datetime | None, counted: datetime
) -> None:
    assert a_call().time_after(last_at, after(hours=1)) == counted


def test_a_call_with_a_time_counts_then() -> None:
    assert a_call(at=NINE).time_after(None, after(hours=1)) == NINE
    assert a_call(at=NINE).time_after(NINE, after(hours=1)) == NINE


def test_a_caller_set_time_before_the_last_event_is_refused_by_name() -> None:
    with pytest.raises(IllegalMove) as refused:
        a_call(at=NINE).time_after(after(seconds=1), after(hours=1))
    assert refused.value.details == {
        "rule": "order_of_time",
        "at": "2026-03-02T09:00:00.000Z",
        "last_at": "2026-03-02T09:00:01.000Z",
    }


def test_an_event_counts_at_its_own_time_but_never_before_the_last_one() -> None:
    cause = Cause.from_event(an_event())
    assert cause.time_after(None, after(hours=1)) == NINE
    assert cause.time_after(after(minutes=1), after(hours=1)) == after(minutes=1)


def test_a_cause_that_is_an_event_says_which() -> None:
    cause = Cause.from_event(an_event(id="E", actor="a1", correlation_id="c", replay_until=NINE))
    assert (cause.key, cause.causation_id, cause.ref, cause.actor) == ("E", "E", "event E", "a1")
    assert (cause.correlation_id, cause.starts_replay) == ("c", NINE)


def test_a_replay_begins_with_a_caller_set_time_only() -> None:
    assert a_call(at=NINE).starts_replay == NINE
    assert a_call().starts_replay is None
    assert Cause.from_event(an_event()).starts_replay is None
    assert Cause.tick(NINE).starts_replay is None


def test_a_timer_has_no_key_and_its_own_time() -> None:
    cause = Cause.tick(NINE)
    assert (cause.key, cause.at, cause.ref) == (None, NINE, "timer")


def test_the_second_aggregate_of_a_call_keeps_no_answer_and_expects_no_version() -> None:
    second = a_call(expected_version=3, at=NINE).without_key()
    assert (second.key, second.digest, second.expected_version) == (None, None, None)
    assert (second.at, second.actor, second.correlation_id) == (NINE, "a1", "c-1")
