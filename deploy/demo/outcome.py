"""What came of it, asked of the services themselves: nothing here was counted by the demo while it played."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from deploy.demo.log import Incident
from deploy.demo.play import StackTrouble
from deploy.demo.rules import SAID, priority_of
from shared.client import Client, Request
from shared.errors import LoopdeskError

PAGE = 200
TOGETHER = 40
# How a fact in a work order's history is called in the table; in this order.
WORK = {
    "work_assigned": "assignments",
    "work_transferred": "transfers",
    "work_held": "holds",
    "work_reopened": "reopenings",
    "work_escalated": "escalations",
}


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What the services say; every member is as JSON has it."""

    tickets: dict[str, int]  # by status
    orders: dict[str, int]  # work orders by state
    work: dict[str, int]  # what happened to them, by the names in WORK
    messages: dict[str, dict[str, int]]  # channel -> fate -> how many
    kpi: dict[str, Any]
    fingerprint: str


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The whole outcome, ready for a table or JSON."""

    contacts: int
    customers: int
    answers: Answers
    parked: dict[str, int]
    refused: list[dict[str, Any]]
    untold: dict[str, int]
    first_group_transfers: int
    log_made_sla: dict[str, dict[str, int]]
    remaining: dict[str, int]
    seconds: dict[str, float]
    said: tuple[str, ...] = SAID


def pages(client: Client, service: str, method: str, what: str) -> Iterator[dict[str, Any]]:
    """Everything that a paged query finds, newest first."""
    after: dict[str, str] = {}
    while True:
        page = client.call(service, method, limit=PAGE, timeout=30, **after)
        yield from page[what]
        if not page["next"]:
            return
        after = {"after": page["next"]}


def ask(client: Client, since: datetime, until: datetime, orders: Mapping[str, str]) -> Answers:
    """Ask everybody; the work was opened in [since, until), `orders` are its numbers by incident."""
    work = _histories(client, orders)
    return Answers(
        tickets=_counted(ticket["status"] for ticket in pages(client, "intake", "find_tickets", "tickets")),
        orders=_counted(order["state"] for order in pages(client, "dispatch", "find_work", "work")),
        work=_happened(work.values()),
        messages=_messages(pages(client, "notify", "find_messages", "messages")),
        kpi=client.call("feedback", "kpi", timeout=30, **{"from": since, "to": until}),
        fingerprint=fingerprint(work),
    )


def fingerprint(work: Mapping[str, Mapping[str, Any]]) -> str:
    """One text for the whole final state: who did what when, by incident. The same in every run of the same part.

    Numbers of tickets and the times of recording are left out: those are the run's own.
    """
    told = {incident: _course(order) for incident, order in sorted(work.items())}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]


def _course(order: Mapping[str, Any]) -> dict[str, Any]:
    entries = [(entry["type"], entry["at"], entry["data"]) for entry in order["history"]]
    return {name: order[name] for name in ("state", "team", "agent", "round", "outcome")} | {"history": entries}


def made_sla(incidents: Iterable[Incident]) -> dict[str, dict[str, int]]:
    """What the log itself says it kept, by the priority at the first row, which is the one that the ticket got."""
    told: dict[str, dict[str, int]] = {}
    for incident in incidents:
        kept = told.setdefault(priority_of(incident.rows[0]), {"made": 0, "of": 0})
        kept["made"] += incident.made_sla
        kept["of"] += 1
    return dict(sorted(told.items()))


def _histories(client: Client, orders: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Incident -> its work order in full."""
    requests = [Request.query("dispatch", "get_work", order_no=order_no) for order_no in orders.values()]
    found: dict[str, dict[str, Any]] = {}
    for incident, answer in zip(orders, client.stream(requests, window=TOGETHER), strict=True):
        if isinstance(answer, LoopdeskError):
            raise StackTrouble(f"{answer.code}: {answer}")
        found[incident] = answer
    return found


def _happened(work: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """How often each of `WORK` stands in the histories."""
    facts = Counter(entry["type"] for order in work for entry in order["history"])
    return {name: facts[fact] for fact, name in WORK.items()}


def _messages(found: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    """Channel -> fate -> how many."""
    fates: dict[str, Counter[str]] = {}
    for message in found:
        fates.setdefault(message["channel"], Counter())[_fate_of(message)] += 1
    return {channel: _counted(states.elements()) for channel, states in sorted(fates.items())}


def _fate_of(message: Mapping[str, Any]) -> str:
    """The state; where it did not arrive, why."""
    lost = message["state"] in ("failed", "unknown")
    return f"{message['state']}: {message['detail']}" if lost else str(message["state"])


def _counted(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))
