"""Two replicas of everything, and time that passes for both of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from deploy.catalogue import CONSUMERS
from deploy.services import PROCESSES
from tests.fault.chaos import kills
from tests.fault.declared import a_policy, apply
from tests.fault.invariants import TIMED, assert_sound
from tests.fault.load import Load
from tests.fault.state import State
from tests.support import Stack, eventually

SOON: Mapping[str, Mapping[str, Any]] = {
    "dispatch": {"policies": [a_policy("3s", "6s", "1s")]},
    "feedback": {"survey_days": 4 / 86_400},
}
#: What time alone does to work that nobody touches.
ALL_MISSED = Counter((what, clock) for what in TIMED for clock in ("first_response", "resolution"))


@pytest.fixture
def hurried_pairs(broken: Stack) -> Iterator[None]:
    """Deadlines and surveys run out within seconds, and there are two of every service and consumer."""
    apply(broken, SOON)
    scale(broken, 2)  # meanwhile everybody has noticed the new reference data
    yield
    apply(broken)
    scale(broken, 1)


def scale(stack: Stack, number: int) -> None:
    """Bring them to so many replicas, all at work."""
    for process in (*PROCESSES, *CONSUMERS):
        stack.scale(process, number)
    wanted = {f"rpc-{process}": number for process in PROCESSES}
    wanted |= {f"notify.{name.partition('-')[0]}.urgent": number for name in CONSUMERS}

    def at_work() -> bool:
        queues = stack.management(f"queues/{stack.state['amqp']['vhost']}")
        return wanted == {one["name"]: one.get("consumers") for one in queues if one["name"] in wanted}

    eventually(at_work)


@pytest.mark.usefixtures("hurried_pairs")
def test_with_two_replicas_every_timer_has_its_effect_once(broken: Stack, load: Load) -> None:
    untouched = load.submit(24, ["waiting"])
    unanswered = load.submit(24, ["expired"])
    with kills(
        broken, ["dispatch-worker", "feedback-worker"], times=4, every=1.5
    ):  # one of the two, with timers in hand
        load.drive()

    eventually(lambda: all(Counter(timed(broken, matter.order_no)) == ALL_MISSED for matter in untouched))
    assert_sound(broken, load)
    assert {matter.order_no: Counter(timed(broken, matter.order_no)) for matter in untouched} == {
        matter.order_no: ALL_MISSED for matter in untouched
    }
    cases = State(broken).cases
    ended = [(cases[f"{matter.order_no}/0"]["closed_at"], matter.order_no) for matter in unanswered]
    assert ended == [(cases[f"{order_no}/0"]["expires_at"], order_no) for _, order_no in ended]


def timed(stack: Stack, order_no: str) -> list[tuple[str, str]]:
    """What time alone did to a work order."""
    order = stack.database["dispatch_orders"].find_one({"_id": order_no}) or {"history": []}
    return [(e["type"], e["data"].get("clock") or e["data"].get("why")) for e in order["history"] if e["type"] in TIMED]
