"""The messages that tell one thing to one recipient: what one of them brings about, the others hear of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

from services.notify.domain import chain
from services.notify.domain.audience import CALL
from services.notify.domain.ledger import FAILED, Message
from services.notify.storage.chains import MOST
from services.notify.storage.messages import Messages
from shared.cause import Cause


class Notices:
    """Chains, and the call tasks of broadcasts beside what had failed."""

    def __init__(self, messages: Messages) -> None:
        self._messages = messages

    def settle(self, cause: Cause, message_id: str) -> None:
        """What a message that has reached somebody makes of the others of its notice; or one that has not after all.

        Asked again, it changes nothing: whichever of two words comes last finds the other's effect.
        """
        once_by_state = replace(cause, key=None)  # one event is about several rows, or may have written this one
        message = self._messages.get(message_id)
        if (by := self._teller(message)) is not None:
            for other in self._others(message):
                if not chain.settled(other):
                    self._messages.change(once_by_state, other.message_id, partial(chain.overtaken, by=by))
            message = self._messages.get(message_id)
        if message.state == FAILED and message.followed_by and chain.left_alone(message, list(self._chain(message))):
            self._messages.change(once_by_state, message_id, chain.look_after_all)

    def _teller(self, message: Message) -> Message | None:
        """Who has told them: this one, or the one that had, when this one's successor was being written."""
        if message.reached_at is not None or message.told_by is None:
            return message if message.reached_at is not None else None
        by = self._messages.find(message.told_by)
        return by if by is not None and by.reached_at is not None else None

    def _others(self, message: Message) -> Iterator[Message]:
        yield from self._chain(message)
        if message.broadcast is not None:
            yield from self._beside(message)

    def _chain(self, message: Message) -> Iterator[Message]:
        """Those before it and after it by other channels; what another rule owes is none of them."""
        one = message
        for _ in range(MOST):
            before = self._messages.find(one.previous) if one.previous else None
            if before is None:
                break
            yield before
            one = before
        one = message
        for _ in range(MOST):
            after = self._messages.find(one.followed_by) if one.followed_by else None
            if after is None or after.previous != one.message_id:
                return
            yield after
            one = after

    def _beside(self, message: Message) -> Iterator[Message]:
        """Of a broadcast: the recipient's failures and calls; after a call, all failures of the household."""
        of_edition: dict[str, Any] = {"broadcast": message.broadcast, "occurrence": message.occurrence}
        household = {**of_edition, "area": message.area, "household": message.household}
        whole = message.channel == CALL and message.household is not None
        wanted, index = (household, "proof") if whole else ({**of_edition, "recipient": message.recipient}, "once")
        for row in self._messages.collection.find(wanted, {"_id": 1}).hint(index):
            other = self._messages.get(row["_id"])
            own = other.message_id == message.message_id
            if not own and (other.look or (not whole and other.may_be_taken_back)):
                yield other
