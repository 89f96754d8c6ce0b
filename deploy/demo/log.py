"""The incident log, read as it is: `data/incidents/README.md` says what its columns mean.

Only what was known at the time of a row is read. `resolved_at`, `closed_at`, `closed_code` and `resolved_by` carry the
final values on every row, so no plan may look at them; `made_sla` is read from the last row alone, for comparison.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

LOG = Path(__file__).resolve().parents[2] / "data" / "incidents" / "incident_event_log.csv"
MISSING = "?"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One incident as it stood after one update; `None` where the log has '?'."""

    state: str
    at: datetime
    group: str | None
    category: str | None
    subcategory: str | None
    symptom: str | None
    location: str | None
    impact: str
    urgency: str
    priority: str
    person: str | None
    made_sla: bool


@dataclass(frozen=True, kw_only=True)
class Incident:
    """One incident: its rows in the order of the file, which is the order of events."""

    number: str
    caller: str
    opened_at: datetime
    rows: tuple[Row, ...]

    @property
    def submitted_at(self) -> datetime:
        """When it was opened, or the time of its first row where that is earlier (five incidents)."""
        return min(self.opened_at, self.rows[0].at)

    @property
    def made_sla(self) -> bool:
        """What the log itself says in the end: did it meet its own, unpublished target?"""
        return self.rows[-1].made_sla


def read(path: Path = LOG) -> list[Incident]:
    """Every incident, in the order of the file."""
    with path.open(newline="", encoding="utf-8") as lines:
        return list(_incidents(csv.DictReader(lines)))


def _incidents(rows: Iterator[dict[str, str]]) -> Iterator[Incident]:
    for number, group in groupby(rows, key=lambda row: row["number"]):
        own = list(group)
        yield Incident(
            number=number,
            caller=own[0]["caller_id"],
            opened_at=time_of(own[0]["opened_at"]),
            rows=tuple(_row(row) for row in own),
        )


def _row(row: dict[str, str]) -> Row:
    return Row(
        state=row["incident_state"],
        at=time_of(row["sys_updated_at"]),
        group=_known(row["assignment_group"]),
        category=_known(row["category"]),
        subcategory=_known(row["subcategory"]),
        symptom=_known(row["u_symptom"]),
        location=_known(row["location"]),
        impact=row["impact"],
        urgency=row["urgency"],
        priority=row["priority"],
        person=_known(row["assigned_to"]),
        made_sla=row["made_sla"] == "TRUE",
    )


def _known(text: str) -> str | None:
    return None if text == MISSING else text


def time_of(text: str) -> datetime:
    """`DD-MM-YYYY HH:MM`, day first. The log names no zone: read as UTC, by rule."""
    return datetime.strptime(text, "%d-%m-%Y %H:%M").replace(tzinfo=UTC)
