"""What the demo's organisation promises, as near to the log's own unpublished targets as its rows let one see.

No pausing, round the clock, counted on after a reopening: in this log that explains `made_sla` better than any office
hours, and better than clocks that stand still while somebody is awaited. `deploy/demo/rules.py` says so in the output.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any

from deploy.demo import rules
from deploy.demo.log import Incident

CALENDAR, FLOW, POLICY = "always", "incident", "as-in-the-log"
RESOLUTION: Mapping[str, str] = {"P1": "15m", "P2": "15m", "P3": "90h", "P4": "90h"}
FIRST_RESPONSE: Mapping[str, str] = {"P1": "15m", "P2": "1h", "P3": "4h", "P4": "8h"}
NOT_WAITING = ("New", "Active", "Resolved", "Closed")


def promises(incidents: Iterable[Incident], sample: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of dispatch's reference data that say what is promised; `sample` is deploy/config's."""
    flow = deepcopy(dict(sample["flows"][FLOW]))
    flow.pop("for", None)  # all of the demo's work
    return {
        "calendars": {CALENDAR: {**sample["calendars"][CALENDAR], "zone": "UTC"}},  # as the log's times are read
        "hold_reasons": _hold_reasons(incidents),
        "policies": [_policy()],
        "flows": {FLOW: flow},
    }


def _policy() -> dict[str, Any]:
    targets = {
        priority: {"first_response": FIRST_RESPONSE[priority], "resolution": within}
        for priority, within in RESOLUTION.items()
    }
    return {
        "code": POLICY,
        "name": "日志的时限 As in the log",
        "calendar": CALENDAR,
        "warn_at": [0.8],
        "targets": targets,
        "reopening": "resume",
        "escalations": [{"clock": "resolution", "after": "1h", "level": 1, "tell": ["supervisor"]}],
    }


def _hold_reasons(incidents: Iterable[Incident]) -> dict[str, dict[str, str]]:
    waiting = {row.state for incident in incidents for row in incident.rows} - set(NOT_WAITING)
    return {rules.hold_reason_of(state): {"zh-CN": state, "en": state} for state in sorted(waiting)}
