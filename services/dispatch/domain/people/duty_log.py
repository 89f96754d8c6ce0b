"""The duty log (运行日志): what operators note of a team's running, or the whole desk's; entries are never changed.

One log is one month of one team, so that its documents stay bounded and its chain of hashes short enough to check.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from shared.events import Aggregate, Fact

LOGGED = "duty_logged"
DESK = "*"  # in place of a team's code, which cannot hold it: the whole desk


@dataclass(frozen=True, kw_only=True)
class DutyLog(Aggregate):
    """One month (`2026-03`, UTC) of a team (None: of the whole desk), with so many entries."""

    team: str | None
    month: str
    entries: int = 0

    @property
    def log_id(self) -> str:
        """`it/2026-03`; `*/2026-03` for the whole desk."""
        return f"{self.team or DESK}/{self.month}"


def log_of(team: str | None, at: datetime) -> DutyLog:
    """The empty log into which what is noted at that time goes."""
    return DutyLog(team=team, month=f"{at.astimezone(UTC):%Y-%m}")


def noted(log: DutyLog, at: datetime, text: str, by: str) -> tuple[DutyLog, list[Fact]]:
    """One more entry, of what `by` notes. A log is live from the start, also where its first entry is backdated."""
    log = replace(log, entries=log.entries + 1, replay_until=None)
    told = {"team": log.team, "entry": log.entries, "text": text, "by": by}
    return log, [Fact(LOGGED, at, told, set={"team": log.team, "month": log.month, "entries": log.entries})]
