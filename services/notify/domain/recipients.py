"""The recipients of a broadcast: customers, or addresses of whoever it is. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from services.notify.domain.audience import CALL, Customer
from services.notify.domain.preferences import ADDRESS, CUSTOMER, NOT_WANTED, Wishes, mailbox

UNKNOWN_CUSTOMER, NO_OUTAGE = "unknown_customer", "no_outage_in_area"
NO_PHONE = "no_phone"


@dataclass(frozen=True)
class Entry:
    """One recipient as it was listed: a customer's id, else a phone or an e-mail address, as they came.

    `area`, `household` and `language` count before those that the customer has; `variables` are its own.
    """

    customer_id: str | None = None
    phone: str | None = None
    email: str | None = None
    name: str | None = None
    area: str | None = None
    household: str | None = None
    language: str | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Target:
    """Somebody who is to be told, and what is known of them; `fault`: why they cannot be."""

    recipient: str
    contact: Customer
    variables: Mapping[str, Any] = field(default_factory=dict)
    area: str | None = None
    household: str | None = None
    fault: str | None = None

    @property
    def name(self) -> str:
        """How to call them; empty where nobody knows."""
        return self.contact.name

    @property
    def listed(self) -> bool:
        """Whether nobody knows more of them than the list says."""
        return not self.contact.customer_id

    @property
    def preferred(self) -> Sequence[str]:
        """The channels that they want first."""
        return self.contact.preferred_channels

    @property
    def zone(self) -> str | None:
        """Their time zone; None: the desk's."""
        return self.contact.time_zone

    @property
    def addresses(self) -> list[str]:
        """All that there are."""
        return [address for address in (self.contact.phone, self.contact.email) if address]


def of_customer(customer: Customer) -> Target:
    """A customer who was found."""
    return Target(f"{CUSTOMER}{customer.customer_id}", customer, {}, customer.area, customer.household)


def of_entry(entry: Entry, customers: Mapping[str, Customer]) -> Target:
    """Whom an entry means. Whether an address can be one is asked when a channel is chosen."""
    if entry.customer_id is None:
        who = nobody(name=entry.name or "", phone=entry.phone, email=entry.email, language=entry.language)
        named = entry.phone or mailbox(entry.email or "")
        return Target(f"{ADDRESS}{named}", who, entry.variables, entry.area, entry.household)
    recipient = f"{CUSTOMER}{entry.customer_id}"
    customer = customers.get(entry.customer_id)
    if customer is None:
        return Target(recipient, nobody(), entry.variables, entry.area, entry.household, UNKNOWN_CUSTOMER)
    known = replace(customer, language=entry.language or customer.language)
    return Target(recipient, known, entry.variables, entry.area or customer.area, entry.household or customer.household)


def nobody(name: str = "", **known: str | None) -> Customer:
    """Somebody who is no customer; `known`: phone, email, language."""
    return Customer(customer_id="", name=name, **known)  # type: ignore[arg-type]  # names of fields that are texts


def to_call(people: Sequence[Target], wishes: Mapping[str, Wishes], kind: str, obligatory: bool) -> Target | None:
    """Who of a household is called: the first who has a telephone and does not mind a call about this; None: nobody."""
    for one in people:
        phone = one.contact.phone
        if phone and wishes[one.recipient].refuse(kind, obligatory, CALL, phone) is None:
            return one
    return None


def why_not_called(people: Sequence[Target]) -> str:
    """Why nobody of a household is called: `no_phone`, or `channel_not_wanted` by those who have one."""
    return NOT_WANTED if any(one.contact.phone for one in people) else NO_PHONE
