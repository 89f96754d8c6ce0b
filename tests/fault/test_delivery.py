"""Events that come twice and in any order."""

from __future__ import annotations

from random import Random
from typing import Any

from tests.fault.bus import on_the_bus, queues_of_service
from tests.fault.chaos import stopped
from tests.fault.invariants import assert_sound
from tests.fault.load import Load
from tests.fault.state import AGGREGATES
from tests.support import Stack, eventually

#: What housekeeping may change in a document that nothing happens to.
HOUSEKEEPING = ("history", "applied", "requests", "outbox", "relay_at", "spilled", "unspilled", "revision")
LATE = ("intake", "feedback", "notify")


def everything(stack: Stack) -> dict[str, dict[str, Any]]:
    """All documents, without what housekeeping does to them."""
    rows = {
        f"{collection} {row['_id']}": {name: value for name, value in row.items() if name not in HOUSEKEEPING}
        for collection in (*AGGREGATES, "feedback_work", "notify_customers")
        for row in stack.database[collection].find()
    }
    return {**rows, "sinks": {"texts": stack.texts(), "mails": len(stack.mails())}}


def test_every_message_delivered_twice_more_and_shuffled_changes_nothing(broken: Stack, load: Load) -> None:
    with on_the_bus(broken) as bus:
        bus.tap()
        load.submit(60)
        load.drive()
        assert_sound(broken, load)
        before = everything(broken)

        delivered = bus.deliver_twice_and_shuffled(bus.untap(), Random(11))

    assert delivered > 2 * 60 * 10
    assert_sound(broken, load)
    after = everything(broken)
    changed = [name for name in before.keys() | after.keys() if before.get(name) != after.get(name)]
    assert not changed, [(name, before.get(name), after.get(name)) for name in changed[:3]]


def test_services_that_hear_everything_late_twice_and_shuffled_end_the_same(broken: Stack, load: Load) -> None:
    with stopped(broken, *(f"{service}-worker" for service in LATE)), on_the_bus(broken) as bus:
        load.submit(60, ["held", "reopened", "withdrawn", "waiting"])
        load.drive()
        eventually(lambda: not broken.database["dispatch_orders"].count_documents({"outbox.0": {"$exists": True}}))
        waiting = [(queue, one) for service in LATE for queue in queues_of_service(service) for one in bus.take(queue)]
        twice = waiting * 2
        Random(12).shuffle(twice)
        for queue, one in twice:
            bus.put(queue, one.body, message_id=one.properties.message_id)

    assert len(waiting) > 60 * 4
    assert_sound(broken, load)
