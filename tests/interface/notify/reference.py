"""The shipped reference data of notify, in force for the tests of its areas."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

from deploy.declared import load
from tests.support import Stack, until_noticed
from tests.unit.notify.builders import CONFIG


def body(change: Callable[[dict[str, Any]], object] = lambda body: None) -> dict[str, Any]:
    """deploy/config/notify.yaml, changed; without what depends on the hour of the day or on how much else is told."""
    bodies, faults = load(CONFIG.parent)
    assert faults == []
    made = bodies["notify"]
    made["quiet_hours"] = None
    for kind in made["kinds"].values():
        kind["digest"] = None
    change(made)
    return made


def apply(stack: Stack, change: Callable[[dict[str, Any]], object] = lambda body: None) -> Mapping[str, Any]:
    """Put it in force; returns when every process has noticed."""
    made = body(change)
    operator = stack.client("operator")
    operator.call("notify", "apply_reference", body=made, request_id=uuid4().hex)
    until_noticed()
    return made
