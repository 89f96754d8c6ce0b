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
    resolved_in_time: dict[str, bool]  # by incident: what dispatch's resolution clock says in the end
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
    agreement: dict[str, dict[str, int]]
    explained: dict[str, Any]
    remaining: dict[str, int]
    seconds: dict[str, float]
    broadcast: dict[str, Any]  # its proof, and its messages by channel and state
    rendered: dict[str, Any]  # `folder`, from the project's root, and how many `messages` stand there
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
        resolved_in_time={incident: bool(order["resolution"]["met"]) for incident, order in work.items()},
        fingerprint=fingerprint(work),
    )


def fingerprint(work: Mapping[str, Mapping[str, Any]]) -> str:
    """One text for the whole final state: who did what when, by incident. The same in every run of the same part.

    Numbers of tickets, the times of recording and the digests of choices, which hold both, are left out: those are the
    run's own.
    """
    told = {incident: _course(order) for incident, order in sorted(work.items())}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]


def _course(order: Mapping[str, Any]) -> dict[str, Any]:
    entries = [(entry["type"], entry["at"], _apart_from_its_run(entry["data"])) for entry in order["history"]]
    return {name: order[name] for name in ("state", "team", "agent", "round", "outcome")} | {"history": entries}


def _apart_from_its_run(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name != "choice"}


def made_sla(incidents: Iterable[Incident]) -> dict[str, dict[str, int]]:
    """What the log itself says it kept, by the priority at the last row."""
    return _by_priority((incident, incident.made_sla) for incident in incidents)


def agreement(incidents: Iterable[Incident], resolved_in_time: Mapping[str, bool]) -> dict[str, dict[str, int]]:
    """Where the resolution clock and the log's made_sla say the same, by the priority at the last row."""
    played = (incident for incident in incidents if incident.number in resolved_in_time)
    return _by_priority((one, resolved_in_time[one.number] == one.made_sla) for one in played)


def _by_priority(told: Iterable[tuple[Incident, bool]]) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {}
    for incident, true in told:
        count = counts.setdefault(priority_of(incident.rows[-1]), {"made": 0, "of": 0})
        count["made"] += true
        count["of"] += 1
    return dict(sorted(counts.items()))


def explained(client: Client, work: Mapping[str, str], resolved_in_time: Mapping[str, bool]) -> dict[str, Any]:
    """One deadline that explains itself: the resolution of the first incident that missed it (or of the first)."""
    if not work:
        return {}
    incident = next((one for one in sorted(work) if not resolved_in_time[one]), min(work))
    answer: dict[str, Any] = client.call("dispatch", "explain_deadline", order_no=work[incident], clock="resolution")
    return answer


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
