"""Reading a flow's conditions: what they name exists, and they can be true of some work and false of other."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from services.dispatch.domain.flows.fields import FieldSpec
from services.dispatch.domain.reference.known import Known
from services.dispatch.domain.reference.matter import PRIORITIES
from shared.conditions import BadCondition, Condition, compared, condition

Values = Mapping[str, Collection[str]]


def read_condition(source: str, names: Mapping[str, Any], values: Values) -> Condition:
    """The condition in `source`; `values`: name -> what it may be beside "", for those of which that is known.

    Raises `BadCondition`, also for one that names nothing, and for one that compares a name with what it never is.
    """
    read = condition(source, names)
    if not read.names:
        raise BadCondition("names nothing, so it is the same for all work; ask for something, or leave it out")
    for name, text in compared(source):
        if name in values and text not in ("", *values[name]):
            raise BadCondition(f"{name} is never {text!r}; it is one of {', '.join(values[name]) or 'none'}")
    return read


def values_of(known: Known, steps: Mapping[str, Mapping[str, FieldSpec]]) -> dict[str, list[str]]:
    """What the names may be of which that is declared; a choice that several steps ask for is of them all."""
    values = {"priority": list(PRIORITIES), "team": sorted(known.teams)}
    for specs in steps.values():
        for name, spec in specs.items():
            if spec.type == "choice":
                values.setdefault(f"fields.{name}", []).extend(spec.of)
    return values
