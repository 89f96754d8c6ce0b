"""What a definition may name."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from services.dispatch.domain.reference.organisation import ROLES, AgentEntry


@dataclass(frozen=True, kw_only=True)
class Known:
    """What a flow may name: codes; agents as declared; calendars with their working day (None: they have none).

    `default_calendars` are those of the policies, in which a limit without a calendar of its own counts;
    `with_experts` are the teams that have an expert team.
    """

    teams: Collection[str] = ()
    with_experts: Collection[str] = ()
    roles: Collection[str] = ROLES
    skills: Collection[str] = ()
    agents: Mapping[str, AgentEntry] = field(default_factory=dict)
    calendars: Mapping[str, timedelta | None] = field(default_factory=dict)
    default_calendars: Collection[str] = ()
