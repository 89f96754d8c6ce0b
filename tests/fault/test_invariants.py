"""The invariants notice what they are there for: sound documents are damaged in memory, one way at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.fault import invariants, seating, told
from tests.fault.invariants import assert_sound
from tests.fault.load import Load
from tests.fault.state import State
from tests.support import Stack


@pytest.fixture
def sound(broken: Stack, load: Load) -> State:
    load.submit(20)
    load.drive()
    assert_sound(broken, load)
    return State(broken)


def test_every_kind_of_damage_is_noticed(sound: State, load: Load) -> None:
    kept = deepcopy(vars(sound) | {"stack": None, "_database": None})
    matter = {matter.story: matter for matter in load.matters}
    closed, waiting = matter["satisfied"].order_no, matter["waiting"].order_no
    had = next(order_no for order_no, order in sound.orders.items() if order["seats"])
    damages: dict[str, Callable[[], object]] = {
        "but stored is None": lambda: sound.tickets.pop(matter["satisfied"].ticket_no),
        "has no work order": lambda: sound.orders.pop(waiting),
        "is assigned and has no agent": lambda: sound.orders[waiting].update(state="assigned", seats={}),
        "but its steps": lambda: sound.orders[waiting].update(seats={"9": {"agent": "it.01"} | SEAT}),
        "but its open steps weigh": lambda: sound.agents["it.01"].update(load=7),
        "open, but": lambda: sound.agents["it.01"].update(open=7),
        "has of each kind": lambda: sound.agents["it.01"].update(kinds={"x": 1}),
        "is open without a seat": lambda: sound.orders[had].update(seats={}),
        "not there, or has ended": lambda: sound.assignments.pop(f"{had}/{sound.orders[had]['given']}"),
        "was given 99 times": lambda: sound.orders[closed].update(given=99),
        "not the one that the history tells of": lambda: sound.assignments[f"{closed}/1"]["record"].update(version=99),
        "by its record to": lambda: assigned(sound.orders[closed]).update(agent="it.01 or so"),
        "who was away": lambda: [agent.update(history=[AWAY]) for agent in sound.agents.values()],
        "where somebody has room": lambda: (
            sound.orders[waiting].update(state="queued", queues=["it"]),
            sound.agents["it.01"].update(has_room=True),
        ),
        "(satisfied) is {'state': 'resolved'": lambda: sound.orders[closed].update(state="resolved"),
        "head 99": lambda: sound.orders[closed]["head"].update(number=99),
        "is not chained": lambda: sound.orders[closed]["history"][1]["data"].update(team="nobody"),
        "('work_closed', None) happened 2 times": lambda: sound.orders[closed]["history"].append(
            sound.orders[closed]["history"][-1]
        ),
        "2 surveys": lambda: sound.cases[f"{closed}/0"]["history"].append(sound.cases[f"{closed}/0"]["history"][0]),
        "no case": lambda: sound.cases.pop(f"{closed}/0"),
        "its work closed": lambda: sound.tickets[matter["satisfied"].ticket_no].update(status="resolved"),
        "is measured as": lambda: sound.work[closed]["counts"].update(closed=0),
        "0 messages, 1 owed": lambda: sound.messages.pop(next(iter(sound.messages))),
        "was sent 2 times": lambda: sound.texts.append(sound.texts[0]),
        "but was never sent": lambda: sound.mail_ids.clear(),
        "messages are unknown": lambda: [
            message.update(state="unknown") for message in sound.messages.values() if message["order_no"] == closed
        ],
        "is handed_over": lambda: next(iter(sound.messages.values())).update(state="handed_over"),
        "are unpublished": lambda: sound.orders[closed].update(outbox=[{"id": "x"}]),
    }
    assert list(wrong(sound, load)) == []
    for words, damage in damages.items():
        damage()
        found = list(wrong(sound, load))
        assert any(words in sentence for sentence in found), f"{words!r} not in {found[:10]}"
        vars(sound).clear()
        vars(sound).update(deepcopy(kept))


SEAT = {"units": 1, "kind": "fault", "assignment": 1}


AWAY = {
    "number": 1,
    "type": "presence_set",
    "at": datetime(2020, 1, 1, tzinfo=UTC),
    "data": {"status": "away"},
    "hash": "x",
}


def assigned(order: dict[str, Any]) -> dict[str, Any]:
    """What the history tells of its first assignment."""
    data: dict[str, Any] = next(entry for entry in order["history"] if entry["type"] == "work_assigned")["data"]
    return data


def wrong(state: State, load: Load) -> Iterator[str]:
    """All that `assert_sound` would find in the documents."""
    yield from invariants.nothing_is_lost(state, load)
    yield from invariants.stories_ended(state, load)
    yield from invariants.histories_are_whole(state)
    yield from invariants.facts_happened_once(state)
    for check in seating.CHECKS:
        yield from check(state)
    yield from invariants.one_survey_per_resolved_round(state)
    yield from invariants.services_agree(state)
    yield from told.everyone_was_told_once(state, load, [0])
    yield from invariants.nothing_waits(state)
