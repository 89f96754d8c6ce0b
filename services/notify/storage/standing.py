"""How a broadcast stands, as its messages need to know it: over, paused, or going on."""

from __future__ import annotations

import time

from services.notify.domain import broadcasts as rules
from services.notify.domain.broadcasts import Broadcast
from services.notify.domain.ledger import Message
from services.notify.storage.broadcasts import Broadcasts

FRESH_FOR, REMEMBERED = 1.0, 16
OF_BROADCAST = "broadcast_channel_state"


class Standing:
    """What is known of a broadcast is a second old at most: what is to be taken back is, by the broadcast itself."""

    def __init__(self, broadcasts: Broadcasts) -> None:
        self._broadcasts = broadcasts
        self._known: dict[str, tuple[float, Broadcast | None]] = {}

    def over(self, message: Message) -> str | None:
        """Why what its broadcast tells is no longer so: `superseded`, `broadcast_cancelled`, `broadcast_ended`; None:
        it is."""
        broadcast = self._broadcast(message.broadcast) if message.broadcast else None
        return rules.obsolete(broadcast, message.occurrence) if broadcast is not None else None

    def paused(self, message: Message, fresh_for: float = FRESH_FOR) -> bool:
        """Whether its broadcast is paused, as known `fresh_for` seconds ago at the earliest."""
        broadcast = self._broadcast(message.broadcast, fresh_for) if message.broadcast else None
        return broadcast is not None and broadcast.state == rules.PAUSED

    def forget(self) -> None:
        """What is known is read anew."""
        self._known.clear()

    def _broadcast(self, key: str, fresh_for: float = FRESH_FOR) -> Broadcast | None:
        read_at, broadcast = self._known.get(key, (float("-inf"), None))
        if time.monotonic() - read_at >= fresh_for:
            read_at, broadcast = time.monotonic(), self._broadcasts.find(key)
            self._known.pop(key, None)
            self._known[key] = read_at, broadcast
            while len(self._known) > REMEMBERED:
                self._known.pop(next(iter(self._known)), None)
        return broadcast
