"""What notify is asked about failures, calls and counts. Field names are those on the wire."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from services.notify.domain import calls, counting, rules
from services.notify.domain.audience import ALL_CHANNELS
from services.notify.domain.ledger import Message
from services.notify.schemas import GetMessage
from shared.schemas import Code, Instant, Page, Request, Text

LONGEST_PERIOD = timedelta(days=92)
LONGEST_BY_HOUR = timedelta(days=7)


def _one_of(values: Sequence[str], **options: Any) -> fields.String:
    return fields.String(validate=validate.OneOf(values), **options)


class CountMessages(Request):
    """The period in which they were written, `from` included, `to` not; `by`: what to count apart."""

    since = Instant(data_key="from", required=True)
    until = Instant(data_key="to", required=True)
    by = fields.List(_one_of(counting.BY), load_default=list)
    channel = _one_of(ALL_CHANNELS)
    kind = Code(32)

    @validates_schema
    def _bounded(self, data: Mapping[str, Any], **_: Any) -> None:
        if len(set(data["by"])) < len(data["by"]):
            raise ValidationError("Names something twice.", "by")
        length, most = data["until"] - data["since"], LONGEST_BY_HOUR if "hour" in data["by"] else LONGEST_PERIOD
        if length <= timedelta():
            raise ValidationError("Lies not after from.", "to")
        if length > most:
            raise ValidationError(f"Lies more than {most.days} days after from.", "to")


class FindFailures(Page):
    """The worklist."""

    channel = _one_of(ALL_CHANNELS)
    kind = Code(32)
    urgency = _one_of(rules.URGENCIES)
    broadcast = Code(64)


class ChangeAddress(GetMessage):
    """Where it is to go instead: a telephone number or an e-mail address, as its channel needs."""

    to = Text(254, required=True)


class GiveUpMessage(GetMessage):
    """Why nobody is to see to it any more."""

    reason = Text(200, required=True)


class FindCalls(Page):
    """The calls that are to be made."""

    team = Code(64)
    urgency = _one_of(rules.URGENCIES)


class NextCall(Request):
    """For an agent: the next one, of a team or of all."""

    agent = Code(64, required=True)
    team = Code(64, load_default=None, allow_none=True)


class FinishCall(GetMessage):
    """What came of a call."""

    outcome = _one_of(calls.OUTCOMES, required=True)
    note = Text(500, load_default=None, allow_none=True)


# replies


def merged(told: Sequence[tuple[Message, Sequence[Mapping[str, Any]]]]) -> list[dict[str, Any]]:
    """The histories of several messages as one, in the order in which they were written."""
    entries = [
        (entry["recorded_at"], place, entry["number"], {"message_id": m.message_id, "channel": m.channel, **entry})
        for place, (m, history) in enumerate(told)
        for entry in history
    ]
    return [entry for *_, entry in sorted(entries, key=lambda one: one[:3])]
