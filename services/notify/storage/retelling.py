"""What a broadcast told is told again by another channel: in which words, and where."""

from __future__ import annotations

from collections.abc import Sequence

from services.notify.broadcast_texts import BroadcastTexts
from services.notify.domain.audience import Contact
from services.notify.domain.broadcasts import edition_told
from services.notify.domain.ledger import Content, Message
from services.notify.reference import Reference as Rules
from services.notify.storage.broadcast_rows import CONTACT
from services.notify.storage.broadcasts import Broadcasts
from services.notify.texts import RENDERING
from shared.reference import Reference


class Retold:
    """What a message of a broadcast says, written anew for another channel; None: it cannot be said any more."""

    def __init__(self, reference: Reference[Rules], broadcasts: Broadcasts, texts: BroadcastTexts) -> None:
        self._reference = reference
        self._broadcasts = broadcasts
        self._texts = texts

    def __call__(self, message: Message, channel: str, language: str) -> tuple[str, Content] | None:
        """The language, and the text of the edition that the message tells."""
        broadcast = self._broadcasts.find(message.broadcast or "")
        if broadcast is None or message.said is None:
            return None
        rules, edition = self._reference.current(), edition_told(message.occurrence)
        try:
            return self._texts.written(rules, broadcast, edition, channel, language, message.said, message.zone)
        except RENDERING:
            return None


def elsewhere(message: Message) -> Sequence[Contact]:
    """Where else somebody can be told who is only on a broadcast's list."""
    known = (message.said or {}).get(CONTACT)
    return [Contact(**known, language=message.language)] if known else []
