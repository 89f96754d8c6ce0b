"""Reading a flow's definition: values from the body, and what in it names something that there is not."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from services.dispatch.domain.flows.fee_reading import read_fee
from services.dispatch.domain.flows.field_reading import RESERVED, read_field, unfit
from services.dispatch.domain.flows.fields import FieldSpec, condition_type
from services.dispatch.domain.flows.flow_conditions import read_condition, values_of
from services.dispatch.domain.flows.flow_who import read_who, unfit_who
from services.dispatch.domain.flows.steps import END, Check, Edge, Group, Split, Step
from services.dispatch.domain.reference.known import Known
from services.dispatch.domain.reference.limit_reading import read_limit
from services.dispatch.domain.reference.matter import MATTER
from shared.conditions import BadCondition, Condition

MOST_STEPS = MOST_FIELDS = 100


@dataclass
class Reader:
    """Reads one flow's body, which has the form of `flow_schemas.FlowForm`; `faults` are dotted path -> messages."""

    body: Mapping[str, Any]
    known: Known
    faults: dict[str, list[str]] = field(default_factory=dict)
    values: Mapping[str, Collection[str]] = field(default_factory=dict)  # what names in conditions may be

    def fault(self, path: str, message: str) -> None:
        """One more thing that is wrong."""
        self.faults.setdefault(path, []).append(message)

    def steps(self) -> dict[str, Step]:
        """Every step, as far as it can be read."""
        declared = self.body["steps"]
        if len(declared) > MOST_STEPS:
            self.fault("steps", f"{len(declared)} steps; {MOST_STEPS} is the most")
        for code in sorted({*declared} & {*RESERVED, END}):
            self.fault(f"steps.{code}", "is a word with a meaning of its own; give the step another code")
        fields = {code: self._fields(code, step.get("fields") or {}) for code, step in declared.items()}
        names = self._names(fields)
        self.values = values_of(self.known, fields)
        return {code: self._step(code, step, fields[code], names) for code, step in declared.items()}

    def when(self) -> Condition | None:
        """For which work the flow is."""
        return self._condition("for", self.body.get("for"), MATTER)

    def groups(self) -> dict[str, Group]:
        """The groups; a step is in one of them at most."""
        declared = self.body.get("groups") or {}
        owner: dict[str, str] = {}
        for code, group in declared.items():
            for number, step in enumerate(group["steps"]):
                path = f"groups.{code}.steps.{number}"
                self.step_code(path, step)
                if owner.setdefault(step, code) != code or step in group["steps"][:number]:
                    self.fault(path, f"{step} is in group {owner[step]} already; a step is in one group at most")
        return {code: self._group(code, group) for code, group in declared.items()}

    def step_code(self, path: str, code: str) -> None:
        """A step that is named must be there."""
        if code not in self.body["steps"]:
            self.fault(path, f"no step {code!r}; there are {', '.join(self.body['steps'])}")

    def _names(self, fields: Mapping[str, Mapping[str, FieldSpec]]) -> dict[str, Any]:
        """What conditions of steps may name; a field in two steps must be of one type."""
        first: dict[str, tuple[str, FieldSpec]] = {}
        for step, specs in fields.items():
            for name, spec in specs.items():
                owner, other = first.setdefault(name, (step, spec))
                if other.type != spec.type:
                    message = f"is {spec.type} here and {other.type} in step {owner}; give one of them another code"
                    self.fault(f"steps.{step}.fields.{name}.type", message)
        if len(first) > MOST_FIELDS:
            self.fault("steps", f"{len(first)} fields in all; {MOST_FIELDS} is the most")
        return {
            **MATTER,
            "fields": {name: condition_type(spec) for name, (_, spec) in first.items()},
            "visits": dict.fromkeys(self.body["steps"], "number"),
            "at": "time",
            "overdue": "bool",
        }

    def _fields(self, step: str, declared: Mapping[str, Mapping[str, Any]]) -> dict[str, FieldSpec]:
        for name, spec in declared.items():
            for place, message in unfit(name, spec):
                self.fault(f"steps.{step}.fields.{name}{place}", message)
        return {name: read_field(name, spec) for name, spec in declared.items()}

    def _step(
        self, code: str, body: Mapping[str, Any], specs: Mapping[str, FieldSpec], names: Mapping[str, Any]
    ) -> Step:
        path = f"steps.{code}"
        given = _with_given(names, specs)
        who = read_who(body.get("who") or {})
        for place, message in unfit_who(who, self.known):
            self.fault(f"{path}.who.{place}", message)
        limit = read_limit(body, who.team, self.known, lambda place, message: self.fault(f"{path}.{place}", message))
        if body.get("skippable") and limit is None:
            self.fault(f"{path}.skippable", "only what has a limit can be overdue; say `within`, or leave this out")
        return Step(
            code=code,
            name=body["name"],
            edges=tuple(self._edges(path, body["next"], names)),
            who=who,
            fields=specs,
            checks=tuple(self._checks(path, body.get("checks") or (), specs, given)),
            enter=self._condition(f"{path}.enter", body.get("enter"), names),
            leave=self._condition(f"{path}.leave", body.get("leave"), given),
            limit=limit,
            skippable=bool(body.get("skippable")),
            fee=read_fee(body.get("fee"), lambda place, message: self.fault(f"{path}.fee{place}", message)),
        )

    def _checks(
        self, path: str, checks: Any, specs: Mapping[str, FieldSpec], names: Mapping[str, Any]
    ) -> Iterator[Check]:
        for number, check in enumerate(checks):
            here = f"{path}.checks.{number}"
            if check["field"] not in specs:
                self.fault(
                    f"{here}.field", f"no field {check['field']!r} in this step; it has {', '.join(specs) or 'none'}"
                )
            rule = self._condition(f"{here}.rule", check["rule"], names)
            if rule is not None:
                yield Check(rule=rule, field=check["field"], message=check["message"])

    def _edges(self, path: str, declared: Any, names: Mapping[str, Any]) -> Iterator[Edge | Split]:
        """The ways out; a condition that cannot be read still counts as one."""
        ways = declared if isinstance(declared, list) else [declared]
        for number, way in enumerate(ways):
            here = f"{path}.next.{number}" if isinstance(declared, list) else f"{path}.next"
            written = {"to": way} if isinstance(way, str) else way
            when = self._condition(f"{here}.when", written.get("when"), names)
            last = number == len(ways) - 1
            if last and "when" in written:
                self.fault(
                    f"{here}.when", "the last way has no condition, so that there always is one; add one after it"
                )
            elif not last and "when" not in written:
                self.fault(here, "is always taken, so what stands after it never is; give it a `when`, or put it last")
            yield self._split(here, written, when) if "parallel" in written else self._edge(here, written, when)

    def _edge(self, path: str, way: Mapping[str, Any], when: Condition | None) -> Edge:
        if way["to"] != END:
            self.step_code(path, way["to"])
        return Edge(way["to"], when)

    def _split(self, path: str, way: Mapping[str, Any], when: Condition | None) -> Split:
        branches, join = tuple(way["parallel"]), way["join"]
        for number, branch in enumerate(branches):
            self.step_code(f"{path}.parallel.{number}", branch)
            if branch in branches[:number]:
                self.fault(f"{path}.parallel.{number}", f"{branch} is named twice; give each branch a step of its own")
        self.step_code(f"{path}.join", join)
        if join in branches:
            self.fault(f"{path}.join", f"{join} is a branch; the join is the step after all branches")
        return Split(branches, join, when)

    def _group(self, code: str, body: Mapping[str, Any]) -> Group:
        path = f"groups.{code}"
        limit = read_limit(body, None, self.known, lambda place, message: self.fault(f"{path}.{place}", message))
        assert limit is not None  # noqa: S101 - the form asks for `within`
        return Group(code=code, name=body["name"], steps=tuple(body["steps"]), limit=limit)

    def _condition(self, path: str, source: str | None, names: Mapping[str, Any]) -> Condition | None:
        if source is None:
            return None
        try:
            return read_condition(source, names, self.values)
        except BadCondition as fault:
            self.fault(path, str(fault))
            return None


def _with_given(names: Mapping[str, Any], specs: Mapping[str, FieldSpec]) -> dict[str, Any]:
    """The names as the step's own checks see them: its required fields are there, so that their times are no nulls."""
    given = {name: condition_type(spec).rstrip("?") for name, spec in specs.items() if spec.required}
    return {**names, "fields": {**names["fields"], **given}}
