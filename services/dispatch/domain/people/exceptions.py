"""What differs from an agent's rota: leave, a duty that falls out, a duty besides."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Kind(StrEnum):
    """What kind of difference."""

    LEAVE = "leave"  # not there from `since` to `until`, whatever the rota says
    OFF = "off"  # the rota's duty of the day on which `since` lies falls out
    ON = "on"  # a duty besides those of the rota, of the shift `shift`


@dataclass(frozen=True, kw_only=True)
class RotaException:
    """One of them, from `since` to before `until`; `id` is its name with its agent."""

    id: str
    kind: Kind
    since: datetime
    until: datetime
    shift: str | None = None
    reason: str = ""
