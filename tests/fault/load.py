"""Bounded load: tickets that outside systems drive through the loop, whatever breaks meanwhile.

What was not answered is asked again with the same request id until it is, as docs/wire.md tells callers to.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count, cycle, islice
from typing import Any
from uuid import uuid4

from shared.client import Request
from shared.errors import Conflict, LoopdeskError, Unavailable
from tests.support import Stack, eventually

Document = Mapping[str, Any]

AGENTS = ("desk.01", "desk.02", "it.01", "it.02", "logistics.01")
CATEGORIES = ("network", "account", "delivery", "other")
CUSTOMERS = 40
PATIENCE_SECONDS = 360.0
_STEP_PAUSE = 0.1
_LINK = re.compile(r"survey/([A-Za-z0-9_-]{24})")
_runs = count(1)


@dataclass
class Matter:
    """One ticket of the load: what its story still lacks, and how it shall end."""

    story: str
    left: list[str]
    ticket_no: str = ""

    @property
    def order_no(self) -> str:
        return "W-" + self.ticket_no.removeprefix("T-")


#: Story -> its steps after the ticket was submitted, how often it is told, and (state, round, outcome) in the end.
STORIES: Mapping[str, tuple[tuple[str, ...], int, tuple[str, int, str | None]]] = {
    "satisfied": (("resolve", "answer 5"), 3, ("closed", 0, "satisfied")),
    "dissatisfied": (("resolve", "answer 1", "resolve again", "answer 4"), 2, ("closed", 1, "satisfied")),
    "withdrawn": (("withdraw",), 1, ("withdrawn", 0, None)),
    "held": (("hold", "resume", "resolve"), 1, ("resolved", 0, None)),
    "transferred": (("transfer", "resolve", "answer 3"), 1, ("closed", 0, "satisfied")),
    "reopened": (("resolve", "reopen", "resolve again"), 1, ("resolved", 1, None)),
    "waiting": ((), 1, ("open", 0, None)),
    "expired": (("resolve",), 0, ("closed", 0, "no_answer")),
    "part": ((), 0, ("resolved", 0, None)),  # of a mass incident
    "mended": (("complete_step",) * 4, 1, ("resolved", 0, None)),
    "declined": (("decline", "resolve"), 1, ("resolved", 0, None)),
}
#: Story -> what its contact says besides: one goes through a flow (declared.py), one to a team of several agents.
CONTACTS: Mapping[str, Document] = {"mended": {"channel": "app"}, "declined": {"category": "network"}}


@dataclass
class Load:
    """Tickets on one stack, driven by one outside system."""

    stack: Stack
    matters: list[Matter] = field(default_factory=list)
    asked: list[tuple[Request, Any]] = field(default_factory=list)  # every command with its answer

    def __post_init__(self) -> None:
        self._client = self.stack.client("importer")
        self._name = f"{uuid4().hex[:8]}-{next(_runs)}"

    # driving

    def submit(self, number: int, stories: Iterable[str] = (), **changes: Any) -> list[Matter]:
        """So many tickets, telling `stories` in turn (default: all of them); returns when each was accepted."""
        told = list(stories) or [name for name, (_, often, _) in STORIES.items() for _ in range(often)]
        new = [Matter(story, list(STORIES[story][0])) for story in islice(cycle(told), number)]
        begun = len(self.asked)
        requests = [
            self._contact(begun + place, **{**CONTACTS.get(matter.story, {}), **changes})
            for place, matter in enumerate(new)
        ]
        for matter, answer in zip(new, self.insist(requests), strict=True):
            matter.ticket_no = answer["ticket_no"]
        self.matters += new
        return new

    def drive(self, until: float = PATIENCE_SECONDS) -> None:
        """Take every step of every story, each as soon as it can be taken."""
        patience = time.monotonic() + until
        while any(matter.left for matter in self.matters):
            seen = eventually(self._seen)
            due = [(matter, request) for matter in self.matters if (request := self._next(matter, seen))]
            if due:
                self.insist([request for _, request in due])
                for matter, _ in due:
                    matter.left.pop(0)
            if time.monotonic() > patience:
                left = {f"{m.ticket_no} ({m.story}): {m.left}" for m in self.matters if m.left}
                raise AssertionError(f"{len(left)} stories are not told after {until:.0f} s: {sorted(left)[:10]}")
            if not due:
                time.sleep(_STEP_PAUSE)

    def insist(self, requests: list[Request]) -> list[Any]:
        """The answers; what could not be done, or was not answered, is asked again. Any other refusal is a failure."""
        answers: dict[int, Any] = {}
        patience = time.monotonic() + PATIENCE_SECONDS
        while len(answers) < len(requests):
            asked = [place for place in range(len(requests)) if place not in answers]
            for place, answer in zip(
                asked, self._client.call_many([requests[place] for place in asked], timeout=8.0), strict=True
            ):
                if not isinstance(answer, LoopdeskError):
                    answers[place] = answer
                elif not _may_come(answer):
                    raise AssertionError(f"{requests[place]} was refused: {answer.code} {answer}")
                elif time.monotonic() > patience:
                    raise AssertionError(f"{requests[place]} was not done in {PATIENCE_SECONDS:.0f} s: {answer}")
        done = [answers[place] for place in range(len(requests))]
        self.asked += zip(requests, done, strict=True)
        return done

    def ask_again(self) -> None:
        """Every command once more, with its own request id: the same answer, and nothing is done."""
        again = self._client.call_many([request for request, _ in self.asked], timeout=30.0)
        other = [
            f"{request.service}.{request.method} {request.fields['request_id']}: {first} -> {now!r}"
            for (request, first), now in zip(self.asked, again, strict=True)
            if now != first
        ]
        assert not other, f"{len(other)} answers have changed: {other[:5]}"

    def close(self) -> None:
        """Withdraw all that is open, so that the next test finds all agents free."""
        rows = self.stack.database["dispatch_orders"].find({"state": {"$in": OPEN}}, {"ticket_no": 1})
        left = [Matter("", [], row["ticket_no"]) for row in rows]
        self._client.call_many([self._command("intake", "withdraw_ticket", matter, reason="over") for matter in left])
        self._client.close()

    # one step

    def _next(self, matter: Matter, seen: _Seen) -> Request | None:
        """The request of the matter's next step; None if it has none, or its time has not come."""
        if not matter.left:
            return None
        step, _, score = matter.left[0].partition(" ")
        order = seen.orders.get(matter.order_no)
        if step == "withdraw":
            return self._command("intake", "withdraw_ticket", matter, reason="不用了")
        if order is None:
            return None
        if step == "answer":
            token = seen.tokens.get(f"{matter.order_no}/{order['round']}")
            answer = {"token": token, "score": int(score), "comment": f"{score} 分 🙂"}
            return self._request("feedback", "answer_survey", **answer) if token else None
        if order["state"] not in _BEFORE[step] or (score == "again") != bool(order["round"]):
            return None
        return self._command("dispatch", step, matter, **_fields(step, order))

    def _contact(self, place: int, **changes: Any) -> Request:
        number = place % CUSTOMERS
        contact: dict[str, Any] = {
            "customer": {
                "name": f"客户 {number}",
                "phone": f"+44116496{number:04d}",
                "email": f"c{number}@example.com",
            },
            "channel": "phone",
            "subject": f"断网了 {place} 😡",
            "text": "第一行\nzweite Zeile",
            "type": "fault",
            "category": CATEGORIES[place % len(CATEGORIES)],
            "impact": "low",
            "urgency": "low",
        }
        return self._request("intake", "submit_ticket", **contact | changes)

    def _command(self, service: str, method: str, matter: Matter, **fields: Any) -> Request:
        name = {"ticket_no": matter.ticket_no} if service == "intake" else {"order_no": matter.order_no}
        return self._request(service, method, **name, **fields)

    def _request(self, service: str, method: str, **fields: Any) -> Request:
        return Request.command(service, method, request_id=f"{self._name}-{uuid4().hex[:12]}", **fields)

    # looking

    def orders(self) -> dict[str, Document]:
        """The work orders that there are of the load's tickets."""
        numbers = [matter.order_no for matter in self.matters]
        rows = self.stack.database["dispatch_orders"].find(
            {"_id": {"$in": numbers}}, {"state": 1, "round": 1, "team": 1, "visits": 1}
        )
        return {row["_id"]: row for row in rows}

    def _seen(self) -> _Seen:
        return _Seen(self.orders(), tokens(self.stack))


