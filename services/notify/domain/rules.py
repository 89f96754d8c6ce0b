"""Who is told of an event, by which channel and with which template: rules and the address book of the staff."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from shared.conditions import Condition

CHANNELS = ("sms", "email")
AUDIENCES = ("customer", "agent", "team", "supervisor", "duty_manager", "watchers", "told")
URGENCIES = ("urgent", "bulk")
DEFAULT = "default"  # the entry of the address book for teams without one of their own


@dataclass(frozen=True)
class Rule:
    """On `event` tell `audience` by `channel`, or by `fallback` where it has no address for that.

    Only where the condition `when` holds for what the event says; None: always.
    """

    event: str
    audience: str
    channel: str
    template: str
    urgency: str
    valid_for: timedelta
    fallback: str | None = None
    when: Condition | None = None

    @property
    def channels(self) -> tuple[str, ...]:
        """Every channel that the rule may use, the wanted one first."""
        return (self.channel, self.fallback) if self.fallback else (self.channel,)


@dataclass(frozen=True, kw_only=True)
class Contact:
    """Where and in which language somebody is told; `language` None: the desk's own."""

    phone: str | None = None
    email: str | None = None
    language: str | None = None

    def address(self, channel: str) -> str | None:
        """The address for the channel, if there is one."""
        return self.phone if channel == "sms" else self.email


@dataclass(frozen=True, kw_only=True)
class Customer(Contact):
    """A customer as intake last told of it."""

    customer_id: str
    name: str
    preferred_channels: tuple[str, ...] = ()


@dataclass(frozen=True)
class AddressBook:
    """The staff: agents by id; teams, their supervisors and duty managers by team code, `default` for the rest."""

    agents: Mapping[str, Contact] = field(default_factory=dict)
    teams: Mapping[str, Contact] = field(default_factory=dict)
    supervisors: Mapping[str, Contact] = field(default_factory=dict)
    duty_managers: Mapping[str, Contact] = field(default_factory=dict)

    def agent(self, agent: str, team: str) -> tuple[str, list[Contact]]:
        """The agent's own entry, then the team's."""
        own = [self.agents[agent]] if agent in self.agents else []
        return f"agent:{agent}", [*own, *_entries(self.teams, team)]

    def watcher(self, agent: str) -> tuple[str, list[Contact]]:
        """The own entry and no other: what somebody watches is nobody else's to do."""
        return f"agent:{agent}", [self.agents[agent]] if agent in self.agents else []

    def team(self, team: str) -> tuple[str, list[Contact]]:
        """The team's mailbox."""
        return f"team:{team}", _entries(self.teams, team)

    def supervisor(self, team: str) -> tuple[str, list[Contact]]:
        """Whoever supervises the team."""
        return f"supervisor:{team}", _entries(self.supervisors, team)

    def duty_manager(self, team: str) -> tuple[str, list[Contact]]:
        """Whoever answers for the team's hours just now."""
        return f"duty_manager:{team}", _entries(self.duty_managers, team)


def _entries(book: Mapping[str, Contact], team: str) -> list[Contact]:
    return [book[key] for key in (team, DEFAULT) if key in book]


Found = tuple[str, Sequence[Contact]]  # who it is, and where to look for an address
Way = tuple[str, str]  # (recipient, channel)


def _teams(data: Mapping[str, Any]) -> Sequence[str]:
    """All teams that an event concerns: where it names no others, the team that has the work."""
    return data.get("teams") or [data["team"]]


def _owners(book: AddressBook, data: Mapping[str, Any]) -> Iterator[Found]:
    """Everybody who has a step that the event concerns; what nobody has is its team's.

    The event does not say which of several teams an agent's step is: beside the first one's, whoever has no address
    is told at the default one.
    """
    first, teams = data.get("agent"), _teams(data)
    owners = data.get("owners") or ([first] if first is not None else [])
    if first is None:
        yield from (book.team(team) for team in (teams[:1] if owners else teams))
    for owner in owners:
        yield book.agent(owner, data["team"] if owner == first or len(teams) == 1 else DEFAULT)


#: Audience among the staff -> its entries, from the data of the event.
STAFF: Mapping[str, Callable[[AddressBook, Mapping[str, Any]], Iterable[Found]]] = {
    "agent": _owners,
    "team": lambda book, data: map(book.team, _teams(data)),
    "supervisor": lambda book, data: map(book.supervisor, _teams(data)),
    "duty_manager": lambda book, data: map(book.duty_manager, _teams(data)),
    "watchers": lambda book, data: map(book.watcher, data["watchers"]),
}
#: Whom an event itself names in `tell`, for the audience `told` -> the audience meant.
TELL = {"owner": "agent", "team": "team", "supervisor": "supervisor", "duty_manager": "duty_manager"}


@dataclass(frozen=True)
class Notice:
    """One text that is owed to one recipient; `to` None: nobody knows where to send it."""

    rule: Rule
    recipient: str
    channel: str
    to: str | None
    language: str | None

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


def notices(
    rules: Sequence[Rule],
    book: AddressBook,
    data: Mapping[str, Any],
    customer: Customer | None,
) -> list[Notice]:
    """What these rules owe on an event with `data`; `customer` may be None only if no rule needs one.

    Nobody gets two notices by one channel, be it the wanted one or the fallback, even where several audiences are the
    same people.
    """
    owed: list[Notice] = []
    taken: set[Way] = set()
    for rule in rules:
        preferred = customer.preferred_channels if customer and rule.audience == "customer" else ()
        for recipient, contacts in _audience(rule, book, data, customer):
            notice = _notice(rule, recipient, contacts, preferred)
            if taken.isdisjoint(notice.ways):
                owed.append(notice)
                taken |= notice.ways
    return owed


def _audience(rule: Rule, book: AddressBook, data: Mapping[str, Any], customer: Customer | None) -> Iterator[Found]:
    if rule.audience == "customer":
        assert customer is not None, "the caller looks the customer up"  # noqa: S101 - a programming error
        yield f"customer:{customer.customer_id}", [customer]
        return
    meant = [TELL[word] for word in data["tell"]] if rule.audience == "told" else [rule.audience]
    for audience in meant:
        yield from STAFF[audience](book, data)


def _notice(rule: Rule, recipient: str, contacts: Sequence[Contact], preferred: Sequence[str]) -> Notice:
    for channel, contact in _ways(rule, contacts, preferred):
        to = contact.address(channel)
        if to:
            return Notice(rule, recipient, channel, to, contact.language)
    language = contacts[0].language if contacts else None
    return Notice(rule, recipient, rule.channel, None, language)


def _ways(rule: Rule, contacts: Sequence[Contact], preferred: Sequence[str]) -> Iterator[tuple[str, Contact]]:
    """Channel before person: a team's mailbox by the wanted channel comes before the agent's own by the fallback."""
    ranks = {channel: rank for rank, channel in enumerate(preferred)}
    for channel in sorted(rule.channels, key=lambda channel: ranks.get(channel, len(ranks))):
        yield from ((channel, contact) for contact in contacts)
