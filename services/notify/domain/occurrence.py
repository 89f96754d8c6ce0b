"""What people are told of, and the name that a message gets from it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any


@dataclass(frozen=True)
class Occurrence:
    """What people are told of: the event's id, type and content, when it counted, when it was known.

    `ticket_no` and `order_no` are empty where it is about no work, and `number` is 0. `promise` is the deadline that it
    is about, empty for none: `W-1042 step 4`. `replayed`: its times are its caller's.
    """

    id: str
    event: str
    at: datetime
    recorded_at: datetime
    ticket_no: str
    order_no: str
    promise: str = ""
    replayed: bool = False
    number: int = 0

    def past(self, valid_for: timedelta) -> bool:
        """Whether it is history, typed in or imported: replayed, and nothing to hurry anybody with when recorded."""
        return self.replayed and self.at + valid_for < self.recorded_at


#: What tells that a deadline comes near or has passed.
OF_DEADLINES = {"deadline_near", "deadline_missed", "work_escalated"}


def promise_of(event: str, data: Mapping[str, Any]) -> str:
    """The deadline that an event is about, the same for its warnings, its miss and its escalations; empty for none."""
    if event not in OF_DEADLINES or data["clock"] is None:
        return ""
    return " ".join(str(data[name]) for name in ("order_no", "clock", "part", "visit") if data[name] is not None)


def message_id(occurrence: Occurrence, recipient: str, channel: str) -> str:
    """40 hex digits: 12 of the occurrence's time, so that ids sort by time, and 28 that only this message has.

    `channel` is the one that the rule wants first, whichever is used: a redelivery that finds the address book changed
    must not tell the same thing again by another one. Events of one promise that fall on one instant (a warning and an
    escalation, a miss and an escalation) are one thing to whoever is told: the first to come here writes the message.
    """
    return f"{prefix(occurrence.at)}{_digits(occurrence.promise or occurrence.id, recipient, channel)}"


def successor_id(message_id: str) -> str:
    """The id of the one message that may follow this one by another channel, whichever that is."""
    return f"{message_id[:12]}{_digits('after', message_id)}"


def prefix(at: datetime) -> str:
    """What the ids of messages begin with that tell of something at this time."""
    return f"{max(0, int(at.timestamp() * 1000)):012x}"


def _digits(*named: str) -> str:
    return hashlib.sha256("\n".join(named).encode()).hexdigest()[:28]
