"""What notify refuses, by name."""

from __future__ import annotations

from shared.errors import IllegalMove


class NotAReceiptFor(IllegalMove):
    """A message in this state cannot have such a receipt."""

    def __init__(self, message_id: str, state: str, receipt: str) -> None:
        super().__init__(
            f"message {message_id} is {state}: no receipt {receipt}",
            rule="receipts_of_messages",
            message_id=message_id,
            state=state,
            receipt=receipt,
        )


class WrongChannel(IllegalMove):
    """The receipt is from a consumer of another channel."""

    def __init__(self, message_id: str, channel: str, receipt: str) -> None:
        super().__init__(
            f"message {message_id} goes by {channel}, not {receipt}",
            rule="receipts_by_own_channel",
            message_id=message_id,
            channel=channel,
            receipt=receipt,
        )
