"""What agents say of themselves: there, busy, on a break, away, gone; and for how long that is to be believed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Status(StrEnum):
    """What an agent can say."""

    AVAILABLE = "available"
    BUSY = "busy"  # is there, takes work itself, but wants none given
    BREAK = "break"
    AWAY = "away"
    OFFLINE = "offline"


@dataclass(frozen=True, kw_only=True)
class Presence:
    """`until`: after this nobody believes it any more; None: until told otherwise.

    `lasts` is how long each sign of life holds it up. Who is offline stays so.
    """

    status: Status = Status.OFFLINE
    since: datetime | None = None
    until: datetime | None = None
    lasts: timedelta | None = None

    def expired(self, at: datetime) -> bool:
        """Whether no sign of life has come for too long."""
        return self.until is not None and self.until <= at

    def heard(self, at: datetime | None) -> Presence:
        """The same after a sign of life at that time; one from before it was said changes nothing."""
        if at is None or self.lasts is None or self.until is None or (self.since is not None and at < self.since):
            return self
        return Presence(status=self.status, since=self.since, until=max(self.until, at + self.lasts), lasts=self.lasts)


def presence(status: Status, at: datetime, lasts: timedelta | None) -> Presence:
    """Said at that time."""
    holds = None if status is Status.OFFLINE else lasts
    return Presence(status=status, since=at, until=at + holds if holds is not None else None, lasts=holds)
