"""Who is to be given a step before all others, and by which rule somebody was given it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Rule(StrEnum):
    """Why it was this agent, as the history tells it."""

    LEAST_LOADED = "least_loaded"  # of those who can do it; among equals who had gone longest without new work
    NAMED = "named_by_the_step"  # the flow names the agent
    WISHED = "wished"  # a caller asked for the agent
    FORMER = "former_agent"  # did this step before, or had the work before it was reopened
    PREVIOUS = "agent_of_the_step_before"


@dataclass(frozen=True)
class Wish:
    """Who is to have a step, and by which rule: `only` that agent, or that agent before all others."""

    agent: str
    rule: Rule
    only: bool = False
