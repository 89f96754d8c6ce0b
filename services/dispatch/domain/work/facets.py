"""Parts of a work order's state that belong together, each a value of its own; those of most work are empty."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What intake tells of who should, and who must not, have the work.

    `agent` is whom the customer asks for, `subject` whom a complaint is about. `language` is the customer's ("":
    unknown). `confidence` (0 to 1) is how sure intake is of its type and category; None where it does not say.
    """

    agent: str | None = None
    subject: str | None = None
    language: str = ""
    confidence: float | None = None
    sensitive: bool = False


@dataclass(frozen=True, kw_only=True)
class Declined:
    """An agent who has declined the work; it is not offered to that agent again."""

    agent: str
    visit: int
    at: datetime
    reason: str


@dataclass(frozen=True, kw_only=True)
class Raised:
    """A level that the work has climbed to, by which of its clocks (None: by a dissatisfied customer), and who heard.

    `tell` are the audiences that it names, the others who they were then.
    """

    level: int
    clock: str | None
    tell: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    supervisors: tuple[str, ...] = ()
    duty_managers: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Pressure:
    """Who wants it done: how often it was urged, by whom (customer, supervisor; child: for its
    part by either) last when, and who watches it.

    `unanswered` is how many of the urges its owner has done nothing about yet.
    """

    urges: int = 0
    unanswered: int = 0
    urged_at: Mapping[str, datetime] = field(default_factory=dict)
    watchers: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Appointment:
    """When somebody comes to the customer. `number` counts those of the work: another time is another one.

    `state`: set (the customer has not said yet), confirmed, change_wanted (`wish`: what was said about it), cancelled.
    """

    number: int
    starts_at: datetime
    ends_at: datetime | None = None
    note: str | None = None
    state: str = "set"
    wish: str | None = None


@dataclass(frozen=True, kw_only=True)
class MassIncident:
    """That work stands for many: `children` have it as their parent, new work for which `match` (CEL) holds will have.

    `eta` is what reporters are told. `settling`: the round whose solution its children are just being given.
    """

    match: str | None = None
    eta: datetime | None = None
    eta_note: str | None = None
    children: int = 0
    settling: int | None = None
