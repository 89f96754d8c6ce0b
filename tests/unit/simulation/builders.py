"""Courses, settings and histories as tests of the simulation need them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from deploy.simulation import logfile
from deploy.simulation.course import Course, Stint
from deploy.simulation.duty import Duty, Span
from deploy.simulation.engine import Engine
from deploy.simulation.samples import Samples
from deploy.simulation.setting import Setting
from services.dispatch import domain
from services.dispatch.domain import Agent, Order
from services.dispatch.domain.assigning.record import digest, record
from services.dispatch.domain.people.presence import Status
from services.dispatch.domain.work.candidacy import Around
from services.dispatch.domain.work.picking import pick, terms_of
from services.dispatch.schemas.people import AgentFields
from services.dispatch.storage.agent_documents import agent_document
from services.dispatch.storage.assignments import OUTCOMES, document
from services.dispatch.storage.choosing import Given
from shared.clock import to_text
from shared.document import GENESIS, entry_hash
from shared.events import Fact, to_json
from tests.unit.dispatch.builders import CALENDARS, NAMES, NINE, TEAMS, a_policy, after, an_agent, reference

VERSION = 3


def a_body(**changes: Any) -> dict[str, Any]:
    """The reference data of `reference()`, as a body."""
    body = {
        "teams": TEAMS,
        "default_team": "desk",
        "skills": {"radio": "Radio"},
        "hold_reasons": dict.fromkeys(("waiting_for_customer", "waiting_for_parts", "other"), NAMES),
        "calendars": CALENDARS,
        "policies": [a_policy()],
    }
    return deepcopy(body | changes)


STRICTER = [
    a_policy(targets={name: {"first_response": "10m", "resolution": "2h"} for name in ("P1", "P2", "P3", "P4")})
]
NEWER = reference(policies=STRICTER, version=VERSION + 1)


def a_ticket(number: int = 1, **changes: Any) -> dict[str, Any]:
    said = {"type": "fault", "category": "network", "priority": "P3", "subject": "x"}
    none = dict.fromkeys(("channel", "tier", "reference"), "")
    return {"ticket_no": f"T-{number}", "customer_id": "c1", **said, **none, **changes}


def a_course(number: int = 1, *, at: datetime = NINE, handling: float = 600.0, **changes: Any) -> Course:
    """A fault that takes `handling` seconds; `priority`, `category` and the like go to the ticket."""
    own = {name: changes.pop(name) for name in list(changes) if name in Course.__dataclass_fields__}
    stints = {"work": (Stint(seconds=handling, accepted=0.0, responses=(0.0,)),)}
    return Course(**{"ticket": a_ticket(number, **changes), "opened_at": at, "stints": stints, **own})


def duty_from(*spans: tuple[datetime, datetime], finish: timedelta = timedelta(0)) -> Duty:
    return Duty([Span(since, until, since, until) for since, until in spans], finish)


def a_setting(agents: Sequence[Agent], duty: Callable[[Agent], Duty] = lambda _: Duty(), **body: Any) -> Setting:
    return Setting(name="test", reference=reference(**body), agents=agents, duty_of=duty)


def play(courses: Iterable[Course], setting: Setting) -> Engine:
    engine = Engine(courses, setting, Samples())
    engine.outcome = engine.run()
    return engine


class History:
    """One work order as dispatch records it, its chain of hashes included; assigned by the rules among `agents`."""

    def __init__(self, number: int = 1, at: datetime = NINE, agents: Sequence[Agent] = (), **ticket: Any) -> None:
        self.reference = reference(version=VERSION)
        self.agents = {agent.agent_id: agent for agent in agents or [an_agent("a1"), an_agent("a2")]}
        self.entries: list[dict[str, Any]] = []
        self.assignments: list[dict[str, Any]] = []
        self._link = GENESIS
        order, facts = domain.open_work(a_ticket(number, **ticket), at, self.reference, self.books)
        self.order: Order = replace(order, version=1)
        self._write(facts, f"event {number}", at)
        self.assign(at)

    def books(self, version: int) -> Any:
        return NEWER if version == NEWER.version else self.reference

    def assign(self, at: datetime, cause: str = "event 1") -> None:
        """What waits is given out, and why is kept."""
        for visit in domain.waiting(self.order):
            around = Around(at=at, roster=self.reference.roster)
            picked = pick(self.order, visit, self.agents, around, self.reference.assignment)
            kept = record(picked.task, picked.candidates, picked.choice, VERSION)
            terms = terms_of(self.order, picked, self.reference.assignment, digest(kept))
            choice = picked.choice
            self.order, facts = domain.assign(self.order, at, str(choice.agent_id), visit.number, choice.rule, terms)
            number = facts[0].data["assignment"]
            told = facts[0].data["choice"]
            given = Given(rule=choice.rule.value, shift=None, shift_since=at, record=kept, digest=told)
            begun = next(one for one in self.order.visits if one.assignment == number)
            row = to_json(document(self.order, begun, at, facts, given))
            self.assignments.append({name: value for name, value in row.items() if name != "_id"})
            self._write(facts, cause, at)

    def then(self, move: Callable[[Order, datetime], tuple[Order, list[Fact]]], at: datetime, cause: str) -> History:
        """What was due, then the move, as one write."""
        order, due = domain.advance(self.order, at)
        order, facts = move(order, at)
        self._write(due, "timer", at)
        self._write(facts, cause, at)
        self.order = order
        return self

    def wake(self, at: datetime) -> History:
        """The timer, a little late."""
        self.order, due = domain.advance(self.order, at)
        self._write(due, "timer", at + timedelta(seconds=1))
        return self

    def _write(self, facts: Iterable[Fact], cause: str, now: datetime) -> None:
        for fact in facts:
            entry: dict[str, Any] = {
                "number": len(self.entries) + 1,
                "type": fact.type,
                "at": to_text(fact.at),
                "recorded_at": to_text(now),
                "actor": None,
                "cause": cause,
                "data": to_json(fact.data),
                "set": to_json(fact.set),
            }
            self._link = entry["hash"] = entry_hash(self._link, entry)
            self.entries.append(entry)
            self._note(fact)

    def _note(self, fact: Fact) -> None:
        """What the row of the newest assignment keeps of a fact."""
        row = self.assignments[-1] if self.assignments else {}
        if fact.type == "work_accepted":
            row["accepted_at"] = to_text(fact.at)
        elif fact.type in OUTCOMES and row.get("ended_at") is None:
            row |= {"ended_at": to_text(fact.at), "outcome": OUTCOMES[fact.type]}

    @property
    def row(self) -> dict[str, Any]:
        """As `export_history` tells it."""
        head = {"number": len(self.entries), "hash": self._link}
        return {
            "order_no": self.order.order_no,
            "opened_at": to_text(self.order.opened_at),
            "entries": deepcopy(self.entries),
            "head": head,
            "assignments": deepcopy(self.assignments),
        }


def resolved_history(number: int = 1, at: datetime = NINE, **ticket: Any) -> History:
    """Responded after ten minutes, on hold for an hour, resolved after three."""
    later = lambda **elapsed: at + timedelta(**elapsed)  # noqa: E731
    history = History(number, at, **ticket)
    history.then(lambda order, at: domain.accept(order, at), later(minutes=5), "request 1")
    history.then(lambda order, at: domain.respond(order, at), later(minutes=10), "request 2")
    history.then(lambda order, at: domain.hold(order, at, "waiting_for_customer"), later(hours=1), "request 3")
    history.then(domain.resume, later(hours=2), "request 4")
    return history.then(lambda order, at: domain.resolve(order, at, "done", "en"), later(hours=3), "request 5")


def late_history(number: int = 1, at: datetime = NINE) -> History:
    """Nobody does anything until all has been missed; resolved then."""
    history = History(number, at, priority="P1").wake(at + timedelta(minutes=20)).wake(at + timedelta(hours=6))
    return history.then(lambda order, at: domain.resolve(order, at, "done", "en"), at + timedelta(hours=7), "request 9")


def sealed_again(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row with a chain that fits what was changed in it: as if it had been written so."""
    again = deepcopy(dict(row))
    link = GENESIS
    for entry in again["entries"]:
        link = entry["hash"] = entry_hash(link, entry)
    again["head"]["hash"] = link
    return again


