"""The only place that reads the wall clock."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Gives the present as aware UTC."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC, to the millisecond."""


class SystemClock:
    """The machine's clock, cut to milliseconds: what MongoDB stores is then what was decided with."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC, to the millisecond."""
        now = datetime.now(UTC)
        return now.replace(microsecond=now.microsecond // 1000 * 1000)


def to_text(at: datetime) -> str:
    """RFC 3339 in UTC with milliseconds, as on the wire: `2016-02-29T01:16:00.000Z`."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def from_text(text: str) -> datetime:
    """The instant that an RFC 3339 text names; `ValueError` if it has no zone."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("a time needs a zone, for example 2016-02-29T01:16:00Z")
    return at.astimezone(UTC)
