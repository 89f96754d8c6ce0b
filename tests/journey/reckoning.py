"""Which deadlines a log keeps, reckoned from its rows alone: a second opinion, without any of Loopdesk's rules."""

from collections import Counter
from datetime import timedelta

from deploy.demo.log import Incident

TARGETS = {  # deploy/demo/promises.py: first response, resolution
    "1": (timedelta(minutes=15), timedelta(minutes=15)),
    "2": (timedelta(hours=1), timedelta(minutes=15)),
    "3": (timedelta(hours=4), timedelta(hours=90)),
    "4": (timedelta(hours=8), timedelta(hours=90)),
}


def kept(incidents: list[Incident]) -> dict[str, tuple[int, int]]:
    """Priority at the end -> (first responses in time, incidents resolved in time in every round)."""
    first: Counter[str] = Counter()
    resolved: Counter[str] = Counter()
    for incident in incidents:
        name = f"P{incident.rows[-1].priority[0]}"
        began = next(row for row in incident.rows if row.state != "New")
        first[name] += began.at - incident.submitted_at < TARGETS[began.priority[0]][0]
        resolved[name] += all(took < TARGETS[priority][1] for took, priority in _resolutions(incident))
    return {name: (first[name], resolved[name]) for name in sorted(first)}


def _resolutions(incident: Incident) -> list[tuple[timedelta, str]]:
    """At each resolution: the time since submission, without what was resolved meanwhile; and the priority then."""
    found: list[tuple[timedelta, str]] = []
    idle, before, since = timedelta(), "New", incident.submitted_at
    for row in incident.rows:
        done = row.state in ("Resolved", "Closed")
        if before == "Resolved" and not done:
            idle += row.at - since
        if row.state == "Resolved" != before:
            found.append((row.at - incident.submitted_at - idle, row.priority[0]))
            since = row.at
        before = row.state
    return found
