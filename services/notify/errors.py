"""What notify refuses, by name."""

from __future__ import annotations

from shared.errors import IllegalMove, ValidationError


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


class Obligatory(IllegalMove):
    """Nobody can opt out of messages of this kind: what the law or safety demands."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"nobody can opt out of {kind}", rule="obligatory_kinds", kind=kind)


class NotNow(IllegalMove):
    """A broadcast in this state cannot be acted on so."""

    def __init__(self, broadcast_id: str, act: str, state: str) -> None:
        super().__init__(
            f"broadcast {broadcast_id} is {state}: it cannot {act}",
            rule="moves_of_broadcasts",
            broadcast_id=broadcast_id,
            act=act,
            state=state,
        )


class TooManyAmendments(IllegalMove):
    """A broadcast has been amended so often that nobody would believe the next one."""

    def __init__(self, broadcast_id: str, most: int) -> None:
        super().__init__(
            f"broadcast {broadcast_id} has {most} editions already",
            rule="editions_of_broadcasts",
            broadcast_id=broadcast_id,
            most=most,
        )


class LacksChunks(IllegalMove):
    """Recipients that were announced have not arrived: whoever sent them is to send them again."""

    def __init__(self, broadcast_id: str, there: int, wanted: int) -> None:
        super().__init__(
            f"broadcast {broadcast_id} has {there} of {wanted} chunks of recipients",
            rule="whole_audience",
            broadcast_id=broadcast_id,
            there=there,
            wanted=wanted,
        )


class NotResolvable(IllegalMove):
    """A reply in this state has been dealt with."""

    def __init__(self, reply_id: str, state: str, move: str) -> None:
        super().__init__(
            f"reply {reply_id} is {state}: nothing to {move}",
            rule="replies_are_dealt_with_once",
            reply_id=reply_id,
            state=state,
        )


class NotAsked(IllegalMove):
    """That message asks nothing of the kind, or what it asked was answered."""

    def __init__(self, message_id: str, kind: str) -> None:
        super().__init__(
            f"message {message_id} asks for no {kind}", rule="answers_fit_questions", message_id=message_id
        )


class NotOnWorklist(IllegalMove):
    """A message that nobody has to look at: it is under way, arrived, or told by another one, `told_by`."""

    def __init__(self, message_id: str, state: str, told_by: str | None = None) -> None:
        super().__init__(
            f"message {message_id} is {state}, and not on the worklist" + (f": told by {told_by}" if told_by else ""),
            rule="worklist_of_failures",
            message_id=message_id,
            state=state,
            told_by=told_by,
        )


class NotToBeSent(IllegalMove):
    """A message that cannot be tried again as it is, or must not: `why` is no_address, no_text, or what has been said
    or has happened since (opted_out, channel_not_wanted, obsolete: work_closed)."""

    def __init__(self, message_id: str, why: str) -> None:
        super().__init__(
            f"message {message_id} is not sent: {why}", rule="what_can_be_sent", message_id=message_id, why=why
        )


class NoSuchCall(IllegalMove):
    """It is no call that is to be made, or somebody else has it, or it is to wait."""

    def __init__(self, message_id: str, why: str) -> None:
        super().__init__(f"call {message_id}: {why}", rule="calls_that_can_be_made", message_id=message_id)


class PeriodTooLong(ValidationError):
    """More than can be counted while a caller waits."""

    def __init__(self, message: str) -> None:
        super().__init__({"to": [message]})
