"""Times and lengths as operators type and read them."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

#: The styles of a clock's states.
VERDICTS = {"met": "green", "missed": "bold red", "near": "yellow", "running": "cyan", "paused": "yellow"}


class Moment(click.ParamType[datetime]):
    """`2026-03-02`, `2026-03-02T18:00`, with a zone (`+08:00`, `Z`) or in UTC."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """An aware time."""
        try:
            at = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is not a time such as 2026-03-02T18:00 or 2026-03-02T18:00+08:00", param, ctx)
        return at if at.tzinfo else at.replace(tzinfo=UTC)


MOMENT = Moment()


def zone_of(ctx: click.Context, param: click.Parameter, value: str) -> tzinfo:
    """The IANA time zone of that name; a usage error for one that there is not."""
    try:
        return ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise click.BadParameter(f"{value!r} is no IANA time zone, such as Asia/Shanghai", ctx, param) from None


def moment(text: str, zone: tzinfo) -> str:
    """A wire time as the clock on the wall there shows it: `Mon 2026-03-02 09:00:00`."""
    at = datetime.fromisoformat(text).astimezone(zone)
    digits = f"{at:%a %Y-%m-%d %H:%M:%S}"
    return f"{digits}.{at.microsecond // 1000:03d}" if at.microsecond else digits


def minute(text: str, zone: tzinfo) -> str:
    """The same, short, for columns: `2026-03-02 09:00`, with seconds where there are any."""
    return moment(text, zone).partition(" ")[2].removesuffix(":00")


def length(seconds: float) -> str:
    """Hours, minutes and seconds without those that are none: `26h 5m`, `1.25s`; `0s` for nothing."""
    whole, milliseconds = divmod(round(seconds * 1000), 1000)
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    parts = [f"{hours}h" if hours else "", f"{minutes}m" if minutes else ""]
    if left or milliseconds:
        parts.append(f"{left + milliseconds / 1000:g}s" if milliseconds else f"{left}s")
    return " ".join(part for part in parts if part) or "0s"
