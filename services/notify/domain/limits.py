"""How long notify waits for a word of a message, and what counts as having reached somebody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

_HOURS = timedelta(hours=1)
REACHED = {"sms": "sent", "email": "sent", "call": "delivered"}


@dataclass(frozen=True)
class Limits:
    """By urgency: `after` a hand-over without a word a message is unknown; after the `limit` on top of that another
    channel acts. `reached`: by channel, the least receipt that counts as reached.

    An agent has a call for `call_lease`; who was not reached is called again `call_again` later, `call_attempts` times
    in all. Hours, not minutes: what waits in a queue has no word either, and a consumer that was away over lunch must
    not make everybody be told twice.
    """

    after: Mapping[str, timedelta] = field(
        default_factory=lambda: {"urgent": 4 * _HOURS, "normal": 6 * _HOURS, "bulk": 24 * _HOURS}
    )
    limit: Mapping[str, timedelta] = field(
        default_factory=lambda: {"urgent": 4 * _HOURS, "normal": 12 * _HOURS, "bulk": 48 * _HOURS}
    )
    reached: Mapping[str, str] = field(default_factory=lambda: REACHED)
    call_lease: timedelta = timedelta(minutes=15)
    call_again: timedelta = timedelta(hours=2)
    call_attempts: int = 3
