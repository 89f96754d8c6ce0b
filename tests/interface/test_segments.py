"""Notify counts the segments of a text by RPC."""

from __future__ import annotations

from typing import Any

import pytest

from shared.errors import ValidationError


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        ("", {"encoding": "gsm7", "characters": 0, "segments": 1}),
        ("€" * 81, {"encoding": "gsm7", "characters": 162, "segments": 2}),
        ("您的工单已受理🙂", {"encoding": "ucs2", "characters": 9, "segments": 1}),
    ],
)
def test_notify_counts_the_segments_of_a_text(stack: Any, text: str, counted: dict[str, Any]) -> None:
    with stack.client("callcentre") as client:
        assert client.call("notify", "count_segments", text=text) == counted


@pytest.mark.parametrize("body", [{}, {"text": 5}, {"text": "a" * 20_001}])
def test_a_text_that_is_none_is_refused_by_its_place(stack: Any, body: dict[str, Any]) -> None:
    with stack.client("callcentre") as client, pytest.raises(ValidationError) as refused:
        client.call("notify", "count_segments", **body)
    assert list(refused.value.fields) == ["text"]
