"""People who write to us once each, by SMS, through processes that die: what came of every message, by count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import uuid4

from shared.client import Request
from tests.journey.inbound import Inbound
from tests.journey.outside import Outside
from tests.support import Stack, eventually

#: Kind of message -> what it says; a contact says something that nobody has asked, each something else.
SAYS = {"survey": "5", "appointment": "1", "contact": "The lamp {} is dark", "status": "T-1", "stop": "STOP"}
KINDS = tuple(SAYS)
#: Kind -> the event of which its sender is told, once.
TOLD_OF = {"contact": "contact_taken", "status": "ticket_status_told", "stop": "contact_unsubscribed"}
AGENT = "replies.01"
_numbers = count(2_000_000)
_WITH_THE_CONSUMERS = ["handed_over", "sent", "delivered"]


@dataclass
class Person:
    """Somebody with a phone; `order_no`: the work of which the question is, where they are asked one."""

    kind: str
    phone: str
    text: str
    order_no: str = ""
    reply_id: str = ""


class Repliers:
    """So many of them, of each kind as many, each asked what they will answer."""

    def __init__(self, stack: Stack, size: int) -> None:
        self._stack, self._outside = stack, Outside(stack)
        self._inbound, name = Inbound(stack, self._outside), uuid4().hex[:8]
        kinds = [KINDS[number % len(KINDS)] for number in range(size)]
        self._people = [
            Person(kind, f"+44116{next(_numbers)}", SAYS[kind].format(f"{name} {number}"))
            for number, kind in enumerate(kinds)
        ]
        self.told: list[Person] = []
        self._ask([one for one in self._people if one.kind in ("survey", "appointment")])

    def tell(self, number: int) -> None:
        """So many more of them write; every other message is told twice."""
        for _ in range(number):
            at = len(self.told)
            assert at < len(self._people), "more crashes than messages for them"
            one = self._people[at]
            one.reply_id = self._inbound.sms(one.phone, one.text, times=1 + at % 2)
            self.told.append(one)

    def rows(self) -> Counter[str]:
        """State -> replies; a ticket that has no number yet is `ticket_to_be`."""
        mine = {"_id": {"$in": [one.reply_id for one in self.told]}}
        found = self._stack.database["notify_replies"].find(mine, {"state": 1, "ticket_no": 1})
        return Counter(
            "ticket_to_be" if row["state"] == "ticket" and not row.get("ticket_no") else row["state"] for row in found
        )

    def open(self) -> int:
        """How many have not come to their end."""
        rows = self.rows()
        return len(self.told) - sum(rows.values()) + rows["matched"] + rows["ticket_to_be"]

    def effects(self) -> dict[str, dict[int, int]]:
        """Kind -> number of effects -> of how many messages."""
        counted = {kind: Counter(self._effects(one) for one in self.told if one.kind == kind) for kind in KINDS}
        return {kind: dict(numbers) for kind, numbers in counted.items()}

    def answers(self) -> dict[int, int]:
        """How often their senders were told what became of it -> of how many messages."""
        return dict(Counter(self._answers(one) for one in self.told if one.kind in TOLD_OF))

    def customers(self) -> dict[int, int]:
        """How many customers have a sender's phone -> of how many senders of whom there must be one."""
        known = [one.phone for one in self.told if one.kind in ("survey", "appointment", "contact")]
        rows = self._stack.database["intake_customers"]
        return dict(Counter(rows.count_documents({"phone": phone}) for phone in known))

    # what came of it

    def _effects(self, one: Person) -> int:
        if one.kind == "contact":
            return self._stack.database["intake_tickets"].count_documents({"text": one.text})
        if one.kind == "appointment":
            history = self._outside.workbench.call("dispatch", "get_work", order_no=one.order_no)["history"]
            return sum(entry["type"] == "appointment_confirmed" for entry in history)
        where = {
            "survey": ("feedback_cases", f"{one.order_no}/0", "survey_answered"),
            "status": ("intake_questions", one.reply_id, "ticket_status_told"),
            "stop": ("notify_preferences", f"address:{one.phone}", "contact_unsubscribed"),
        }
        return self._happened(*where[one.kind])

    def _happened(self, collection: str, key: str, kind: str) -> int:
        found: Mapping[str, Any] = self._stack.database[collection].find_one({"_id": key}) or {"history": []}
        return sum(entry["type"] == kind for entry in found["history"])

    def _answers(self, one: Person) -> int:
        return self._stack.database["notify_messages"].count_documents({"to": one.phone, "event": TOLD_OF[one.kind]})

    # before it

    def _ask(self, people: list[Person]) -> None:
        """Each has a matter: half of these are mended and followed up, to the others somebody will come."""
        agent = {"agent_id": AGENT, "name": "安", "teams": ["service-desk"], "capacity": 1_000}
        self._outside.supervisor.command("dispatch", "save_agent", **agent)
        self._outside.workbench.command("dispatch", "set_presence", agent_id=AGENT, status="available")
        contact = {"channel": "phone", "subject": "Dark", "text": "Dark", "type": "fault", "category": "other"}
        contact |= {"impact": "medium", "urgency": "medium"}
        asked = [{**contact, "customer": {"name": "客户", "language": "en", "phone": one.phone}} for one in people]
        made = self._outside.importer.call_many(
            [Request.command("intake", "submit_ticket", **contact) for contact in asked]
        )
        for one, ticket in zip(people, made, strict=True):
            one.order_no = "W-" + ticket["ticket_no"].removeprefix("T-")
        for one in people:
            self._question(one)
        phones = [one.phone for one in people]
        wanted = {"to": {"$in": phones}, "answers": {"$gt": ""}, "state": {"$in": _WITH_THE_CONSUMERS}}
        eventually(lambda: self._stack.database["notify_messages"].count_documents(wanted) == len(phones))

    def _question(self, one: Person) -> None:
        desk = self._outside.workbench

        def assigned() -> bool:
            return bool(desk.call("dispatch", "get_work", order_no=one.order_no)["state"] == "assigned")

        eventually(assigned)
        if one.kind == "survey":
            desk.command("dispatch", "resolve", order_no=one.order_no, solution="A new lamp")
        else:
            starts_at = datetime.now(UTC) + timedelta(days=2)
            desk.command("dispatch", "set_appointment", order_no=one.order_no, starts_at=starts_at)
