"""A business calendar: its declared hours with the tables to count in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from shared.business_time.body import read
from shared.business_time.hours import Hours
from shared.business_time.instants import DAY_SECONDS, EPOCH_DAY, MICRO, instant
from shared.business_time.tables import Tables, tables_of
from shared.business_time.zones import utc_seconds


@dataclass(frozen=True, slots=True)
class Calendar:
    """One version of a calendar. Equal and hashed by content; equal hours share their tables."""

    code: str
    version: int
    name: str
    hours: Hours
    working_day: timedelta | None
    horizon: date | None
    names: tuple[tuple[int, str], ...]
    tables: Tables = field(compare=False, repr=False)
    horizon_at: datetime | None = field(compare=False, repr=False)

    @classmethod
    def from_dict(cls, code: str, body: Mapping[str, Any], version: int = 0) -> Calendar:
        """The calendar that the body declares (its form: the package's docstring).

        Raises ValidationError with every fault at once, by dotted path within the body.
        """
        declared = read(body)
        tables = tables_of(declared.hours)
        horizon = declared.horizon
        return cls(
            code=code,
            version=version,
            name=declared.name,
            hours=tables.hours,
            working_day=declared.working_day,
            horizon=horizon,
            names=declared.names,
            tables=tables,
            horizon_at=None if horizon is None else _midnight(tables, horizon),
        )

    @property
    def zone(self) -> str:
        """The IANA name of the zone that its wall times are in."""
        return self.hours.zone


def _midnight(tables: Tables, day: date) -> datetime:
    wall = (day.toordinal() - EPOCH_DAY) * DAY_SECONDS
    return instant(utc_seconds(tables.zone, wall) * MICRO)
