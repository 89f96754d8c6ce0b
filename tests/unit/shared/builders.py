"""Causes, facts and events as tests of the kernel need them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.cause import Call
from shared.events import Aggregate, Event, Fact

NINE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def after(**elapsed: float) -> datetime:
    return NINE + timedelta(**elapsed)


@dataclass(frozen=True, kw_only=True)
class Thing(Aggregate):
    name: str = "T-1"


def a_call(**changes: Any) -> Call:
    known: dict[str, Any] = {
        "ref": "call do by importer",
        "caller": "importer",
        "key": "k",
        "digest": "d",
        "actor": "a1",
    }
    return Call(**known | {"correlation_id": "c-1"} | changes)


def a_fact(type: str = "done", at: datetime = NINE, **data: Any) -> Fact:
    return Fact(type, at, data)


def an_event(**changes: Any) -> Event:
    known: dict[str, Any] = {
        "id": "things/T-1/3",
        "type": "done",
        "source": "things",
        "aggregate_id": "T-1",
        "aggregate_version": 2,
        "number": 3,
        "at": NINE,
        "recorded_at": after(seconds=1),
        "data": {"name": "T-1"},
    }
    return Event(**known | changes)
