"""A second service, without code: whose queues, events and collections the probe must not touch."""

from __future__ import annotations

from typing import Any

COLLECTIONS: dict[str, list[Any]] = {"other_things": []}
AGGREGATES: tuple[str, ...] = ()


class OtherWorker:
    name = "other-worker"
