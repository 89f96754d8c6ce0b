"""Under what a log is played: the rules, the people, and their duties."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from deploy.simulation.staff import DutyOf
from services.dispatch.domain.people.agent import Agent
from services.dispatch.domain.reference.reference import Reference

Watch = Callable[[str, str, int, datetime, float, float], None]
"""Told of all that is given to somebody: team, priority, units, from when it waited, how long, seconds of handling."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One column of the comparison; `watch` is told of what is given out."""

    name: str
    reference: Reference
    agents: Sequence[Agent]
    duty_of: DutyOf
    watch: Watch | None = None
