"""What is filled in when a step is completed: read, checked across fields, and where it leads."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from services.dispatch.domain.flows.fields import BadValue, condition_value
from services.dispatch.domain.flows.steps import Check, Edge, Split, Step
from shared.errors import ValidationError


def step_values(step: Step, values: Mapping[str, Any], context: Mapping[str, Any]) -> dict[str, Any]:
    """The values as they are kept, JSON-able; a step that was opened before begins empty, so what is not given is None.

    `context` is `Flow.context` before they are given. `ValidationError` has all faults, under `fields.<name>`: unknown,
    missing, of another type, out of range, and the messages of the checks that do not hold: one for each language, with
    its name (`zh-CN: …`).
    """
    kept, faults = _read(step, values, context)
    for check in _broken(step, kept, context, faults):
        faults.setdefault(f"fields.{check.field}", []).extend(check.messages)
    if faults:
        raise ValidationError(faults)
    return kept


def sure_way(step: Step, values: Mapping[str, Any], context: Mapping[str, Any]) -> Edge | Split | None:
    """Where the step leads, whatever is put in place of what is wrong with these values; None where that decides."""
    kept, faults = _read(step, values, context)
    seen = _seeing(step, kept, context)
    unsure = _unsure(step, seen, faults)
    for edge in step.edges:
        if edge.when is not None and edge.when.names & unsure:
            return None
        if edge.when is None or edge.when.holds(seen):
            return edge
    return None


def _unsure(step: Step, seen: Mapping[str, Any], faults: Collection[str]) -> set[str]:
    """The fields that may have to change: those at fault, and those that a rule binds to them, or that break one."""
    own = {f"fields.{name}" for name in step.fields}
    unsure = own & {*faults}
    rules = [*(check.rule for check in step.checks), *([step.leave] if step.leave else [])]
    while bound := [rule for rule in rules if rule.names & unsure or not rule.holds(seen)]:
        rules = [rule for rule in rules if rule not in bound]
        unsure |= own & {name for rule in bound for name in rule.names}
    return unsure


def _read(
    step: Step, values: Mapping[str, Any], context: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """The values that are right, as they are kept, and what is wrong with the others by itself."""
    faults = {
        f"fields.{name}": [f"step {step.code} has no such field; it has {', '.join(step.fields) or 'none'}"]
        for name in values
        if name not in step.fields
    }
    kept: dict[str, Any] = {}
    again = context.get("visits", {}).get(step.code, 1) > 1
    for name, spec in step.fields.items():
        try:
            read = spec.read(values.get(name))
        except BadValue as fault:
            faults[f"fields.{name}"] = [str(fault)]
        else:
            if name in values or again:
                kept[name] = read
    return kept, faults


def _broken(
    step: Step, kept: Mapping[str, Any], context: Mapping[str, Any], faults: Mapping[str, Any]
) -> Iterator[Check]:
    """The checks that do not hold; those that ask about a field with a fault of its own have to wait for it."""
    own = {f"fields.{name}" for name in step.fields}
    within = _seeing(step, kept, context)
    at_fault = own & {*faults}
    return (check for check in step.checks if not check.rule.names & at_fault and not check.rule.holds(within))


def _seeing(step: Step, kept: Mapping[str, Any], context: Mapping[str, Any]) -> dict[str, Any]:
    """What conditions see once these values are kept."""
    seen = {name: condition_value(step.fields[name], value) for name, value in kept.items()}
    return {**context, "fields": {**context.get("fields", {}), **seen}}
