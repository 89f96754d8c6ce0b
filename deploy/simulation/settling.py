"""Who had the work, made again: each time it was given, queued, stranded or handed over, from the state before it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from deploy.simulation.witness import Witness, around
from services.dispatch import domain
from services.dispatch.domain import Order
from services.dispatch.domain.assigning.assignment import Assignment
from services.dispatch.domain.assigning.record import candidates_of, task_of
from services.dispatch.domain.assigning.rule import Rule
from services.dispatch.domain.work import candidacy
from services.dispatch.domain.work.order import Books
from services.dispatch.domain.work.visit import Visit
from services.dispatch.domain.work.visiting import Terms
from shared.events import Fact, to_json

Entry = Mapping[str, Any]
Found = Iterator[tuple[str, str, str]]
"""What is not the same, as recorded, by the rules."""

#: What a record keeps of a wish, which histories do not tell.
WISHED = ("wish", "wish_rule", "only", "override")


def settled(before: Order, entry: Entry, record: Mapping[str, Any] | None, books: Books, witness: Witness) -> Found:
    """What of such an entry does not follow from the state before it, the record of the choice, and who there was.

    Raises what the rules raise.
    """
    kind = entry["type"]
    if kind == "work_assigned" and record is not None:
        yield from _given(before, entry, record, books, witness)
    elif kind == "work_handed_over":
        yield from _handed_over(entry, witness)
    elif kind == "work_queued":
        yield from _queued(before, entry)
    elif kind.startswith("work_stranded"):
        visit, cause, known = entry["data"]["visit"], entry["data"]["cause"], kind == "work_stranded_too"
        _, facts = domain.stranded(before, entry["at"], visit, cause, known=known)
        yield from _told(entry, facts[0])


def _given(before: Order, entry: Entry, record: Mapping[str, Any], books: Books, witness: Witness) -> Found:
    data, at = entry["data"], entry["at"]
    rules, rule = books(int(record["version"])).assignment, Rule(data["rule"])
    visit = _visit(before, data["visit"])
    terms = Terms(
        units=rules.units_of(before.matter),
        within=None if rule is Rule.PULLED else rules.accept_within(before.priority),
        principal=data["principal"],
        choice=data["choice"],
        override=data.get("override"),
    )
    _, facts = domain.assign(before, at, data["agent"], visit.number, rule, terms)
    yield from _told(entry, facts[0])
    yield from _task(before, visit, at, record, rules)
    yield from _candidates(before, visit, entry, record, witness)


def _told(entry: Entry, fact: Fact) -> Found:
    """What the fact says, and what of the steps has changed by it."""
    again, recorded = to_json(fact.data), entry["data"]
    for name in sorted(again.keys() & recorded.keys()):
        if again[name] != recorded[name]:
            yield name, str(recorded[name]), str(again[name])
    visits = (entry.get("set") or {}).get("visits")
    if visits != to_json(fact.set).get("visits"):
        yield "visits", str(visits), str(to_json(fact.set).get("visits"))


def _task(before: Order, visit: Visit, at: datetime, record: Mapping[str, Any], rules: Assignment) -> Found:
    """What was to be given out, as the record of the choice has it."""
    recorded, again = task_of(record), candidacy.task_of(before, visit, at, rules)
    for name, value in vars(again).items():
        if name not in WISHED and getattr(recorded, name) != value:
            yield f"{name} of the task", str(getattr(recorded, name)), str(value)


def _candidates(before: Order, visit: Visit, entry: Entry, record: Mapping[str, Any], witness: Witness) -> Found:
    """Whom the choice was made of: by their own lines, and by what has happened to this work."""
    task, declined = task_of(record), {one.agent for one in before.declined}
    within = around(entry["at"], entry["recorded_at"])
    for one in candidates_of(record):
        own = (one.agent_id in declined, one.agent_id == before.asked.subject, visit.lapsed.count(one.agent_id))
        if (one.declined, one.subject, one.lapsed) != own:
            recorded = f"{one.declined}, {one.subject}, {one.lapsed}"
            yield f"{one.agent_id}: declined, subject, lapsed", recorded, ", ".join(map(str, own))
        for what, recorded, told in witness.faults(one, task, within):
            yield f"{one.agent_id}: {what}", recorded, told


def _handed_over(entry: Entry, witness: Witness) -> Found:
    """Who has it then is who has the work of its owner by the hand-overs; in a queue because that one must not."""
    owner, agent = entry["data"]["principal"], entry["data"]["agent"]
    holders = witness.holders(owner, around(entry["at"], entry["recorded_at"]))
    if agent is not None and agent not in holders:
        yield "agent", str(agent), ", ".join(sorted(holders))


def _queued(before: Order, entry: Entry) -> Found:
    visit = _visit(before, entry["data"]["visit"])
    now = f"has {visit.agent}" if visit.agent is not None else visit.need.key
    if entry["data"]["need"] != now:
        yield "need", str(entry["data"]["need"]), now


def _visit(order: Order, number: int) -> Visit:
    found = next((visit for visit in order.visits if visit.number == number), None)
    if found is None:
        raise LookupError(f"no step of the visit {number} is open")
    return found
