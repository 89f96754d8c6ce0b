"""Under what a log is played: the rules, the people, and their duties."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from deploy.simulation.staff import DutyOf
from services.dispatch.domain.people.agent import Agent
from services.dispatch.domain.reference.reference import Reference


class Given(NamedTuple):
    """A step that was given to somebody.

    It waited from `since` for `waited` seconds and takes its seat for `seated` more: handling, and holds, in which the
    agent keeps it. `left`: by promise (first_response, resolution), the seconds that it may wait to keep it: what is
    promised, less all handling there is.
    """

    team: str
    priority: str
    units: int
    since: datetime
    waited: float
    seated: float
    left: Mapping[str, float] = {}


Watch = Callable[[Given], None]
"""Told of all that is given to somebody."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One column of the comparison; `watch` is told of what is given out."""

    name: str
    reference: Reference
    agents: Sequence[Agent]
    duty_of: DutyOf
    watch: Watch | None = None
