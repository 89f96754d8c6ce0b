"""The shipped reference data of notify, in force for the tests of its areas."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from deploy.declared import load
from tests.support import Stack, at_any_hour, until_noticed
from tests.unit.notify.builders import CONFIG


def body(change: Callable[[dict[str, Any]], object] = lambda body: None) -> dict[str, Any]:
    """deploy/config/notify.yaml at any hour, changed."""
    bodies, faults = load(CONFIG.parent)
    assert faults == []
    made = at_any_hour(bodies["notify"])
    change(made)
    return made


def apply(stack: Stack, change: Callable[[dict[str, Any]], object] = lambda body: None) -> Mapping[str, Any]:
    """Put it in force; returns when every process has noticed."""
    made = body(change)
    stack.client("operator").command("notify", "apply_reference", body=made)
    until_noticed()
    return made
