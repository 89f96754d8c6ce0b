"""Dispatch as its interface tests use it: reference data, feigned events, what work looks like."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import count
from typing import Any

from services.dispatch.domain import BEFORE_FIRST_APPLY
from shared.client import Client, Request
from shared.errors import Unavailable
from shared.events import Event
from tests.interface.feigned import Feigned
from tests.support import Stack, eventually

TEAMS = [f"probe {number:03d}" for number in range(240)]
EXPERTS, ELSEWHERE, CHIEFS = "probe experts", "it", "probe chiefs"
NUMBERS = count(9_000_001)
NAME = {"zh-CN": "步骤", "en": "Step"}
WHO_WAITS = {
    "waiting_for_customer": {"zh-CN": "等待客户", "en": "Waiting for the customer"},
    "waiting_for_vendor": {"zh-CN": "等待供应商", "en": "Waiting for a vendor"},
}
#: Round the clock; the one of tickets of the type `climbing` goes to experts when it is late.
POLICY: dict[str, Any] = {
    "code": "standard",
    "name": "Standard",
    "calendar": "always",
    "warn_at": [0.8],
    "targets": {
        "P1": {"first_response": "15m", "resolution": "4h"},
        "P2": {"first_response": "1h", "resolution": "8h"},
        "P3": {"first_response": "4h", "resolution": "3d"},
        "P4": {"first_response": "8h", "resolution": "5d"},
    },
    "pause": {"waiting_for_customer": ["first_response", "resolution", "next_update", "step", "group"]},
    "escalations": [
        {"clock": "first_response", "after": "15m", "level": 1, "tell": ["supervisor"]},
        {"clock": "resolution", "after": "15m", "level": 2, "tell": ["supervisor"]},
    ],
}
CLIMBING = POLICY | {
    "code": "climbing",
    "when": 'type == "climbing"',
    "escalations": [{"clock": "resolution", "at": 1, "level": 3, "tell": ["duty_manager"], "move_to": "expert"}],
}
#: P3 is due sooner.
HURRIED = POLICY | {
    "code": "hurried",
    "when": 'type == "hurried"',
    "targets": POLICY["targets"] | {"P3": {"first_response": "2h", "resolution": "1d"}},
}
#: In office hours, by three levels up to the duty manager.
LADDER = POLICY | {
    "code": "ladder",
    "when": 'type == "ladder"',
    "calendar": "office",
    "escalations": [
        {"clock": "resolution", "at": 0.5, "level": 1, "tell": ["owner"]},
        {"clock": "resolution", "at": 1, "level": 2, "tell": ["owner", "supervisor"]},
        {"clock": "resolution", "after": "3h", "level": 3, "tell": ["duty_manager"]},
    ],
}
OFFICE = {
    "name": "Office",
    "zone": "UTC",
    "working_day": "8h",
    "week": {day: ["09:00-12:00", "13:00-18:00"] for day in ("mon", "tue", "wed", "thu", "fri")},
}
#: Reported; looked at by an expert while somebody of the desk approves; fixed, with a fee.
REPAIR = {
    "name": {"zh-CN": "维修", "en": "Repair"},
    "for": 'type == "repair" || type == "praise"',
    "start": "report",
    "steps": {
        "report": {
            "name": NAME,
            "fields": {"symptom": {"type": "text", "required": True, "name": NAME}},
            "next": [{"parallel": ["survey", "approval"], "join": "fix"}],
        },
        "survey": {
            "name": NAME,
            "who": {"role": "expert", "skill": "radio"},
            "within": "1h",
            "skippable": "overdue",
            "next": "fix",
        },
        "approval": {"name": NAME, "next": "fix"},
        "fix": {"name": NAME, "fee": {"max": 100}, "next": "end"},
    },
}


#: Experts look at what is sensitive or unsure; heavy work takes three units, as P1 five; P2 has to be accepted within
#: 10 minutes.
ASSIGNMENT: dict[str, Any] = {
    "triage": {"team": EXPERTS, "when": "sensitive || confidence < 0.6"},
    "units": [{"when": 'type == "heavy" && priority == "P1"', "units": 5}, {"when": 'type == "heavy"', "units": 3}],
    "accept_within": {"P2": "10m"},
}


def a_body(**changes: Any) -> dict[str, Any]:
    """Dispatch's reference data, with a team and a category for every test."""
    named = {"supervisor": "chief", "duty_manager": "duty", "expert_team": EXPERTS}
    return {
        "default_team": ELSEWHERE,
        "teams": {
            ELSEWHERE: {"name": "IT"},
            EXPERTS: {"name": "Experts", "supervisor": "chief.experts"},
            CHIEFS: {"name": "Chiefs"},
            **{team: {"name": team, "categories": [team], **named} for team in TEAMS},
        },
        "skills": {"radio": "Radio"},
        "shifts": {"early": {"name": "Early", "from": "06:00", "to": "14:00"}},
        "agents": {
            "it.01": {"name": "IT 01", "teams": [ELSEWHERE], "capacity": 1},
            **{name: {"name": name, "teams": [CHIEFS], "capacity": 0} for name in ("chief", "duty", "chief.experts")},
        },
        "roles": {"intern": {"may": 'type == "enquiry"'}},
        "hold_reasons": WHO_WAITS,
        "calendars": {**BEFORE_FIRST_APPLY["calendars"], "office": OFFICE},
        "policies": [CLIMBING, LADDER, HURRIED, POLICY],
        "supervision": {"hold_limits": {"waiting_for_vendor": "1h"}},
        "flows": {"repair": REPAIR},
        "assignment": ASSIGNMENT,
    } | changes


