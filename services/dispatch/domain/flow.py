"""Flows: the steps that a kind of work goes through. A definition is proved when it is read (flow_proof)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from services.dispatch.domain.fields import FieldSpec, condition_value
from services.dispatch.domain.steps import END, Edge, Group, Split, Step
from shared.conditions import Condition

#: Where a step stands: the parallel branches around it, outermost first, each (step, edge, branch); () is top level.
Place = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, kw_only=True)
class Known:
    """What a flow may name: codes; agents with their teams; calendars with their working day (None: they have none).

    `default_calendars` are those of the policies, in which a limit without a calendar of its own counts;
    `with_experts` are the teams that have an expert team.
    """

    teams: Collection[str] = ()
    with_experts: Collection[str] = ()
    roles: Collection[str] = ("agent", "expert", "supervisor")
    skills: Collection[str] = ()
    agents: Mapping[str, Collection[str]] = field(default_factory=dict)
    calendars: Mapping[str, timedelta | None] = field(default_factory=dict)
    default_calendars: Collection[str] = ()


@dataclass(frozen=True, kw_only=True)
class Flow:
    """One version of a flow; `when` None: it applies to all work. `places` holds every step of it."""

    code: str
    version: int
    name: Mapping[str, str]
    start: str
    reopen_at: str
    steps: Mapping[str, Step]
    when: Condition | None = None
    groups: Mapping[str, Group] = field(default_factory=dict)
    places: Mapping[str, Place] = field(default_factory=dict)
    currency: str = "CNY"

    @classmethod
    def from_dict(cls, code: str, body: Mapping[str, Any], version: int, known: Known) -> Flow:
        """A flow from a body that has the form of `flow_schemas.Flow`.

        `ValidationError` names every fault by its path, from `flows.<code>` on.
        """
        raise NotImplementedError

    def route(self, step: Step, context: Mapping[str, Any]) -> Edge | Split:
        """Where a completed, skipped or passed-over step leads; `context` is `Flow.context`."""
        return next(edge for edge in step.edges if edge.when is None or edge.when.holds(context))

    def group_of(self, step: str) -> Group | None:
        """The group that a step belongs to."""
        return next((group for group in self.groups.values() if step in group.steps), None)

    @property
    def fields(self) -> dict[str, FieldSpec]:
        """Every field of every step, by code."""
        return {name: spec for step in self.steps.values() for name, spec in step.fields.items()}

    def context(
        self,
        matter: Mapping[str, str],
        values: Mapping[str, Any],
        visits: Mapping[str, int],
        at: datetime,
        *,
        overdue: bool = False,
    ) -> dict[str, Any]:
        """What conditions of this flow see: the matter, the kept values so far, how often each step was opened."""
        specs = self.fields
        seen = {name: condition_value(specs[name], value) for name, value in values.items() if name in specs}
        return {**matter, "fields": seen, "visits": dict(visits), "at": at, "overdue": overdue}


#: What work without a definition goes through.
ONE_STEP = Flow(
    code="",
    version=0,
    name={"zh-CN": "处理", "en": "Work"},
    start="work",
    reopen_at="work",
    steps={"work": Step(code="work", name={"zh-CN": "处理", "en": "Work"}, edges=(Edge(END),))},
    places={"work": ()},
)
