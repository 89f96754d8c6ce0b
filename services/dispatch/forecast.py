"""What time would bring if nobody did anything more: the history told on. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from services.dispatch.domain.advance import advance
from services.dispatch.domain.order import Books, Order
from services.dispatch.domain.record import MERGED, order_of
from services.dispatch.domain.runs import Entry, as_entries
from shared.history import rebuild


def work_in(entries: Sequence[Entry], books: Books) -> Order:
    """The work as its whole history tells it."""
    return order_of(rebuild(entries, MERGED), books=books)


def told_on(entries: Sequence[Entry], books: Books, until: datetime) -> list[Entry]:
    """The entries, and those of what falls due by itself after them up to `until`."""
    last = max(entry["at"] for entry in entries)
    if until < last:
        return list(entries)
    return [*entries, *as_entries(advance(work_in(entries, books), until)[1])]
