"""By which rule somebody was given a step."""

from __future__ import annotations

from enum import StrEnum


class Rule(StrEnum):
    """Why it was this agent, as the history tells it."""

    BEST_SCORE = "best_score"  # of those whom no limit excludes (choice.py)
    NAMED = "named_by_the_step"  # the flow names the agent
    WISHED = "wished"  # a caller or the customer asked for the agent
    FORMER = "former_agent"  # did this step before, or had the work before it was reopened
    PREVIOUS = "agent_of_the_step_before"
    STAND_IN = "stand_in"  # stands in for somebody who could have done it
    PULLED = "pulled"  # the agent asked for its next work
    REASSIGNED = "reassigned"  # a supervisor took it from somebody else
