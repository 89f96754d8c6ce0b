"""Who is to be given a step before all others."""

from __future__ import annotations

from dataclasses import dataclass

from services.dispatch.domain.assigning.rule import Rule


@dataclass(frozen=True)
class Wish:
    """Who is to have a step, and by which rule: `only` that agent, or that agent before all others.

    `override` is a supervisor's reason for which no limit but that of a complaint's subject binds the agent.
    """

    agent: str
    rule: Rule
    only: bool = False
    override: str | None = None
