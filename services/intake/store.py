"""Intake's documents: customers, tickets, and the numbers of tickets."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import datetime
from threading import Lock
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel, ReturnDocument
from pymongo.collation import Collation

from services.intake import events, schemas
from services.intake.domain.customer import USUAL_LANGUAGE, Customer, Submitter, mailbox
from services.intake.domain.inbound import StatusQuestion
from services.intake.domain.ticket import Step, Ticket
from services.intake.domain.triage import NOTHING_APPLIED, Triage
from services.intake.listing import INDEXES, SPARSE, place, query
from services.intake.submitters import Submitters
from shared.aggregates import STATE_ONLY, Aggregates
from shared.cause import Cause
from shared.errors import NotFound
from shared.events import KERNEL_FIELDS, kernel_fields
from shared.mongo import Database
from shared.reference import Reference

#: Strings only: an absent address is stored as null, and is in no index.
_A_TEXT = {"$gt": ""}


def _listed(name: str) -> IndexModel:
    keys = [(field, DESCENDING if field == "place" else ASCENDING) for field in INDEXES[name]]
    only = {"partialFilterExpression": {SPARSE[name]: _A_TEXT}} if name in SPARSE else {}
    return IndexModel(keys, name=name, **only)


#: Texts that differ in case only are one; a little more is, too (`ß` and `ss`), so what is found must be looked at.
_ANY_CASE = Collation(locale="en", strength=2)


def _by_address(field: str, **options: Any) -> IndexModel:
    only = {"partialFilterExpression": {field: _A_TEXT}}
    return IndexModel([(field, ASCENDING), ("_id", ASCENDING)], name=field, **only, **options)


COLLECTIONS: dict[str, list[IndexModel]] = {
    "intake_tickets": [
        IndexModel([("ticket_no", ASCENDING)], name="ticket_no", unique=True),
        *(_listed(name) for name in INDEXES),
    ],
    "intake_customers": [
        _by_address("phone"),
        _by_address("email", collation=_ANY_CASE),
        IndexModel([("claim", ASCENDING)], name="claim", unique=True, partialFilterExpression={"claim": _A_TEXT}),
    ],
    "intake_counters": [],
    "intake_questions": [],
}
AGGREGATES = ("intake_tickets", "intake_customers", "intake_questions")

_QUESTION = tuple(f.name for f in fields(StatusQuestion) if f.name not in (*KERNEL_FIELDS, "reply_id"))
_TICKET = tuple(field.name for field in fields(Ticket) if field.name not in KERNEL_FIELDS)
_CUSTOMER = tuple(f.name for f in fields(Customer) if f.name not in KERNEL_FIELDS and f.name != "customer_id")
_LISTED = {**STATE_ONLY, "text": 0}
_SUBMITTER = {"tier": 1, "language": 1}
_LOWEST = [("_id", ASCENDING)]

FIRST_NUMBER = 100_001
BLOCK = 100


class IntakeStore:
    """All that intake keeps."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.reference = Reference(
            db, "intake", schema=schemas.ReferenceData, build=Triage.from_dict, default=NOTHING_APPLIED
        )
        self.numbers = Numbers(db)
        self.tickets = Aggregates(
            db,
            "intake_tickets",
            what="ticket",
            to_document=_ticket_document,
            from_document=_ticket,
            published=events.TICKET_EVENTS,
            key="ticket_no",
        )
        self.customers = Aggregates(
            db,
            "intake_customers",
            what="customer",
            to_document=_customer_document,
            from_document=_customer,
            published=events.CUSTOMER_EVENTS,
        )
        self.questions = Aggregates(
            db,
            "intake_questions",
            what="question",
            to_document=_question_document,
            from_document=_question,
            published=events.QUESTION_EVENTS,
        )
        self.submitters = Submitters(self._submitter)

    def time_of(self, cause: Cause) -> datetime:
        """When what `cause` creates counts."""
        return cause.time_after(None, self.db.clock.now())

    def submitter(self, customer_id: str) -> Submitter:
        """The customer as it submits; its tier and language are at most a second old. Raises `NotFound`."""
        who = self.submitters.get(customer_id)
        if who is None:
            raise NotFound("customer", customer_id)
        return who

    def customer_at(self, phone: str | None, email: str | None) -> Submitter | None:
        """A customer with that phone, else with that mailbox; of several, the one with the lowest id."""
        rows = self.customers.collection
        found = rows.find_one({"phone": phone}, _SUBMITTER, sort=_LOWEST, hint="phone") if phone else None
        if found is None and email:
            wanted = {"email": {"$eq": email, "$gt": ""}}
            like = rows.find(wanted, _SUBMITTER | {"email": 1}, collation=_ANY_CASE, hint="email").sort(_LOWEST)
            found = next((doc for doc in like if mailbox(doc["email"]) == mailbox(email)), None)
        return Submitter(str(found["_id"]), found["tier"], found["language"]) if found else None

    def language_of(self, customer_id: str) -> str:
        """The customer's language."""
        found = self.customers.collection.find_one({"_id": customer_id}, {"_id": 0, "language": 1})
        return str(found["language"]) if found else USUAL_LANGUAGE

    def _submitter(self, customer_id: str) -> Submitter | None:
        found = self.customers.collection.find_one({"_id": customer_id}, _SUBMITTER)
        return Submitter(customer_id, found["tier"], found["language"]) if found else None

    def submitted(self, creation_id: str) -> bool:
        """Whether the call with this id has made its ticket already."""
        return self.ticket_of(creation_id) is not None

    def ticket_of(self, creation_id: str) -> str | None:
        """The number of the ticket that the call with this id has made; None: it has made none."""
        found = self.tickets.collection.find_one({"_id": creation_id}, {"ticket_no": 1})
        return str(found["ticket_no"]) if found else None

    def require_ticket(self, ticket_no: str) -> None:
        """Raises `NotFound` unless there is that ticket."""
        if self.tickets.collection.find_one({"ticket_no": ticket_no}, {"_id": 1}) is None:
            raise NotFound("ticket", ticket_no)

    def find_tickets(
        self, filters: Mapping[str, Any], limit: int, after: str | None
    ) -> tuple[list[Ticket], str | None]:
        """A page of tickets without their texts, newest first, and the cursor of the next page (None: the last)."""
        wanted, index = query(filters, after)
        rows = self.tickets.collection.find(wanted, _LISTED).hint(index)
        found = list(rows.sort("place", DESCENDING).limit(limit + 1))
        more = found[limit - 1]["place"] if len(found) > limit else None
        return [_ticket(doc) for doc in found[:limit]], more