@dataclass(frozen=True)
class _Seen:
    orders: Mapping[str, Document]
    tokens: Mapping[str, str]


def tokens(stack: Stack) -> dict[str, str]:
    """Case number -> the token that the customer got by SMS."""
    return {
        text["occurrence"].removeprefix("feedback_cases/").rpartition("/")[0]: found[1]
        for text in stack.texts()
        if (found := _LINK.search(text["text"]))
    }


def _may_come(answer: LoopdeskError) -> bool:
    return isinstance(answer, Unavailable) or (
        isinstance(answer, Conflict) and answer.details.get("rule") == "contention"
    )


OPEN = ("queued", "assigned", "accepted", "held")
_BEFORE: Mapping[str, tuple[str, ...]] = {
    "resolve": ("assigned",),
    "complete_step": ("assigned",),
    "hold": ("assigned",),
    "resume": ("held",),
    "transfer": ("assigned",),
    "decline": ("assigned",),
    "reopen": ("resolved",),
}


def _fields(step: str, order: Document) -> dict[str, Any]:
    """What the command of this step says."""
    if step == "resolve":
        return {"solution": "换了网线 🔧"}
    if step == "transfer":
        return {"team": "it" if order["team"] == "service-desk" else "service-desk", "reason": "不归我们"}
    if step == "complete_step":
        at = next(visit["step"] for visit in order["visits"] if visit["agent"])
        return {"step": at} | ({"solution": "修好了 🔧"} if at == "check" else {})
    if step == "decline":
        return {"reason": "没空"}
    return {"hold": {"reason": "waiting_for_customer"}, "reopen": {"reason": "等待客户"}}.get(step, {})
