"""Flows: the steps that a kind of work goes through. A definition is proved when it is read (flow_proof)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from services.dispatch.domain.flows.field_values import step_values, sure_way
from services.dispatch.domain.flows.fields import FieldSpec, condition_value
from services.dispatch.domain.flows.flow_proof import Place, prove
from services.dispatch.domain.flows.flow_reading import Reader
from services.dispatch.domain.flows.steps import END, Edge, Group, Split, Step, fee_amount
from services.dispatch.domain.reference.known import Known
from shared.conditions import Condition
from shared.errors import ValidationError

__all__ = [
    "END",
    "ONE_STEP",
    "Edge",
    "Flow",
    "Group",
    "Known",
    "Place",
    "Split",
    "Step",
    "fee_amount",
    "step_values",
    "sure_way",
]


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
        """A flow from a body that has the form of `flow_schemas.FlowForm`.

        `ValidationError` names every fault by its path, from `flows.<code>` on.
        """
        reader = Reader(body, known)
        steps, groups, when = reader.steps(), reader.groups(), reader.when()
        reopen_at = body.get("reopen_at") or body["start"]
        for name in ("start", "reopen_at"):
            if body.get(name) is not None:
                reader.step_code(name, body[name])
        places, found = prove(body["start"], steps)
        for path, message in found:
            reader.fault(path, message)
        if places.get(reopen_at):
            reader.fault("reopen_at", f"{reopen_at} is a parallel step; reopened work goes on outside parallel steps")
        if reader.faults:
            raise ValidationError({f"flows.{code}.{path}": messages for path, messages in reader.faults.items()})
        return cls(
            code=code,
            version=version,
            name=body["name"],
            start=body["start"],
            reopen_at=reopen_at,
            steps=steps,
            when=when,
            groups=groups,
            places=places,
            currency=body.get("currency") or "CNY",
        )

    def route(self, step: Step, context: Mapping[str, Any]) -> Edge | Split:
        """Where a completed, skipped or passed-over step leads; `context` is `Flow.context`."""
        return next(edge for edge in step.edges if edge.when is None or edge.when.holds(context))

    def group_of(self, step: str) -> Group | None:
        """The group that a step belongs to."""
        return next((group for group in self.groups.values() if step in group.steps), None)

    @cached_property
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
