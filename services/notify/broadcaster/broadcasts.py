"""Broadcasts, told a piece at a time."""

from __future__ import annotations

import time

from services.notify.store import NotifyStore
from shared.bus import every
from shared.mongo import Mongo

#: Seconds of turns after one another, and pieces; between two such stretches the process may be told to end.
STRETCH, ROUNDS = 4.0, 4


class RunsBroadcasts:
    """Goes on with what is due; each broadcast is claimed, so that replicas share them."""

    store: Mongo[NotifyStore]

    @every(0.25)
    def run_broadcasts(self) -> None:
        """Tells the next pieces, takes back what must not go any more, makes call tasks of whom nothing reached."""
        until = time.monotonic() + STRETCH
        while self.store.broadcasting.go_on() and time.monotonic() < until:
            pass

    @every(0.5)
    def release_held(self) -> None:
        """Decides again what is held of broadcasts and due: in the morning the whole night's, a piece at a time."""
        for _ in range(ROUNDS):
            if not self.store.releasing.go_on():
                return
