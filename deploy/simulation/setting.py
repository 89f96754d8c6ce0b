"""Under what a log is played: the rules, the people, and their duties."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from deploy.simulation.staff import DutyOf
from services.dispatch.domain.people.agent import Agent
from services.dispatch.domain.reference.reference import Reference


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One column of the comparison."""

    name: str
    reference: Reference
    agents: Sequence[Agent]
    duty_of: DutyOf
