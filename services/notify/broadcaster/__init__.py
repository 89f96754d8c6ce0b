"""Notify's third process: what it tells many people, a piece at a time, so that no event has to wait for it.

Any number of replicas; whoever claims a piece of work does it. A kind of work is a mixin with a timer, in
a module of its own.
"""

from __future__ import annotations

from services.notify.broadcaster.broadcasts import RunsBroadcasts
from services.notify.broadcaster.care import CaresForCustomers
from services.notify.store import NotifyStore
from shared.bus import Health
from shared.mongo import Mongo


class NotifyBroadcaster(Health, CaresForCustomers, RunsBroadcasts):
    """Timers only; outboxes that a crash left are the worker's to sweep."""

    name = "notify-broadcaster"
    store = Mongo(NotifyStore)