def an_agent(agent_id: str, *teams: str, capacity: int = 2, **more: Any) -> dict[str, Any]:
    return {"agent_id": agent_id, "name": "安 🙂", "teams": list(teams), "capacity": capacity, **more}


def come(desk: Client, agent_id: str, *teams: str, capacity: int, **more: Any) -> str:
    desk.command("dispatch", "save_agent", **an_agent(agent_id, *teams, capacity=capacity, **more))
    desk.command("dispatch", "set_presence", agent_id=agent_id, status="available")
    return agent_id


def a_ticket(team: str, *, priority: str = "P3", at: datetime | None = None, **changes: Any) -> Event:
    """A ticket whose category is the team's."""
    ticket_no = f"T-{next(NUMBERS)}"
    data = {"customer_id": "C-1", "type": "fault", "category": team, "priority": priority, "subject": "断网了 😡"}
    return news("intake", "ticket_submitted", ticket_no, at=at, ticket_no=ticket_no, **{**data, **changes})


def news(source: str, kind: str, aggregate: str, *, at: datetime | None = None, number: int = 1, **data: Any) -> Event:
    now = datetime.now(UTC)
    replay = data.pop("replay_until", None)
    return Event(
        id=f"{source}_probe/{aggregate}/{kind}/{number}",
        type=kind,
        source=source,
        aggregate_id=aggregate,
        aggregate_version=number,
        number=number,
        at=at or now,
        recorded_at=now,
        replay_until=replay,
        data=data,
    )


def order_of(ticket: Event) -> str:
    return ticket.data["ticket_no"].replace("T-", "W-")


def work(desk: Client, ticket: Event) -> dict[str, Any]:
    return dict(desk.call("dispatch", "get_work", ticket_no=ticket.data["ticket_no"]))


def kept(order: dict[str, Any]) -> dict[str, Any]:
    """The work but how its clocks stand just now."""
    return {name: value for name, value in order.items() if name != "clocks"}


def standing(desk: Client, ticket: Event, state: str) -> dict[str, Any]:
    """The work, as soon as it is in this state."""

    def there() -> dict[str, Any]:
        order = work(desk, ticket)
        assert order["state"] == state
        return order

    return eventually(there)


def opened(desk: Client, tell: Feigned, *tickets: Event) -> list[dict[str, Any]]:
    """Their work, as soon as it is there."""
    tell.tell(*tickets)
    return [eventually(lambda one=one: work(desk, one)) for one in tickets]


def do(desk: Client, method: str, ticket: Event, **fields: Any) -> dict[str, Any]:
    return dict(desk.command("dispatch", method, order_no=order_of(ticket), **fields))


def happened(order: dict[str, Any]) -> list[str]:
    return [entry["type"] for entry in order["history"]]


def loads(stack: Stack, team: str) -> dict[str, int]:
    return {agent["_id"]: agent["load"] for agent in stack.database["dispatch_agents"].find({"teams": team})}


def claims(stack: Stack, team: str) -> dict[str, int]:
    """Agent -> open steps, counted from the work itself."""
    rows = stack.database["dispatch_orders"].find({"teams": team})
    return dict(Counter(visit["agent"] for row in rows for visit in row["visits"] if visit["agent"]))


def closure(ticket: Event, round: int) -> Event:
    told = {"order_no": order_of(ticket), "round": round, "outcome": "satisfied"}
    return news("feedback", "case_closed", f"{order_of(ticket)}/{round}", **told)


def dissatisfaction(ticket: Event, round: int) -> Event:
    told = {"order_no": order_of(ticket), "round": round, "score": 1, "comment": "Still broken"}
    return news("feedback", "case_dissatisfied", f"{order_of(ticket)}/{round}", **told)


def insist(client: Client, requests: Sequence[Request]) -> list[Any]:
    """The answers, refusals among them; what too many others kept from being done is asked again."""
    answers = list(client.call_many(requests, timeout=60))
    while again := [place for place, answer in enumerate(answers) if isinstance(answer, Unavailable)]:
        for place, answer in zip(again, client.call_many([requests[one] for one in again], timeout=60), strict=True):
            answers[place] = answer
    return answers
