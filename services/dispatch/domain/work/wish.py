"""Who is to be given a step before all others."""

from __future__ import annotations

from dataclasses import dataclass

from services.dispatch.domain.assigning.rule import Rule


@dataclass(frozen=True)
class Wish:
    """Who is to have a step, and by which rule: `only` that agent, or that agent before all others."""

    agent: str
    rule: Rule
    only: bool = False
