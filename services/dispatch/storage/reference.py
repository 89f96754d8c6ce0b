"""Dispatch's reference data as stored; the agents declared in it are taken over as it is applied."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.dispatch import domain
from services.dispatch.schemas import reference as reference_schemas
from services.dispatch.storage.agents import Agents
from services.dispatch.storage.rollouts import Rollouts
from shared.cause import Call, content_digest
from shared.errors import NotFound
from shared.mongo import Database
from shared.reference import Reference
from shared.schemas import load


class DispatchReference(Reference[domain.Reference]):
    """Teams, agents, calendars, policies and flows, version by version. `rollouts` is set by the store."""

    rollouts: Rollouts

    def __init__(self, db: Database, agents: Agents) -> None:
        super().__init__(
            db,
            "dispatch",
            schema=reference_schemas.ReferenceData,
            build=domain.Reference.from_dict,
            default=domain.BEFORE_FIRST_APPLY,
        )
        self._agents = agents
        self._tried: tuple[str, domain.Reference] | None = None

    def apply(self, call: Call, body: Mapping[str, Any]) -> dict[str, Any]:
        """As every service does; then its agents, and open work whose calendars know further now (`rollout`).

        Applying the same again finishes what a crash cut off.
        """
        applied = super().apply(call, body)
        self._agents.declare_all(self.version(applied["version"]))
        return applied | self.rollouts.extend_horizons(call.actor or call.caller, applied["version"])

    def knowing(self, category: str) -> domain.Reference:
        """What is in force; looked at anew where no team has the category: intake may know it from a newer version."""
        known = self.current()
        return known if known.handles(category) else self.as_of_now()

    def wanted(self, version: int | None) -> domain.Reference:
        """That version, or the newest one, also if it was applied this very moment. Raises NotFound."""
        return self.version(self.newest()["version"] if version is None else version)

    def require_shift(self, code: str) -> None:
        """Raises NotFound for a shift that no version has, or ever had."""
        if code in self.current().roster.shifts:
            return
        versions = self._rows.find({}, {"body.shifts": 1})
        if not any(code in (row["body"].get("shifts") or {}) for row in versions):
            raise NotFound("shift", code)

    def candidate(self, body: Mapping[str, Any]) -> domain.Reference:
        """What `body` would be if it was applied; the last one is kept. Raises ValidationError."""
        digest = content_digest(body)
        if self._tried is None or self._tried[0] != digest:
            load(reference_schemas.ReferenceData, body)
            self._tried = digest, domain.Reference.from_dict(body)
        return self._tried[1]
