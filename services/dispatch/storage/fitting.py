"""What an agent may have of the work that waits, as far as the database can tell: a walk then reads little in vain.

These filters let through all that the hard limits let through, and more; the choice has the last word. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from services.dispatch.domain import Agent, Order, Visit
from services.dispatch.domain.assigning.assignment import Assignment
from services.dispatch.domain.reference.matter import MATTER
from services.dispatch.domain.reference.organisation import SERVES

Filter = dict[str, Any]

#: Limits of an agent that exclude it from all work alike.
OF_ALL_WORK = frozenset({"shift", "presence", "handed_over"})
_STORED = {name: name for name in MATTER} | {"team": "own_team"}


def within_limits(agent: Agent) -> Filter:
    """Waiting work that the agent may have by the limits subject, declined, level, language, channel and kind."""
    me = agent.agent_id
    wanted: Filter = {"asked.subject": {"$ne": me}, "declined.agent": {"$ne": me}}
    wanted["visits"] = {"$elemMatch": _able(agent)}
    if agent.languages:
        wanted["asked.language"] = {"$in": ["", *_understood(agent.languages)]}
    if agent.channels:
        wanted["channel"] = {"$in": ["", *agent.channels]}
    full = sorted(kind for kind, most in agent.at_once.items() if agent.kinds.get(kind, 0) >= most)
    if full:
        wanted["type"] = {"$nin": full}
    return wanted


def _able(agent: Agent) -> Filter:
    """An open step that nobody has, and that asks for no skill, or for one at the agent's level or below."""
    skills = [{"need.skill": code, "need.level": {"$lte": level}} for code, level in sorted(agent.skills.items())]
    return {"agent": None, "$or": [{"need.skill": None}, *skills]}


def _understood(languages: Sequence[str]) -> Iterator[str | re.Pattern[str]]:
    """What `limits.speaks` says yes to."""
    for language in languages:
        main, _, region = language.partition("-")
        yield from (language, main) if region else (re.compile(f"^{re.escape(main)}(-|$)"),)


class Fitting:
    """What waits for one agent, without what it was found not to be allowed for its matter.

    What a role may do and what work weighs are conditions on the matter; so of what one of them has excluded, all is
    passed over that is alike in whatever they name.
    """

    def __init__(self, agent: Agent, assignment: Assignment) -> None:
        self._agent = agent
        self._assignment = assignment
        self._wanted = within_limits(agent)
        self._refused: list[Filter] = []

    def wanted(self) -> Filter:
        """The filter as it is now."""
        return {**self._wanted, "$nor": list(self._refused)} if self._refused else self._wanted

    def refused(self, order: Order, visit: Visit, limits: Collection[str]) -> None:
        """These limits exclude the agent from that step."""
        if self._by_matter(visit, limits):
            alike = {_STORED[name]: order.matter[name] for name in self._named()}
            if alike not in self._refused:
                self._refused.append(alike)

    def _by_matter(self, visit: Visit, limits: Collection[str]) -> bool:
        """Whether all such matter is excluded, and not only a step that asks for another role."""
        suits = visit.need.role is None or visit.need.role in SERVES[self._agent.role]
        return "capacity" in limits or ("role" in limits and suits)

    def _named(self) -> list[str]:
        """Of the matter, what those conditions may look at: what their text mentions."""
        conditions = [self._assignment.roles.get(self._agent.role), *(rule.when for rule in self._assignment.units)]
        texts = [condition.source for condition in conditions if condition is not None]
        return [name for name in MATTER if any(name in text for text in texts)]


def for_any(agents: Sequence[Agent]) -> Filter:
    """Waiting work that one of these few may have."""
    return {"$or": [within_limits(agent) for agent in agents]}
