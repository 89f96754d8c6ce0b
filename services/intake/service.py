"""Intake's RPC methods."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.intake import answers, schemas
from services.intake.domain import customer as customers
from services.intake.domain import ticket as tickets
from services.intake.domain.customer import Submitter
from services.intake.store import IntakeStore
from shared.bus import Call, Health, command, query
from shared.errors import Conflict, ValidationError
from shared.mongo import Mongo
from shared.reference import ReferenceData
from shared.verification import Verification


class Intake(Health, ReferenceData, Verification):
    """What came in: customers and tickets."""

    name = "intake"
    store = Mongo(IntakeStore)

    @command("submit", schemas.SaveCustomer)
    def save_customer(self, call: Call, customer_id: str | None = None, **given: Any) -> Any:
        """Creates a customer, or changes the given fields of one: {customer_id, version}.

        Raises NotFound, MadeBefore.
        """
        if customer_id is not None:
            saved = self.store.customers.change(
                call, customer_id, lambda customer, at: customers.change(customer, given, at), answers.saved_customer
            )
            self.store.submitters.forget(customer_id)
            return saved
        new = _customer_id(call)
        # not `create`: a request id must not both make one customer and change another
        return self.store.customers.change_or_create(
            call,
            new,
            lambda: customers.blank(new),
            lambda customer, at: customers.begin(customer, given, at),
            answers.saved_customer,
        )

    @query("read", schemas.GetCustomer)
    def get_customer(self, call: Call, customer_id: str) -> Any:
        """The customer. Raises NotFound."""
        return answers.customer(self.store.customers.get(customer_id))

    @command("submit", schemas.SubmitTicket)
    def submit_ticket(
        self,
        call: Call,
        customer_id: str | None = None,
        customer: Mapping[str, Any] | None = None,
        **contact: Any,
    ) -> Any:
        """Makes a ticket: {ticket_no, customer_id, status, priority, created_at, version}.

        Raises NotFound (customer, the incident's ticket), UnknownCategory, NotHappenedYet.
        """
        if contact.get("incident") is not None:
            self.store.require_ticket(contact["incident"])
        at = self.store.time_of(call)
        number, triage = self.store.numbers.next(), self.store.reference.current()
        known = self._known_customer(customer_id, customer)
        who = known or _new_submitter(call, customer or {})
        try:
            state, facts = tickets.submit(number, who, contact, triage, at)
        except ValidationError:
            # what was accepted stays accepted, though the categories have changed since
            if self.store.submitted(call.creation_id()):
                return self.store.tickets.kept(call, call.creation_id())
            raise
        if known is None and customer is not None and not self.store.submitted(call.creation_id()):
            who = self._create_customer(call, who, customer, at)
            state, facts = tickets.submit(number, who, contact, triage, at)
        return self.store.tickets.create(call, call.creation_id(), state, facts, answers.receipt)

    @query("read", schemas.GetTicket)
    def get_ticket(self, call: Call, ticket_no: str) -> Any:
        """The ticket with its whole history, names in its customer's language. Raises NotFound."""
        ticket, history = self.store.tickets.shown(ticket_no)
        return answers.ticket(ticket, history, self.store.language_of(ticket.customer_id))

    @query("read", schemas.FindTickets)
    def find_tickets(self, call: Call, limit: int, after: str | None = None, **filters: Any) -> Any:
        """A page, newest first: {tickets: [...], next: what `after` is for the next page, or null}."""
        found, more = self.store.find_tickets(filters, limit, after)
        return {"tickets": [answers.summary(ticket) for ticket in found], "next": more}

    @command("submit", schemas.AddNote)
    def add_note(self, call: Call, ticket_no: str, text: str) -> Any:
        """Adds a text to the ticket's history. Raises NotFound."""
        return self.store.tickets.change(
            call, ticket_no, lambda ticket, at: tickets.add_note(ticket, text, at), answers.receipt
        )

    @command("submit", schemas.WithdrawTicket)
    def withdraw_ticket(self, call: Call, ticket_no: str, reason: str) -> Any:
        """The customer wants no more of it. Raises NotFound, NotWithdrawable."""
        return self.store.tickets.change(
            call, ticket_no, lambda ticket, at: tickets.withdraw(ticket, reason, at), answers.receipt
        )

    @command("submit", schemas.UrgeTicket)
    def urge_ticket(self, call: Call, ticket_no: str, note: str | None) -> Any:
        """The customer asks for it to be done at last. Raises NotFound, NothingToUrge, TooSoon."""
        triage = self.store.reference.current()
        return self.store.tickets.change(
            call, ticket_no, lambda ticket, at: tickets.urge(ticket, note, triage, at), answers.receipt
        )

    @command("backdate", schemas.EndReplay)
    def end_replay(self, call: Call, ticket_no: str) -> Any:
        """The ticket, its work order and its cases go live. Raises NotFound, NotInReplay."""
        return self.store.tickets.change(call, ticket_no, tickets.end_replay, answers.receipt)

    def _known_customer(self, customer_id: str | None, customer: Mapping[str, Any] | None) -> Submitter | None:
        if customer_id is not None:
            who: Submitter = self.store.submitter(customer_id)
            return who
        given = customer or {}
        known: Submitter | None = self.store.customer_at(given.get("phone"), given.get("email"))
        return known

    def _create_customer(self, call: Call, who: Submitter, given: Mapping[str, Any], at: datetime) -> Submitter:
        """The customer that this call made, or that another made from the same address just before."""
        state, facts = customers.create_from_contact(who.customer_id, given, at)
        try:
            self.store.customers.create(call.without_key(), who.customer_id, state, facts)
        except Conflict:
            other: Submitter | None = self.store.customer_at(given.get("phone"), given.get("email"))
            if other is None:
                raise
            return other
        return who


def _new_submitter(call: Call, given: Mapping[str, Any]) -> Submitter:
    known = {name: given[name] for name in ("tier", "language") if name in given}
    return Submitter(_customer_id(call), **known)


def _customer_id(call: Call) -> str:
    """The same for every repetition of the call."""
    return f"C-{call.creation_id()[:16]}"
