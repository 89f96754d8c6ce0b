"""Dispatch's reference data as stored; the agents declared in it are taken over as it is applied."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.dispatch import domain, reference_schemas
from services.dispatch.agents import Agents
from shared.cause import Call
from shared.mongo import Database
from shared.reference import Reference


class DispatchReference(Reference[domain.Reference]):
    """Teams, targets and agents, version by version."""

    def __init__(self, db: Database, agents: Agents) -> None:
        super().__init__(
            db,
            "dispatch",
            schema=reference_schemas.ReferenceData,
            build=domain.Reference.from_dict,
            default=domain.BEFORE_FIRST_APPLY,
        )
        self._agents = agents

    def apply(self, call: Call, body: Mapping[str, Any]) -> dict[str, Any]:
        """As every service does; then its agents. Applying the same again finishes what a crash cut off."""
        applied = super().apply(call, body)
        self._agents.declare_all(self.current())
        return applied
