"""The reference data that the load runs under: deploy/config, with a policy and a flow of its own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deploy.declared import load
from tests.support import Stack, at_any_hour

CONFIG = Path(__file__).parents[2] / "deploy" / "config"
CLOCKS = ("first_response", "resolution")
PRIORITIES = ("P1", "P2", "P3", "P4")


def a_policy(first_response: str, resolution: str, escalated_after: str) -> dict[str, Any]:
    """Round the clock, one warning half-way, the supervisor told some time after a miss."""
    return {
        "code": "load",
        "name": "Load",
        "calendar": "always",
        "warn_at": [0.5],
        "targets": {name: {"first_response": first_response, "resolution": resolution} for name in PRIORITIES},
        "pause": {"waiting_for_customer": [*CLOCKS, "step", "group"]},
        "escalations": [
            {"clock": clock, "after": escalated_after, "level": 1, "tell": ["supervisor"]} for clock in CLOCKS
        ],
    }


NAME = {"zh-CN": "步骤", "en": "Step"}
#: For contacts of the channel `app`: looked at, mended while somebody of the desk calls, then checked.
FLOW: Mapping[str, Any] = {
    "name": {"zh-CN": "检修", "en": "Mend"},
    "for": 'channel == "app"',
    "start": "look",
    "steps": {
        "look": {"name": NAME, "within": "1d", "next": [{"parallel": ["mend", "call"], "join": "check"}]},
        "mend": {"name": NAME, "fee": {"usual": 5}, "next": "check"},
        "call": {"name": NAME, "who": {"team": "service-desk"}, "next": "check"},
        "check": {"name": NAME, "next": "end"},
    },
}
POLICY = a_policy("8h", "5d", "15m")


def bodies() -> dict[str, dict[str, Any]]:
    """Service -> its part."""
    found, faults = load(CONFIG)
    assert faults == []
    found["dispatch"] |= {"policies": [POLICY], "flows": {"mend": FLOW}}
    found["notify"] = at_any_hour(found["notify"])
    return found


def apply(stack: Stack, changes: Mapping[str, Mapping[str, Any]] | None = None) -> None:
    """Put them in force, with these parts replaced; processes notice within a second."""
    client = stack.client("importer")
    for service, body in bodies().items():
        client.command(service, "apply_reference", body=body | dict((changes or {}).get(service, {})))
