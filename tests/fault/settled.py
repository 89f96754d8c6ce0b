"""Whether anything is still on its way."""

from __future__ import annotations

from collections.abc import Mapping

import pika

from deploy.services import SERVICES
from tests.fault.state import AGGREGATES
from tests.support import Stack

_NOT_OURS = ("reply.", "test.")


def settled(stack: Stack, expected_parked: Mapping[str, int]) -> bool:
    """No message is on its way, and no event waits to be published."""
    waiting = depths(stack)
    for service in SERVICES:
        parked = waiting.pop(f"{service}.parking", 0)
        assert parked == expected_parked.get(service, 0), f"{parked} messages of {service} are parked"
    in_hand = {
        name: number
        for name, number in stack.queues().items()
        if number and not name.endswith(".parking") and not name.startswith(_NOT_OURS)
    }
    waiting = {name: number for name, number in waiting.items() if number}
    assert not waiting, f"still waiting: {waiting}"
    assert not in_hand, f"still in hand: {in_hand}"
    unpublished = {name: stack.database[name].count_documents({"outbox.0": {"$exists": True}}) for name in AGGREGATES}
    assert not any(unpublished.values()), f"unpublished: {unpublished}"
    unsent = stack.database["notify_messages"].count_documents({"state": {"$in": ["queued", "handed_over"]}})
    assert not unsent, f"{unsent} messages are not sent"
    return True


def depths(stack: Stack) -> dict[str, int]:
    """Queue -> messages ready, as of now (the management API is some seconds late)."""
    names = [name for name in stack.queues() if not name.startswith(_NOT_OURS)]
    connection = pika.BlockingConnection(pika.URLParameters(stack.admin_amqp_uri))
    try:
        channel = connection.channel()
        return {name: channel.queue_declare(name, passive=True).method.message_count for name in names}
    finally:
        connection.close()
