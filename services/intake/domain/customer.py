"""Customers: who speaks to the desk, and how to reach them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from services.intake import errors
from shared.events import Aggregate, Fact

LANGUAGES = ("zh-CN", "en")
CHANNELS = ("sms", "email")
USUAL_TIER = "standard"
USUAL_LANGUAGE = "zh-CN"


@dataclass(frozen=True, kw_only=True)
class Customer(Aggregate):
    """A person or organisation. `phone` is E.164.

    `area` and `household` say where it lives, by the caller's own codes: who is told of an outage, and what counts as
    one home. `dates` are days of its own by name, as ISO 8601 writes them: `birthday`, `contract_end`.

    `claim` is the address, an e-mail address as `mailbox` has it, by which a submitted ticket made this customer: no
    two customers have the same claim, so that two first contacts at the same moment make one customer. It goes when
    the address changes.
    """

    customer_id: str
    name: str
    tier: str = USUAL_TIER
    language: str = USUAL_LANGUAGE
    phone: str | None = None
    email: str | None = None
    preferred_channels: tuple[str, ...] = ()
    area: str | None = None
    household: str | None = None
    time_zone: str | None = None
    dates: Mapping[str, str] = field(default_factory=dict)
    claim: str | None = None


@dataclass(frozen=True)
class Submitter:
    """Whose ticket it is; of which tier that customer was at that time, and which language it spoke."""

    customer_id: str
    tier: str = USUAL_TIER
    language: str = USUAL_LANGUAGE


def blank(customer_id: str) -> Customer:
    """Nobody yet."""
    return Customer(customer_id=customer_id, name="")


def begin(customer: Customer, fields: Mapping[str, Any], at: datetime) -> tuple[Customer, list[Fact]]:
    """A blank customer becomes somebody; `fields` are those of `Customer`. Raises MadeBefore."""
    if customer.version:
        raise errors.MadeBefore(customer.customer_id)
    return replace(customer, **_plain(fields)), [_saved(at, sorted(fields))]


def create(customer_id: str, fields: Mapping[str, Any], at: datetime) -> tuple[Customer, list[Fact]]:
    """A new customer; `fields` are those of `Customer`."""
    return begin(blank(customer_id), fields, at)


def create_from_contact(customer_id: str, fields: Mapping[str, Any], at: datetime) -> tuple[Customer, list[Fact]]:
    """A new customer that claims the address it came with; `fields` hold a phone or an e-mail address."""
    customer, facts = create(customer_id, fields, at)
    return replace(customer, claim=next(iter(_claims(customer)), None)), facts


def change(customer: Customer, fields: Mapping[str, Any], at: datetime) -> tuple[Customer, list[Fact]]:
    """The customer with `fields` replaced; nothing happened if they were so already."""
    new = {name: value for name, value in _plain(fields).items() if getattr(customer, name) != value}
    if not new:
        return customer, []
    changed = replace(customer, **new)
    if changed.claim is not None and mailbox(changed.claim) not in _claims(changed):
        changed = replace(changed, claim=None)
    return changed, [_saved(at, sorted(new))]


def mailbox(address: str) -> str:
    """Whoever has this address: people write their own in any case, and no mail system of today tells cases apart."""
    return address.lower()


def _claims(customer: Customer) -> list[str]:
    """What a customer may claim, by which it is found first."""
    return [mailbox(address) for address in (customer.phone, customer.email) if address]


def _plain(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}


def _saved(at: datetime, names: list[str]) -> Fact:
    """The history names the fields and not their values: a person's data must be erasable, the history is not."""
    return Fact("customer_saved", at, {"fields": names})
