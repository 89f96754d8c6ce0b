"""Rules: who is told of an event, by which channels in order, with which template."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from services.notify.domain.audience import LIST, STAFF, TELL, AddressBook, Contact, Customer, Found, Way
from shared.conditions import Condition
from shared.lanes import LANES

NO_ADDRESS = "no_address"
Usable = Callable[[str, str, str, str], str | None]
"""(recipient, kind, channel, address) -> why it cannot be used; None: it can."""
URGENCIES = (URGENT, NORMAL, BULK) = LANES
"""Each its own queue; an urgent message also goes at night."""


@dataclass(frozen=True)
class Rule:
    """On `event` tell `audience` by the first of `channels` that there is an address for; the others are its fallback.

    Only where the condition `when` holds for what the event says; None: always. `kind` is what it is about, for
    preferences; the message is `obsolete` once one of these events of the same work has happened since; `answers` is
    what a reply to it may be.
    """

    event: str
    audience: str
    channels: tuple[str, ...]
    template: str
    kind: str
    urgency: str
    valid_for: timedelta
    when: Condition | None = None
    obsolete: tuple[str, ...] = ()
    answers: str | None = None

    @property
    def channel(self) -> str:
        """The channel that is wanted first."""
        return self.channels[0]

    @property
    def name(self) -> str:
        """`work_closed/customer`; two rules of one name share no channel."""
        return f"{self.event}/{self.audience}"


@dataclass(frozen=True)
class Notice:
    """One text that is owed to one recipient; `to` None: it can be sent nowhere.

    `then`: the channels left, in order, should this one fail. `refused`: the channels that are out of the question,
    with why: `no_address`, or what `Usable` says.
    """

    rule: Rule
    recipient: str
    channel: str
    to: str | None
    language: str | None
    then: tuple[str, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()

    @property
    def why_not(self) -> str:
        """Why the channel that is wanted first cannot be used."""
        return next((why for channel, why in self.refused if channel == self.channel), NO_ADDRESS)

    @property
    def ways(self) -> set[Way]:
        """How this recipient is told: by the channel that was wanted, and by the one that it is."""
        return {(self.recipient, self.rule.channel), (self.recipient, self.channel)}


def rules_for(rules: Sequence[Rule], event: str, data: Mapping[str, Any]) -> list[Rule]:
    """The rules of an event that says this, in their order."""
    return [rule for rule in rules if rule.event == event and (rule.when is None or rule.when.holds(data))]


def needs_customer(rules: Sequence[Rule]) -> bool:
    """Whether these rules can be followed only with the customer's data."""
    return any(rule.audience == "customer" for rule in rules)


def anything(recipient: str, kind: str, channel: str, address: str) -> None:
    """`Usable` where every address will do."""


def notices(
    rules: Sequence[Rule],
    book: AddressBook,
    data: Mapping[str, Any],
    customer: Customer | None,
    usable: Usable = anything,
) -> list[Notice]:
    """What these rules owe on an event with `data`; `customer` may be None only if no rule needs one.

    Nobody gets two notices by one channel, be it the wanted one or the fallback, even where several audiences are the
    same people.
    """
    return [one.notice for one in considered(rules, book, data, customer, usable) if one.told_by is None]


@dataclass(frozen=True)
class Considered:
    """A notice, and the rule that tells this recipient by the same channel already, if one does."""

    notice: Notice
    told_by: Rule | None


def considered(
    rules: Sequence[Rule],
    book: AddressBook,
    data: Mapping[str, Any],
    customer: Customer | None,
    usable: Usable = anything,
) -> Iterator[Considered]:
    """Everybody whom these rules mean, as in `notices`, those who are told already included."""
    taken: dict[Way, Rule] = {}
    for rule in rules:
        preferred = customer.preferred_channels if customer and rule.audience == "customer" else ()
        for recipient, contacts in _audience(rule, book, data, customer):
            notice = notice_of(rule, recipient, contacts, preferred, usable)
            told_by = next((taken[way] for way in sorted(notice.ways) if way in taken), None)
            if told_by is None:
                taken |= dict.fromkeys(notice.ways, rule)
            yield Considered(notice, told_by)


def _audience(rule: Rule, book: AddressBook, data: Mapping[str, Any], customer: Customer | None) -> Iterator[Found]:
    if rule.audience == "customer":
        assert customer is not None, "the caller looks the customer up"  # noqa: S101 - a programming error
        yield f"customer:{customer.customer_id}", [customer]
        return
    if rule.audience.startswith(LIST):
        yield from book.listed(rule.audience.removeprefix(LIST))
        return
    meant = [TELL[word] for word in data["tell"]] if rule.audience == "told" else [rule.audience]
    for audience in meant:
        yield from STAFF[audience](book, data)


def notice_of(
    rule: Rule,
    recipient: str,
    contacts: Sequence[Contact],
    preferred: Sequence[str] = (),
    usable: Usable = anything,
) -> Notice:
    """How one recipient is told. Channel before person: a team's mailbox by the wanted channel comes before the agent's
    own by the next one."""
    order = in_order(rule.channels, preferred)
    refused: list[tuple[str, str]] = []
    for position, channel in enumerate(order):
        why = NO_ADDRESS
        for contact in contacts:
            address = contact.address(channel)
            unusable = usable(recipient, rule.kind, channel, address) if address else NO_ADDRESS
            if unusable is None:
                left = order[position + 1 :]
                return Notice(rule, recipient, channel, address, contact.language, left, tuple(refused))
            why = unusable if address else why
        refused.append((channel, why))
    language = contacts[0].language if contacts else None
    return Notice(rule, recipient, order[0], None, language, (), tuple(refused))


def in_order(channels: Sequence[str], preferred: Sequence[str]) -> tuple[str, ...]:
    """The channels, those that somebody prefers first; the others keep their order."""
    ranks = {channel: rank for rank, channel in enumerate(preferred)}
    return tuple(sorted(channels, key=lambda channel: ranks.get(channel, len(ranks))))