def an_agent_row(agent: Agent) -> dict[str, Any]:
    """Somebody who has been there since before nine."""
    state = to_json(agent_document(agent))
    profile = {name: state[name] for name in AgentFields().fields}
    said = {"status": Status.AVAILABLE.value, "until": None}
    return {"agent_id": agent.agent_id, "state": state, **told_before(("agent_saved", profile), ("presence_set", said))}


def told_before(*facts: tuple[str, Mapping[str, Any]]) -> dict[str, Any]:
    """A history of the day before nine."""
    at = to_text(NINE - timedelta(days=1))
    entries = [
        {"number": number, "type": type, "at": at, "recorded_at": at, "actor": None, "cause": "request", "data": data}
        for number, (type, data) in enumerate(facts, start=1)
    ]
    return sealed_again({"entries": entries, "head": {"number": len(entries)}})


def an_export(
    path: Path,
    rows: Sequence[Mapping[str, Any]],
    newer: Sequence[Mapping[str, Any]] = (),
    people: Sequence[Agent] = (an_agent("a1"), an_agent("a2")),
) -> Path:
    """A file of `loopdesk export` with these work orders; `newer`: another version of the reference data."""
    told = [
        ("reference", {"version": VERSION, "body": a_body(), "at": to_text(NINE)}),
        *(("reference", {"version": VERSION + 1, "body": body, "at": to_text(NINE)}) for body in newer),
        *(("agents", an_agent_row(agent)) for agent in people),
        *(("orders", row) for row in rows),
    ]
    logfile.write(path, to_text(after(days=9)), told)
    return path


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def put_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path
