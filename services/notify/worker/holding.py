"""Notify's worker: what is held is looked at when its time comes; parts of digests go where these go."""

from __future__ import annotations

from services.notify.heard import holding as heard_holding
from services.notify.store import NotifyStore
from shared.bus import on_event
from shared.cause import Cause
from shared.events import Event
from shared.mongo import Mongo


class FollowsDigests:
    """Mixin of notify's worker. The timer that looks at messages is in messages.py."""

    store: Mongo[NotifyStore]

    @on_event("notify", "digest_moved", heard_holding.DigestMoved)
    def follow_digest(self, event: Event) -> None:
        """What a digest tells is where the digest is."""
        self.store.holding.digests.follow(event.data["message_id"], Cause.from_event(event))
