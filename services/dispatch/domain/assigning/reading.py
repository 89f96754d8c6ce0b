"""Reading how work is to be given out: values from the body, and everything in it that does not fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from services.dispatch.domain.assigning.assignment import (
    AT_TRIAGE,
    DEFAULT_WEIGHTS,
    PARTS,
    Assignment,
    Triage,
    UnitsRule,
)
from services.dispatch.domain.clocks.terms import time_of
from services.dispatch.domain.flows.flow_conditions import read_condition, values_of
from services.dispatch.domain.reference.faults import Faults
from services.dispatch.domain.reference.known import Known
from services.dispatch.domain.reference.matter import MATTER
from shared.conditions import BadCondition, Condition


def read_assignment(body: Mapping[str, Any], known: Known, faults: Faults) -> Assignment:
    """`assignment` and `roles` of reference data of the form of `reference_schemas.ReferenceData`; faults by path."""
    reader = _Reader(body.get("assignment") or {}, known, faults)
    return Assignment(
        weights=reader.weights(),
        units=tuple(reader.units()),
        accept=reader.accept(),
        roles=dict(reader.roles(body.get("roles") or {})),
        triage=reader.triage(),
    )


@dataclass(frozen=True)
class _Reader:
    """Reads `assignment`, on after a fault."""

    body: Mapping[str, Any]
    known: Known
    faults: Faults

    def weights(self) -> Mapping[str, float]:
        """Where any weight is declared, those that are not count nothing."""
        declared = self.body.get("weights")
        if declared is None:
            return DEFAULT_WEIGHTS
        for part in declared:
            self.faults.require_known(f"assignment.weights.{part}", "weight", part, PARTS)
        if not any(declared.values()):
            self.faults.add("assignment.weights", "are all 0, so nothing tells agents apart; give one a weight over 0")
        return {part: float(declared.get(part, 0)) for part in PARTS}

    def units(self) -> Iterator[UnitsRule]:
        """The rules in their order; what stands after one without a condition is never asked."""
        rules = self.body.get("units") or ()
        for number, rule in enumerate(rules):
            path = f"assignment.units.{number}"
            when = self._condition(f"{path}.when", rule.get("when"), MATTER)
            if rule.get("when") is None and number < len(rules) - 1:
                self.faults.add(path, "is always taken, so what stands after it never is; give it a `when`")
            if (rule.get("when") is None) == (when is None):
                yield UnitsRule(units=rule["units"], when=when)

    def accept(self) -> Mapping[str, timedelta]:
        """Priority -> time to accept an offer."""
        found: dict[str, timedelta] = {}
        for priority, text in (self.body.get("accept_within") or {}).items():
            try:
                found[priority] = time_of(text, None)
            except ValueError as fault:
                self.faults.add(f"assignment.accept_within.{priority}", str(fault))
        return found

    def roles(self, declared: Mapping[str, Any]) -> Iterator[tuple[str, Condition]]:
        """Role -> what it may do, where that is not everything."""
        for role, body in declared.items():
            self.faults.require_known(f"roles.{role}", "role", role, self.known.roles)
            may = self._condition(f"roles.{role}.may", body.get("may"), MATTER)
            if may is not None:
                yield role, may

    def triage(self) -> Triage | None:
        """Which work experts see first."""
        declared = self.body.get("triage")
        if declared is None:
            return None
        self.faults.require_known("assignment.triage.team", "team", declared["team"], self.known.teams)
        when = self._condition("assignment.triage.when", declared["when"], AT_TRIAGE)
        return Triage(team=declared["team"], when=when) if when is not None else None

    def _condition(self, path: str, source: str | None, names: Mapping[str, str]) -> Condition | None:
        if source is None:
            return None
        try:
            return read_condition(source, names, values_of(self.known, {}))
        except BadCondition as fault:
            self.faults.add(path, str(fault))
            return None
