"""Whom a piece of work needs, and the queue in which it waits for one of them."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Need:
    """Who can do it: somebody of the team, of that role, with that skill at that level or above; or only that agent."""

    team: str
    role: str | None = None
    skill: str | None = None
    level: int = 1
    agent: str | None = None

    @property
    def key(self) -> str:
        """The name of its queue: `it`, `it#expert`, `it~network`, `it#expert~network`, `it=a1`.

        A code holds none of the three signs, so a key means one thing only; whom an agent named by it serves is
        `Agent.queues`. The level is no part of it: among those who serve a queue it is a limit of its own.
        """
        if self.agent is not None:
            return f"{self.team}={self.agent}"
        role = f"#{self.role}" if self.role is not None else ""
        skill = f"~{self.skill}" if self.skill is not None else ""
        return f"{self.team}{role}{skill}"


def team_of(key: str) -> str:
    """The team of a queue, by its name (`Need.key`)."""
    return re.split("[=#~]", key, maxsplit=1)[0]
