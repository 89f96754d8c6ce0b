"""Where somebody is told today, and what they want: asked when a message has waited, ends, or is tried again."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from services.notify.addresses import fault
from services.notify.domain.audience import DEFAULT, LIST, AddressBook, Contact, Customer
from services.notify.domain.ledger import Message
from services.notify.domain.preferences import CUSTOMER, Wishes
from services.notify.reference import Reference as Rules
from services.notify.storage.customers import Customers
from services.notify.storage.preferences import PreferencesStore
from shared.reference import Reference

#: Recipients that the address book knows, or did.
STAFF = ("agent:", "team:", "supervisor:", "duty_manager:", LIST)


class Whereabouts:
    """Customers as intake last told, staff as the address book in force has them, others where they were."""

    def __init__(self, reference: Reference[Rules], customers: Customers, preferences: PreferencesStore) -> None:
        self._reference = reference
        self._customers = customers
        self._preferences = preferences

    def of(self, message: Message) -> tuple[str | None, Wishes]:
        """Where they are told by its channel today (None: nowhere any more), and what they want today.

        An address that a person gave for this message stays; so does where somebody was of whom nobody knows more.
        """
        customer = self.customer(message.recipient)
        wishes = self._wishes(message, customer)
        if message.given:
            return message.to, wishes
        if customer is not None:
            return _first_usable(message.channel, [customer]), wishes
        if message.recipient.startswith(STAFF) and message.said is not None:
            return _first_usable(message.channel, self.contacts(message)), wishes
        return message.to, wishes

    def wishes(self, message: Message) -> Wishes:
        """What they have said, and whoever has one of their addresses or the one that the message has."""
        return self._wishes(message, self.customer(message.recipient))

    def _wishes(self, message: Message, customer: Customer | None) -> Wishes:
        return self._preferences.wishes(message.recipient, _addresses(message, customer))

    def customer(self, recipient: str) -> Customer | None:
        """The customer whom a recipient is; None: it is none, or nobody knows them any more."""
        return self._customers.find(recipient.removeprefix(CUSTOMER)) if recipient.startswith(CUSTOMER) else None

    def contacts(self, message: Message) -> Sequence[Contact]:
        """Where the address book in force has its recipient."""
        return contacts_of(self._reference.current().staff, message)


class WhereaboutsOfMany(Whereabouts):
    """The same of certain messages, as it is now: known in two reads for all of them."""

    def __init__(
        self,
        reference: Reference[Rules],
        customers: Customers,
        preferences: PreferencesStore,
        messages: Collection[Message],
    ) -> None:
        super().__init__(reference, customers, preferences)
        ids = [one.recipient.removeprefix(CUSTOMER) for one in messages if one.recipient.startswith(CUSTOMER)]
        self._known = customers.find_many(ids)
        addresses: dict[str, list[str | None]] = {}
        for one in messages:
            addresses.setdefault(one.recipient, []).extend(_addresses(one, self.customer(one.recipient)))
        self._said = preferences.wishes_of_many(addresses)

    def _wishes(self, message: Message, customer: Customer | None) -> Wishes:
        return self._said[message.recipient]

    def customer(self, recipient: str) -> Customer | None:
        """As they were known."""
        return self._known.get(recipient.removeprefix(CUSTOMER)) if recipient.startswith(CUSTOMER) else None


def contacts_of(book: AddressBook, message: Message) -> Sequence[Contact]:
    """Where the address book has the recipient of a message: the own entry, then the team's, as when it was written."""
    if message.recipient.startswith(LIST):
        code, _, name = message.recipient.removeprefix(LIST).partition("/")
        contact = book.lists.get(code, {}).get(name)
        return [contact] if contact else []
    group, _, name = message.recipient.partition(":")
    if group == "agent":
        watches = message.rule.endswith("/watchers")
        return (book.watcher(name) if watches else book.agent(name, (message.said or {}).get("team", DEFAULT)))[1]
    teams = {"team": book.team, "supervisor": book.supervisor, "duty_manager": book.duty_manager}
    return teams[group](name)[1] if group in teams else []


def _addresses(message: Message, customer: Customer | None) -> Sequence[str | None]:
    own = (customer.phone, customer.email) if customer is not None else ()
    return (*own, message.to)


def _first_usable(channel: str, contacts: Sequence[Contact]) -> str | None:
    addresses = (contact.address(channel) for contact in contacts)
    return next((address for address in addresses if address and fault(channel, address) is None), None)
