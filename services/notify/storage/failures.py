"""What a person does about a message that failed: tries it again, sends it elsewhere, or leaves it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from services.notify import addresses
from services.notify.domain import ledger
from services.notify.domain.ledger import Message
from services.notify.errors import NothingToSend
from services.notify.storage.fallback import Fallback
from services.notify.storage.messages import Messages
from shared.cause import Call
from shared.errors import ValidationError

Reply = Callable[[Message], Mapping[str, Any]]


class Failures:
    """The worklist's commands."""

    def __init__(self, messages: Messages, fallback: Fallback) -> None:
        self._messages = messages
        self._fallback = fallback

    def retry(self, call: Call, message_id: str, reply: Reply) -> Mapping[str, Any] | None:
        """The same text to the same address, as another attempt. Raises NotFound, NotOnWorklist, NothingToSend."""
        return self._messages.change(call, message_id, _again, reply)

    def elsewhere(self, call: Call, message_id: str, to: str, reply: Reply) -> Mapping[str, Any] | None:
        """To another address, by the same channel. Raises ValidationError, NotFound, NotOnWorklist, NothingToSend."""
        message = self._messages.get(message_id)
        normal = addresses.normal(message.channel, to)
        if normal is None:
            raise ValidationError({"to": [f"Not an address for {message.channel}."]})
        return self._messages.change(call, message_id, partial(self._to, to=normal), reply)

    def _to(self, message: Message, at: Any, to: str) -> tuple[Message, list[Any]]:
        """What had no address before has no text either."""
        told = (message.language, message.content)
        if message.content is None:
            told = self._fallback.text(message, message.channel, message.language) or told
        language, content = told
        if content is None:
            raise NothingToSend(message.message_id, "text")
        return ledger.retry(message, at, to=to, language=language, content=content, said=None)


def _again(message: Message, at: Any) -> tuple[Message, list[Any]]:
    for lacks, value in (("address", message.to), ("text", message.content)):
        if value is None and message.look:
            raise NothingToSend(message.message_id, lacks)
    return ledger.retry(message, at)
