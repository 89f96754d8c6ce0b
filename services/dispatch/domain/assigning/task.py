"""What is to be given out: one open step of one work order, as it counts for the choice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Task:
    """One visit that waits, at the instant `at`.

    `role`, `skill` with its least `level`, and `named` (an agent's id) are what the step asks for beside the team. Of
    the matter, "" is not known. It takes `units` of a capacity. `due` is the nearest due time of its running clocks.

    `wish` is the agent who is to have it before all others, `wish_rule` (a `Rule`) why, `only`: or nobody. `override`
    is a supervisor's reason for which no limit but `subject` binds that agent.
    """

    order_no: str
    visit: int
    at: datetime
    team: str
    role: str | None = None
    skill: str | None = None
    level: int = 1
    named: str | None = None
    type: str = ""
    category: str = ""
    priority: str = ""
    tier: str = ""
    channel: str = ""
    language: str = ""
    customer_id: str = ""
    units: int = 1
    due: datetime | None = None
    wish: str | None = None
    wish_rule: str | None = None
    only: bool = False
    override: str | None = None

    @property
    def matter(self) -> Mapping[str, str]:
        """What conditions may ask about it (`reference.matter.MATTER`)."""
        return {
            "type": self.type,
            "category": self.category,
            "priority": self.priority,
            "tier": self.tier,
            "channel": self.channel,
            "team": self.team,
        }
