"""Other rules and other people: what the same log is played under."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deploy import declared
from deploy.simulation.duties import Duties, Windows
from deploy.simulation.duty import FINISH
from deploy.simulation.setting import Setting
from services.dispatch.domain.people.agent import Agent, declare
from services.dispatch.domain.reference.reference import Reference
from services.dispatch.schemas import reference as reference_schemas
from shared.errors import NotFound, ValidationError
from shared.schemas import load

Body = Mapping[str, Any]
_HEADS = re.compile(r"(?P<team>[^=]+)=(?P<sign>[+-]?)(?P<count>\d{1,4})")
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Base:
    """What the log was recorded under: the newest reference data, its agents, and when they were there."""

    body: Body
    version: int
    agents: Mapping[str, Agent]
    since: datetime
    until: datetime
    presence: Mapping[str, Windows] = field(default_factory=dict)


def setting(base: Base, name: str, body: Body | None = None, heads: Sequence[str] = ()) -> Setting:
    """The base, or another body of reference data in its place, with other numbers of agents (`it=+2`).

    Raises `ValidationError` by path, under the name; `NotFound` for a team.
    """
    wanted = base.body if body is None else body
    reference = _reference(name, wanted, base.version)
    agents = _declared(base, reference) if body is not None else dict(base.agents)
    presence = dict(base.presence)
    for change in heads:
        _change_heads(change, reference, agents, presence)
    duties = Duties(roster=reference.roster, since=base.since, until=base.until, presence=presence, finish=FINISH)
    return Setting(name=name, reference=reference, agents=list(agents.values()), duty_of=duties.of)


def _reference(name: str, body: Body, version: int) -> Reference:
    try:
        load(reference_schemas.ReferenceData, body)
        return Reference.from_dict(body, version)
    except ValidationError as error:
        raise ValidationError({f"{name}: {path}": messages for path, messages in error.fields.items()}) from error


def _declared(base: Base, reference: Reference) -> dict[str, Agent]:
    """The agents, where the other body declares them otherwise as it does; those that it takes away are not there."""
    before = Reference.from_dict(base.body, base.version).agents
    kept = {id: agent for id, agent in base.agents.items() if id in reference.agents or id not in before}
    for agent_id, entry in reference.agents.items():
        if agent_id not in kept or before.get(agent_id) != entry:
            known = kept.get(agent_id, Agent(agent_id=agent_id))
            kept[agent_id], _ = declare(replace(known, declared=0), _LONG_AGO, entry, 1)
    return dict(sorted(kept.items()))


# numbers of agents


def _change_heads(change: str, reference: Reference, agents: dict[str, Agent], presence: dict[str, Windows]) -> None:
    """`it=+2` two more, `it=-1` one less, `it=5` so many; new ones are like those of the team, in turn."""
    told = _HEADS.fullmatch(change)
    if told is None:
        raise ValidationError({"agents": [f"{change!r} is not like it=+2, it=-1 or it=5"]})
    team = reference.team(told["team"]).code
    own = [agent for agent in agents.values() if team in agent.teams and agent.capacity > 0]
    count = int(told["count"])
    more = {"+": count, "-": -count}.get(told["sign"], count - len(own))
    if not own and more > 0:
        raise NotFound("agent who takes work in team", team)
    if len(own) + more < 0:
        raise ValidationError({"agents": [f"{change!r}: the team has {len(own)} agents"]})
    for number in range(more):
        like = own[number % len(own)]
        new = replace(like, agent_id=f"{team}.new.{number + 1:02d}", name=f"{like.name}, as")
        agents[new.agent_id] = new
        if like.agent_id in presence:
            presence[new.agent_id] = presence[like.agent_id]
    for agent in own[len(own) + min(more, 0) :]:
        del agents[agent.agent_id]


# other bodies


def folder_body(folder: Path) -> Body:
    """Dispatch's part of a folder of reference data; `ValidationError` by file."""
    bodies, faults = declared.load(folder)
    own = [fault for fault in faults if not fault.file.startswith(("intake", "feedback", "notify"))]
    if own:
        raise ValidationError({f"{fault.file} {fault.path}".strip(): [fault.message] for fault in own})
    return bodies["dispatch"]


def changed_body(body: Body, file: Path) -> dict[str, Any]:
    """The body with what a YAML file says otherwise."""
    try:
        change = declared.read(file.read_text(encoding="utf-8"))
    except declared.Unreadable as error:
        raise ValidationError({file.name: [str(error)]}) from error
    return merged(body, change)


def merged(body: Body, change: Body) -> dict[str, Any]:
    """The body with the change in it: names are merged, null takes away, lists of things with a `code` go by that,
    other values are replaced (as RFC 7396 has it, but for the lists)."""
    result = deepcopy(dict(body))
    for name, value in change.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, Mapping) and isinstance(result.get(name), Mapping):
            result[name] = merged(result[name], value)
        elif _coded(value) and _coded(result.get(name)):
            result[name] = _merged_list(result[name], value)
        else:
            result[name] = deepcopy(value)
    return result


def _coded(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, Mapping) and "code" in one for one in value)


def _merged_list(old: Sequence[Body], new: Sequence[Body]) -> list[dict[str, Any]]:
    """What has a known code is changed in its place; the rest comes first: of policies, the first that fits counts."""
    by_code = {one["code"]: one for one in new}
    known = {one["code"] for one in old}
    added = [dict(one) for code, one in by_code.items() if code not in known]
    return [*added, *(merged(one, by_code.get(one["code"], {})) for one in old)]


def weights_of(text: str) -> dict[str, float]:
    """`load=1,idle=2` as weights; `ValidationError` for what is none."""
    weights: dict[str, float] = {}
    for part in text.split(","):
        name, _, value = part.partition("=")
        try:
            weights[name.strip()] = float(value)
        except ValueError as error:
            raise ValidationError({"weights": [f"{part!r} is not like load=1"]}) from error
    return weights
