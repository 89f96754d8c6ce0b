"""What time would bring if nobody did anything more: the history told on. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from services.dispatch.domain.looking_back.runs import Entry, as_entries
from services.dispatch.domain.work.advance import advance
from services.dispatch.domain.work.order import Books, Order
from services.dispatch.domain.work.record import MERGED, order_of
from shared.errors import ValidationError
from shared.history import rebuild

LONGEST = timedelta(days=3652)  # ten years


def require_within_reach(as_of: datetime | None, known: datetime) -> None:
    """`ValidationError` where `as_of` lies too far ahead of what is known: there is no end of what would be."""
    if as_of is not None and as_of > known + LONGEST:
        raise ValidationError({"as_of": ["lies more than ten years ahead"]})


def work_in(entries: Sequence[Entry], books: Books) -> Order:
    """The work as its whole history tells it."""
    return order_of(rebuild(entries, MERGED), books=books)


def told_on(entries: Sequence[Entry], books: Books, until: datetime) -> list[Entry]:
    """The entries, and those of what falls due by itself after them up to `until`."""
    last = max(entry["at"] for entry in entries)
    if until < last:
        return list(entries)
    return [*entries, *as_entries(advance(work_in(entries, books), until)[1])]