class Numbers:
    """Ticket numbers: short, readable, never twice the same; what is left of a process's block is a gap."""

    def __init__(self, db: Database) -> None:
        self._counters = db.collection("intake_counters")
        self._left: deque[int] = deque()
        self._drawing = Lock()

    def next(self) -> str:
        """For example `T-100001`."""
        with self._drawing:
            if not self._left:
                self._draw()
            return f"T-{self._left.popleft()}"

    def _draw(self) -> None:
        counter: Any = self._counters.find_one_and_update(
            {"_id": "ticket_no"}, {"$inc": {"drawn": BLOCK}}, upsert=True, return_document=ReturnDocument.AFTER
        )
        end = FIRST_NUMBER + int(counter["drawn"])
        self._left.extend(range(end - BLOCK, end))


def _ticket_document(ticket: Ticket) -> dict[str, Any]:
    own = {name: getattr(ticket, name) for name in _TICKET}
    return {
        **own,
        "steps": [asdict(step) for step in ticket.steps],
        "place": place(ticket.created_at, ticket.ticket_no),
    }


def _ticket(doc: Mapping[str, Any]) -> Ticket:
    """A list leaves the text out; a ticket from before a field was thought of has its default."""
    own: dict[str, Any] = {"text": "", **{name: doc[name] for name in _TICKET if name in doc}}
    steps = tuple(Step(**step) for step in own.get("steps", ()))
    return Ticket(**{**own, "steps": steps}, **kernel_fields(doc))


def _customer_document(customer: Customer) -> dict[str, Any]:
    return {name: getattr(customer, name) for name in _CUSTOMER}


def _customer(doc: Mapping[str, Any]) -> Customer:
    """A customer from before a field was thought of has its default."""
    own = {name: doc[name] for name in _CUSTOMER if name in doc}
    own["preferred_channels"] = tuple(own["preferred_channels"])
    return Customer(customer_id=doc["_id"], **own, **kernel_fields(doc))


def _question_document(question: StatusQuestion) -> dict[str, Any]:
    return {name: getattr(question, name) for name in _QUESTION}


def _question(doc: Mapping[str, Any]) -> StatusQuestion:
    return StatusQuestion(reply_id=doc["_id"], **{name: doc[name] for name in _QUESTION}, **kernel_fields(doc))
