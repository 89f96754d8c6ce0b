"""Counts of messages by what is asked for: how many were sent, how many succeeded, how many failed. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.notify.domain.ledger import DELIVERED, EXPIRED, FAILED, SENT

BY = ("channel", "kind", "state", "hour")


@dataclass(frozen=True, kw_only=True)
class Count:
    """So many messages that have all of this in common."""

    number: int
    channel: str
    state: str
    kind: str | None = None
    hour: datetime | None = None


def summed(counts: Iterable[Count], by: Sequence[str], reached: Mapping[str, str]) -> list[dict[str, Any]]:
    """A row for each combination of what is in `by`, in order; one row where that is nothing.

    `sent`: the next system took them; `succeeded`: they have reached somebody (`reached`: channel -> the
    least state that does); `failed`: failed and expired; `states`: all of them. What is in no sum is under way,
    unknown, or was not to be sent.
    """
    groups: dict[tuple[Any, ...], list[Count]] = {}
    for count in counts:
        groups.setdefault(tuple(getattr(count, name) for name in by), []).append(count)
    if not by:
        groups.setdefault((), [])
    return [dict(zip(by, key, strict=True)) | _sums(groups[key], reached) for key in sorted(groups)]


def _sums(counts: Sequence[Count], reached: Mapping[str, str]) -> dict[str, Any]:
    states: Counter[str] = Counter()
    for count in counts:
        states[count.state] += count.number
    succeeded = sum(count.number for count in counts if _counts(count, reached))
    return {
        "messages": states.total(),
        "sent": states[SENT] + states[DELIVERED],
        "succeeded": succeeded,
        "failed": states[FAILED] + states[EXPIRED],
        "states": dict(sorted(states.items())),
    }


def _counts(count: Count, reached: Mapping[str, str]) -> bool:
    return count.state == DELIVERED or (count.state == SENT and reached[count.channel] == SENT)
