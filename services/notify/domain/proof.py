"""Whom a broadcast has reached, and when: in households, or customers where no household is known. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

from services.notify.domain.audience import CALL
from services.notify.domain.ledger import CANCELLED, HANDED_OVER, HELD, QUEUED
from services.notify.domain.preferences import WISHES

UNDER_WAY = (QUEUED, HELD, HANDED_OVER)


class Told(NamedTuple):
    """What a row of the ledger says of having reached somebody."""

    area: str | None
    household: str | None
    recipient: str
    reached_at: datetime | None
    state: str
    detail: str | None
    channel: str

    @property
    def unit(self) -> tuple[str | None, str | None, str | None]:
        """What counts as one: a household in an area, else a recipient."""
        return self.area, self.household, None if self.household is not None else self.recipient


@dataclass(frozen=True)
class Reach:
    """How many households or customers of an area were to be reached, were, and were in time.

    `refused`: they want none, and are not among those to be reached. `on_time` None: nothing was promised there.
    """

    area: str | None
    to_reach: int
    reached: int
    on_time: int | None
    refused: int = 0

    @property
    def reached_rate(self) -> float | None:
        """reached ÷ to be reached; None where there was nobody."""
        return self.reached / self.to_reach if self.to_reach else None

    @property
    def on_time_rate(self) -> float | None:
        """reached by the promised lead time before the outage ÷ to be reached."""
        return self.on_time / self.to_reach if self.to_reach and self.on_time is not None else None


def total(areas: Sequence[Reach]) -> Reach:
    """All areas together; in time only where all were promised something."""
    promised = [one.on_time for one in areas if one.on_time is not None]
    return Reach(
        area=None,
        to_reach=sum(one.to_reach for one in areas),
        reached=sum(one.reached for one in areas),
        on_time=sum(promised) if areas and len(promised) == len(areas) else None,
        refused=sum(one.refused for one in areas),
    )


@dataclass(frozen=True)
class Missed:
    """A household or customer that nothing has reached: its recipients, and the last word on each of their rows.

    `under_way`: something still is; `called`: there is a call task for them.
    """

    area: str | None
    household: str | None
    recipients: tuple[str, ...]
    words: tuple[tuple[str, str, str | None], ...]
    under_way: bool
    called: bool

    @property
    def may_be_called(self) -> bool:
        """Whether nothing else will reach them."""
        return not self.under_way and not self.called


def missed(rows: Iterable[Told]) -> Iterator[tuple[Told, Missed | None]]:
    """For each household or customer its last row, and what is missed of it: None where it was reached, or refused.

    `rows` in order of area, household and recipient.
    """
    for _, group in groupby(rows, key=lambda row: row.unit):
        of_unit = list(group)
        yield of_unit[-1], _missed(of_unit)


def _missed(rows: Sequence[Told]) -> Missed | None:
    if any(row.reached_at is not None for row in rows) or all(refused(row) for row in rows):
        return None
    return Missed(
        area=rows[0].area,
        household=rows[0].household,
        recipients=tuple(dict.fromkeys(row.recipient for row in rows)),
        words=tuple((row.channel, row.state, row.detail) for row in rows),
        under_way=any(row.state in UNDER_WAY for row in rows),
        called=any(row.channel == CALL for row in rows),
    )


def refused(row: Told) -> bool:
    """Whether the recipient wants none of it: who wants none need not be reached."""
    return row.state == CANCELLED and row.detail in WISHES
