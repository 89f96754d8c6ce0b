"""One change of an aggregate: what time brings, what the rule decides, what settles it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from shared.events import Aggregate, Fact

S = TypeVar("S", bound=Aggregate)
Decide = Callable[[S, datetime], tuple[S, list[Fact]]]
Settle = Callable[[S, datetime, Sequence[Fact]], tuple[S, list[Fact]]]
Rules = tuple[Decide[S], Settle[S]]  # a command's own, and what settles it


def decided(state: S, at: datetime, rules: Rules[S], advance: Decide[S]) -> tuple[S, list[Fact]]:
    """Everything that was due comes first, at its own time; then the rule; what a replay has passed; settling.

    Facts that `advance` gives are by time: they would have come to pass without this change, if later told. Settling is
    given all that has happened.
    """
    decide, settle = rules
    state, due = advance(state, at)
    state, facts = decide(state, at)
    passed: list[Fact] = []
    if state.replay_until is not None and state.replay_until > at:
        at = state.replay_until
        state, passed = advance(state, at)
    happened = [*_by_time(due), *facts, *_by_time(passed)]
    state, settled = settle(state, at, happened)
    return state, [*happened, *settled]


def _by_time(facts: Iterable[Fact]) -> list[Fact]:
    return [replace(fact, by_time=True) for fact in facts]
