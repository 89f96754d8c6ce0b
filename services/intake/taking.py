"""Messages that come in, stored: new tickets with their customers, replies to tickets, questions how they stand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from services.intake.domain import customer as customers
from services.intake.domain import inbound
from services.intake.domain.customer import LANGUAGES, Submitter
from services.intake.domain.inbound import StatusQuestion
from services.intake.domain.ticket import Ticket
from services.intake.errors import TicketIsOver
from services.intake.store import IntakeStore
from shared.cause import Cause
from shared.errors import Conflict, NotFound, NotYetKnown
from shared.events import Event


class Taking:
    """What notify passes on, each message once."""

    def __init__(self, store: IntakeStore) -> None:
        self._store = store

    def contact(self, event: Event) -> None:
        """It becomes a ticket, of the customer with that address."""
        said = event.data
        if not self._store.submitted(inbound.creation_id(said["reply_id"])):
            self._submit(event, self._sender(event), said)

    def reply(self, event: Event) -> None:
        """It goes to its ticket, or becomes one that names that: what is over stays over.

        A number that no ticket has is a person's mistake (`resolve_reply`): tickets are made here, so none will come.
        """
        said, store = event.data, self._store
        try:
            store.tickets.change(
                Cause.from_event(event),
                said["ticket_no"],
                lambda ticket, at: inbound.reply(ticket, at, said, self._addresses(ticket)),
            )
        except NotFound:
            self._anew(event, lambda: self._sender(event))
        except TicketIsOver:
            ticket = store.tickets.get(said["ticket_no"])
            self._anew(event, lambda: store.submitter(ticket.customer_id), follows=ticket.ticket_no)

    def status(self, event: Event) -> None:
        """Whoever asks hears how the ticket stands, if it is theirs."""
        said, store = event.data, self._store
        ticket = store.tickets.find(said["ticket_no"])
        asking = store.customer_at(**_place(said))
        addresses = self._addresses(ticket) if ticket else ()
        question = StatusQuestion(
            reply_id=said["reply_id"],
            ticket_no=said["ticket_no"],
            channel=said["channel"],
            address=said["from_"],
            language=said["language"],
        )
        language = asking.language if asking else None
        question, facts = inbound.status_told(question, ticket, event.at, addresses, language)
        store.questions.create(Cause.from_event(event), question.reply_id, question, facts)

    def _addresses(self, ticket: Ticket) -> tuple[str | None, ...]:
        owner = self._store.customers.find(ticket.customer_id)
        return (owner.phone, owner.email) if owner else ()

    def _anew(self, event: Event, who: Callable[[], Submitter], follows: str | None = None) -> None:
        """A ticket of its own; a message that was one before a person said otherwise is taken care of by that."""
        said = event.data
        own = self._store.ticket_of(inbound.creation_id(said["reply_id"]))
        if own is None:
            whole = {**said, "why": f"reply to {said['ticket_no']}", "might": []}
            whole["acknowledge"] = follows is not None  # notify knows who has heard enough today
            self._submit(event, who(), whole, follows)
            return
        self._store.tickets.change(
            Cause.from_event(event), own, lambda ticket, at: (ticket, [inbound.settled(at, said["reply_id"])])
        )

    def _submit(self, event: Event, who: Submitter, said: Mapping[str, Any], follows: str | None = None) -> None:
        store = self._store
        triage = store.reference.current()
        ticket, facts = inbound.contact(store.numbers.next(), who, said, triage, event.at, follows)
        store.tickets.create(Cause.from_event(event), inbound.creation_id(said["reply_id"]), ticket, facts)

    def _sender(self, event: Event) -> Submitter:
        """The customer with that address; one is made where there is none."""
        said = event.data
        known = self._store.customer_at(**_place(said))
        if known is not None:
            return known
        new = f"C-{inbound.creation_id(said['reply_id'])[:16]}"
        given = {"name": said["from_"][:120], **_place(said)}
        given |= {"language": said["language"]} if said["language"] in LANGUAGES else {}
        state, facts = customers.create_from_contact(new, given, event.at)
        with suppress(Conflict):  # somebody with this address came by another way at this moment
            self._store.customers.create(Cause.from_event(event), new, state, facts)
        found = self._store.customer_at(**_place(said))
        if found is None:
            raise NotYetKnown(f"the customer {new}")
        return found


def _place(said: Mapping[str, Any]) -> dict[str, str | None]:
    """Where a message came from, as customers are found."""
    by_phone = said["channel"] == "sms"
    return {"phone": said["from_"] if by_phone else None, "email": None if by_phone else said["from_"]}
