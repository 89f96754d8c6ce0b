"""`python -m tests.bench.publish URI NUMBER SIZE`: bare publishing, confirmed in batches of 100; prints its rate."""

# ruff: noqa: E402 - sockets must be green before anything opens one
from __future__ import annotations

import eventlet

eventlet.monkey_patch()

import sys
import time
from uuid import uuid4

from shared.bus.publisher import Message, Publisher

BATCH = 100


def rate(uri: str, number: int, size: int) -> float:
    """Messages a second of that size to a queue of bulk messages, and nothing else."""
    publisher, body = Publisher(uri, timeout=60), "x" * size
    publisher.publish([Message(uuid4().hex, "notify.messages", "sms.bulk", body)])  # connected
    began = time.perf_counter()
    for _ in range(number // BATCH):
        publisher.publish([Message(uuid4().hex, "notify.messages", "sms.bulk", body) for _ in range(BATCH)])
    return number // BATCH * BATCH / (time.perf_counter() - began)


if __name__ == "__main__":
    print(rate(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
