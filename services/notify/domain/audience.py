"""Whom a rule tells: the customer, the staff by the address book, and whom an event names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

CALL = "call"
CHANNELS = (SMS, EMAIL) = ("sms", "email")
"""The channels that machines serve, by queues."""
ALL_CHANNELS = (*CHANNELS, CALL)
"""These, and `call`: a task for a person, who calls the recipient."""
AUDIENCES = ("customer", "agent", "team", "supervisor", "duty_manager", "watchers", "told", "sender")
"""And `list:<code>`, one of the lists of the reference data."""
LIST = "list:"
DEFAULT = "default"  # the entry of the address book for teams without one of their own


@dataclass(frozen=True, kw_only=True)
class Contact:
    """Where and in which language somebody is told; `language` None: the desk's own."""

    phone: str | None = None
    email: str | None = None
    language: str | None = None

    def address(self, channel: str) -> str | None:
        """The address for the channel, if there is one."""
        return self.email if channel == EMAIL else self.phone


@dataclass(frozen=True, kw_only=True)
class Customer(Contact):
    """A customer as intake last told of it; `dates` are days of theirs by name: `birthday`, `contract_end`."""

    customer_id: str
    name: str
    tier: str | None = None
    preferred_channels: tuple[str, ...] = ()
    area: str | None = None
    household: str | None = None
    time_zone: str | None = None
    dates: Mapping[str, date] = field(default_factory=dict)


@dataclass(frozen=True)
class AddressBook:
    """The staff: agents by id; teams, their supervisors and duty managers by team code, `default` for the rest.

    `lists`: people by the code of a list, each by a name of their own.
    """

    agents: Mapping[str, Contact] = field(default_factory=dict)
    teams: Mapping[str, Contact] = field(default_factory=dict)
    supervisors: Mapping[str, Contact] = field(default_factory=dict)
    duty_managers: Mapping[str, Contact] = field(default_factory=dict)
    lists: Mapping[str, Mapping[str, Contact]] = field(default_factory=dict)

    def listed(self, code: str) -> Iterator[tuple[str, list[Contact]]]:
        """Everybody on a list."""
        for name, contact in self.lists[code].items():
            yield f"list:{code}/{name}", [contact]

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


def _sender(data: Mapping[str, Any]) -> Iterator[Found]:
    """Whoever has written to us, at the address that it came from."""
    place = {"email" if data["channel"] == EMAIL else "phone": data["address"]}
    yield f"address:{data['address']}", [Contact(**place, language=data["language"])]


#: Audience among the staff, or of whoever wrote to us -> its entries, from the data of the event.
STAFF: Mapping[str, Callable[[AddressBook, Mapping[str, Any]], Iterable[Found]]] = {
    "agent": _owners,
    "team": lambda book, data: map(book.team, _teams(data)),
    "supervisor": lambda book, data: map(book.supervisor, _teams(data)),
    "duty_manager": lambda book, data: map(book.duty_manager, _teams(data)),
    "watchers": lambda book, data: map(book.watcher, data["watchers"]),
    "sender": lambda _, data: _sender(data),
}
#: Whom an event itself names in `tell`, for the audience `told` -> the audience meant.
TELL = {"owner": "agent", "team": "team", "supervisor": "supervisor", "duty_manager": "duty_manager"}
