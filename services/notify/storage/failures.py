"""What a person does about a message that failed: tries it again, sends it elsewhere, or leaves it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from services.notify import addresses
from services.notify.domain import ledger
from services.notify.domain.holding import PAUSED
from services.notify.domain.ledger import HANDED_OVER, HELD, Message
from services.notify.domain.rules import NO_ADDRESS
from services.notify.errors import NotToBeSent
from services.notify.storage.fallback import Fallback
from services.notify.storage.holding import Drafted, Holding
from services.notify.storage.messages import Messages
from shared.cause import Call
from shared.errors import ValidationError

Reply = Callable[[Message], Mapping[str, Any]]


class Failures:
    """The worklist's commands. Whether another attempt goes is decided as for any message (`Holding`)."""

    def __init__(self, messages: Messages, fallback: Fallback, holding: Holding) -> None:
        self._messages = messages
        self._fallback = fallback
        self._holding = holding

    def retry(self, call: Call, message_id: str, reply: Reply) -> Mapping[str, Any] | None:
        """The same text to the same address, as another attempt. Raises NotFound, NotOnWorklist, NotToBeSent."""
        return self._messages.change(call, message_id, self._again, reply)

    def elsewhere(self, call: Call, message_id: str, to: str, reply: Reply) -> Mapping[str, Any] | None:
        """To another address, by the same channel. Raises ValidationError, NotFound, NotOnWorklist, NotToBeSent."""
        message = self._messages.get(message_id)
        normal = addresses.normal(message.channel, to)
        if normal is None:
            raise ValidationError({"to": [f"Not an address for {message.channel}."]})
        return self._messages.change(call, message_id, partial(self._to, to=normal), reply)

    def _to(self, message: Message, at: datetime, to: str) -> Drafted:
        """What had no address before has no text either."""
        told = (message.language, message.content)
        if message.content is None:
            told = self._fallback.text(message, message.channel, message.language) or told
        language, content = told
        return self._again(message, at, to=to, given=True, language=language, content=content, said=None)

    def _again(self, message: Message, at: datetime, **changed: Any) -> Drafted:
        """It goes now, or waits: for the morning, for a place of the day. What must not go is refused with its reason,
        and stays on the worklist."""
        drafted = ledger.retry(message, at, **changed)
        if drafted.to is None or drafted.content is None:
            raise NotToBeSent(message.message_id, NO_ADDRESS if drafted.to is None else ledger.NO_TEXT)
        if self._holding.paused(drafted):
            raise NotToBeSent(message.message_id, PAUSED)
        decision = self._holding.by_itself(drafted, self._holding.whereabouts.wishes(drafted))
        if decision.state == HELD:
            return ledger.hold(drafted, at, why=str(decision.reason), until=decision.until)
        if decision.state != HANDED_OVER:
            raise NotToBeSent(message.message_id, str(decision.reason))
        return ledger.start(drafted, at)
