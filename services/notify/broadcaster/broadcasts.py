"""Broadcasts, told a piece at a time."""

from __future__ import annotations

from services.notify.store import NotifyStore
from shared.bus import every
from shared.mongo import Mongo

#: Turns after one another; between them the process may be told to end.
ROUNDS = 4


class RunsBroadcasts:
    """Goes on with what is due; each broadcast is claimed, so that replicas share them."""

    store: Mongo[NotifyStore]

    @every(0.25)
    def run_broadcasts(self) -> None:
        """Tells the next pieces, takes back what must not go any more, makes call tasks of whom nothing reached."""
        for _ in range(ROUNDS):
            if not self.store.broadcasting.go_on():
                return

    @every(0.5)
    def release_held(self) -> None:
        """Decides again what is held of broadcasts and due: in the morning the whole night's, a piece at a time."""
        for _ in range(ROUNDS):
            if not self.store.releasing.go_on():
                return
