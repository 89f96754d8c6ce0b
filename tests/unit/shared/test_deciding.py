"""What one change of an aggregate is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from shared.deciding import decided
from shared.events import Fact
from tests.unit.shared.builders import NINE, Thing, after

HOUR = timedelta(hours=1)


def advance(thing: Thing, to: datetime) -> tuple[Thing, list[Fact]]:
    return replace(thing, last_at=to), [Fact("struck", to)]


def do(thing: Thing, at: datetime) -> tuple[Thing, list[Fact]]:
    return thing, [Fact("done", at)]


def settle(thing: Thing, at: datetime, happened: Sequence[Fact]) -> tuple[Thing, list[Fact]]:
    return thing, [Fact("settled", at, {"after": [fact.type for fact in happened]})]


def test_only_what_advancing_gave_is_by_time() -> None:
    _, facts = decided(Thing(), NINE, (do, settle), advance)
    assert [(fact.type, fact.by_time) for fact in facts] == [("struck", True), ("done", False), ("settled", False)]


def test_what_settles_it_is_given_all_that_has_happened() -> None:
    _, facts = decided(Thing(replay_until=after(hours=1)), NINE, (do, settle), advance)
    assert facts[-1].data == {"after": ["struck", "done", "struck"]}


def test_what_a_replay_has_passed_after_the_rule_is_by_time_too() -> None:
    _, facts = decided(Thing(replay_until=after(hours=1)), NINE, (do, settle), advance)
    assert [(fact.type, fact.at - NINE, fact.by_time) for fact in facts] == [
        ("struck", 0 * HOUR, True),
        ("done", 0 * HOUR, False),
        ("struck", HOUR, True),
        ("settled", HOUR, False),
    ]
