"""An export of one's own work: its rules and people, and what the world did to each work order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any

from deploy.simulation.acts import Act, Kind
from deploy.simulation.agent_state import require_state
from deploy.simulation.errors import DamagedLog
from deploy.simulation.logfile import Row, entries_of, instant
from deploy.simulation.witness import Witness
from services.dispatch.domain.flows.flow import ONE_STEP
from services.dispatch.domain.people.agent import Agent
from services.dispatch.domain.reference.before_first_apply import BEFORE_FIRST_APPLY
from services.dispatch.domain.reference.reference import Reference
from services.dispatch.domain.work.moves import ESCALATION
from services.dispatch.schemas import reference as reference_schemas
from services.dispatch.storage.agent_documents import agent_from
from shared.errors import NotFound, ValidationError
from shared.events import KERNEL_FIELDS
from shared.schemas import load

Entry = Mapping[str, Any]
FOREVER = datetime(9999, 1, 1, tzinfo=UTC)
PRESENT = ("available", "busy")
LEFT_TO_OTHERS = ("work_declined", "work_lapsed", "work_linked")


@dataclass
class Own:
    """What stands before the work orders: versions of the reference data, and agents with when they were there."""

    bodies: dict[int, Mapping[str, Any]] = field(default_factory=lambda: {0: BEFORE_FIRST_APPLY})
    agents: dict[str, Agent] = field(default_factory=dict)
    presence: dict[str, list[tuple[datetime, datetime]]] = field(default_factory=dict)
    witness: Witness = field(default_factory=Witness)
    _built: dict[int, Reference] = field(default_factory=dict)

    def books(self, version: int) -> Reference:
        """A version of the reference data; `NotFound` if the export lacks it."""
        if version not in self._built:
            if version not in self.bodies:
                raise NotFound("version of the reference data in the export", str(version))
            self._built[version] = Reference.from_dict(self.bodies[version], version)
        return self._built[version]

    @property
    def newest(self) -> int:
        """The version that was in force in the end."""
        return max(self.bodies)

    def take(self, line: int, kind: str, row: Row) -> None:
        """A row that is no work order. Raises `DamagedLog`."""
        if kind == "reference":
            self._reference(line, row)
        elif kind == "agents":
            self._agent(line, row)
        elif kind == "hand_overs":
            self._hand_overs(line, row)

    def _reference(self, line: int, row: Row) -> None:
        version = row.get("version")
        if not isinstance(version, int) or version <= 0:
            raise DamagedLog(line, "version", f"{version!r} is no version")
        try:
            load(reference_schemas.ReferenceData, row.get("body"))
            self._built[version] = Reference.from_dict(row["body"], version)
        except ValidationError as error:
            path, messages = next(iter(sorted(error.fields.items())))
            raise DamagedLog(line, f"body.{path}", " ".join(messages)) from error
        self.bodies[version] = row["body"]

    def _agent(self, line: int, row: Row) -> None:
        agent_id, entries = str(row.get("agent_id")), entries_of(line, row)
        require_state(line, row, entries)
        try:
            self.agents[agent_id] = _agent(agent_id, row["state"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DamagedLog(line, "state", f"is no agent: {error!r}") from error
        self.witness.agent(agent_id, entries)
        self.presence[agent_id] = list(_presence(entries))

    def _hand_overs(self, line: int, row: Row) -> None:
        try:
            self.witness.register(entries_of(line, row))
        except (KeyError, TypeError, ValueError) as error:
            raise DamagedLog(line, "entries", f"tell no hand-over: {error!r}") from error


def _agent(agent_id: str, state: Mapping[str, Any]) -> Agent:
    blank = dict.fromkeys(KERNEL_FIELDS) | {"version": 0}
    exceptions = [{**one, **{name: _time(one[name]) for name in ("since", "until")}} for one in state["exceptions"]]
    times = {name: _time(value) for name, value in state["presence"].items() if name in ("since", "until")}
    own = {"presence": {**state["presence"], **times}, "exceptions": exceptions, "heard_at": None}
    agent = agent_from({**blank, **state, **own, "_id": agent_id})
    idle = {each.name: each.default for each in fields(Agent) if each.name in ("load", "open", "shift_units")}
    nothing: dict[str, Any] = {"kinds": {}, "experience": {}, "last_assigned_at": None, "shift_since": None}
    return Agent(**{**vars(agent), **idle, **nothing})


def _time(value: object) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else None


def _presence(entries: Sequence[Entry]) -> Iterator[tuple[datetime, datetime]]:
    """From when to when the agent said that it was there; signs of life leave no fact, so no such word expires."""
    since: datetime | None = None
    for entry in entries:
        if entry["type"] != "presence_set":
            continue
        there = entry["data"].get("status") in PRESENT
        if there and since is None:
            since = entry["at"]
        elif not there and since is not None:
            yield since, entry["at"]
            since = None
    if since is not None:
        yield since, FOREVER


def opening(line: int, row: Row) -> datetime:
    """When the work order of a row was opened."""
    return instant(line, "opened_at", row.get("opened_at"))


def acts_of(entries: Sequence[Entry]) -> Iterator[Act]:
    """What people and customers did, in order; what the rules did of themselves is left out."""
    for entry in entries:
        yield from ACTS.get(entry["type"], _nothing)(entry, entries)


def _nothing(entry: Entry, entries: Sequence[Entry]) -> Iterator[Act]:
    yield from ()


def _plain(kind: Kind, word: str | None = None) -> Any:
    """An act of that kind; `word`: the entry of the fact that it takes along."""

    def act(entry: Entry, entries: Sequence[Entry]) -> Iterator[Act]:
        data = entry["data"]
        yield Act(entry["at"], kind, *_where(data), word=data.get(word) if word else None)

    return act


def _where(data: Mapping[str, Any]) -> tuple[str, int]:
    return str(data.get("step") or ONE_STEP.start), int(data.get("visit") or 0)


def _responded(entry: Entry, entries: Sequence[Entry]) -> Iterator[Act]:
    """A solution is the first response, where there was none; that follows by itself."""
    place = entry["number"]
    following = entries[place] if place < len(entries) else None
    if following is None or following["type"] != "work_resolved" or following["cause"] != entry["cause"]:
        yield Act(entry["at"], Kind.RESPONDED)


def _transferred(entry: Entry, entries: Sequence[Entry]) -> Iterator[Act]:
    """By somebody, to a team; an escalation comes of itself."""
    data = entry["data"]
    yield Act(entry["at"], Kind.LEFT, *_where(data), word=None if data.get("rule") else data["team"])


def _handed_over(entry: Entry, entries: Sequence[Entry]) -> Iterator[Act]:
    yield Act(entry["at"], Kind.LEFT, *_where(entry["data"]))
    yield Act(entry["at"], Kind.ASSIGNED, *_where(entry["data"]), word=entry["data"]["agent"])


def _prioritised(entry: Entry, entries: Sequence[Entry]) -> Iterator[Act]:
    if entry["data"]["by"] != ESCALATION:
        yield Act(entry["at"], Kind.PRIORITISED, word=entry["data"]["to"])


def _completed(entry: Entry, entries: Sequence[Entry]) -> Iterator[Act]:
    yield Act(entry["at"], Kind.DONE, *_where(entry["data"]), fields=entry["data"].get("fields") or {})


ACTS: Mapping[str, Any] = {
    "work_assigned": _plain(Kind.ASSIGNED, "agent"),
    "work_accepted": _plain(Kind.ACCEPTED),
    "work_responded": _responded,
    "work_responded_again": _responded,
    "work_held": _plain(Kind.HELD, "reason"),
    "work_resumed": _plain(Kind.RESUMED),
    "work_prioritised": _prioritised,
    "work_transferred": _transferred,
    "work_handed_over": _handed_over,
    **dict.fromkeys(LEFT_TO_OTHERS, _plain(Kind.LEFT)),
    "step_completed": _completed,
    "step_skipped": _completed,
    "work_triaged": _completed,
    "work_resolved": _plain(Kind.RESOLVED),
    "work_reopened": _plain(Kind.REOPENED),
    "work_closed": _plain(Kind.CLOSED),
    "work_withdrawn": _plain(Kind.WITHDRAWN),
}
"""Type of a fact -> the acts that it tells of."""
