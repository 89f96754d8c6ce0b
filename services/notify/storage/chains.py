"""A message with all that came before and after it: what one notice became, channel by channel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from services.notify.domain.ledger import Message
from services.notify.storage.messages import Messages
from shared.errors import NotFound

Shown = tuple[Message, list[dict[str, Any]]]
#: Channels are few; more than that would be a fault in the documents.
MOST = 8


class Chains:
    """Reads chains; changes nothing."""

    def __init__(self, messages: Messages) -> None:
        self._messages = messages

    def around(self, message_id: str) -> list[Shown]:
        """The messages of the notice in their order, then the digest that tells one of them. Raises NotFound."""
        asked = self._messages.shown(message_id)
        chain = [*reversed(list(self._walk(asked, "previous"))), asked, *self._walk(asked, "followed_by")]
        digests = dict.fromkeys(message.digest for message, _ in chain if message.digest)
        known: Mapping[str, Shown | None] = {digest: self._shown(digest) for digest in digests}
        return [*chain, *(shown for shown in known.values() if shown is not None)]

    def _walk(self, shown: Shown, towards: str) -> Iterator[Shown]:
        for _ in range(MOST):
            following = self._shown(getattr(shown[0], towards))
            if following is None:
                return
            yield following
            shown = following

    def _shown(self, message_id: str | None) -> Shown | None:
        try:
            return self._messages.shown(message_id) if message_id else None
        except NotFound:
            return None
