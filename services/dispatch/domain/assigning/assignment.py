"""How work is given out, as declared: what counts how much, what work weighs, what a role may do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from services.dispatch.domain.reference.matter import MATTER
from shared.conditions import Condition

PARTS = ("deadline_slack", "load", "idle", "knows_customer", "knows_matter", "skill_fit", "fairness")
"""What a score is made of (score.py)."""

DEFAULT_WEIGHTS: Mapping[str, float] = {part: float(part == "load") for part in PARTS}
"""The least loaded gets it."""

AT_TRIAGE: Mapping[str, str] = {**MATTER, "sensitive": "bool", "confidence": "number"}
"""What the condition of the triage may ask, with its type."""


@dataclass(frozen=True, kw_only=True)
class UnitsRule:
    """Work for which `when` holds (None: any) takes `units` of an agent's capacity."""

    units: int
    when: Condition | None = None


@dataclass(frozen=True, kw_only=True)
class Triage:
    """Work for which `when` holds goes to `team` first, which says what it is."""

    team: str
    when: Condition


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """One version's rules of giving out work. `weights` has all PARTS; `accept`: priority -> time to accept an offer.

    `units`: the first rule that holds counts. `roles`: role -> what it may do; a role that is not there may do all.
    """

    weights: Mapping[str, float] = field(default_factory=lambda: DEFAULT_WEIGHTS)
    units: tuple[UnitsRule, ...] = ()
    accept: Mapping[str, timedelta] = field(default_factory=dict)
    roles: Mapping[str, Condition] = field(default_factory=dict)
    triage: Triage | None = None

    def units_of(self, matter: Mapping[str, str]) -> int:
        """How much of an agent's capacity such work takes; 1 where no rule holds."""
        return next((rule.units for rule in self.units if rule.when is None or rule.when.holds(matter)), 1)

    def accept_within(self, priority: str) -> timedelta | None:
        """The time (by the wall clock) in which an offer has to be accepted; None: no limit."""
        return self.accept.get(priority)

    def role_may(self, role: str, matter: Mapping[str, str]) -> bool:
        """Whether agents of that role may do such work."""
        condition = self.roles.get(role)
        return condition is None or condition.holds(matter)

    def triage_team(self, matter: Mapping[str, str], *, sensitive: bool, confidence: float | None) -> str | None:
        """The team that has to look at such work first; None: none has. `confidence` None is full confidence."""
        if self.triage is None:
            return None
        sure = 1.0 if confidence is None else confidence
        caught = self.triage.when.holds({**matter, "sensitive": sensitive, "confidence": sure})
        return self.triage.team if caught else None
