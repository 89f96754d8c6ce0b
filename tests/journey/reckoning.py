"""Which deadlines a log keeps, reckoned from its rows alone: a second opinion, without any of Loopdesk's rules."""

from collections import Counter
from datetime import timedelta

from deploy.demo.log import Incident

TARGETS = {  # deploy/config/dispatch.yaml: first response, resolution
    "1": (timedelta(minutes=15), timedelta(hours=4)),
    "2": (timedelta(hours=1), timedelta(hours=8)),
    "3": (timedelta(hours=4), timedelta(days=3)),
    "4": (timedelta(hours=8), timedelta(days=5)),
}


def kept(incidents: list[Incident]) -> dict[str, tuple[int, int]]:
    """Priority -> (first responses in time, incidents resolved in time in every round)."""
    first: Counter[str] = Counter()
    resolved: Counter[str] = Counter()
    for incident in incidents:
        priority = incident.rows[0].priority[0]
        response, resolution = TARGETS[priority]
        began = next(row.at for row in incident.rows if row.state != "New")
        first[priority] += began - incident.submitted_at < response
        resolved[priority] += all(took < resolution for took in _rounds(incident))
    return {f"P{priority}": (first[priority], resolved[priority]) for priority in sorted(first)}


def _rounds(incident: Incident) -> list[timedelta]:
    """How long each round took until it was resolved, without the time in an Awaiting state."""
    rounds: list[timedelta] = []
    began, waited, since, before = incident.submitted_at, timedelta(), None, "New"
    for row in incident.rows:
        waiting = row.state.startswith("Awaiting")
        if before == "Resolved" and row.state not in ("Resolved", "Closed"):
            began, waited = row.at, timedelta()
        if since and not waiting:
            waited, since = waited + (row.at - since), None
        if waiting and not since:
            since = row.at
        if row.state == "Resolved" != before:
            rounds.append(row.at - began - waited)
        before = row.state
    return rounds
