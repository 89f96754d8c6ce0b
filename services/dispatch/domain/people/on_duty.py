"""Who is on duty at an instant."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from services.dispatch.domain.people.agent import Agent
from services.dispatch.domain.people.availability import (
    EXPIRED,
    NO_REST,
    OFF_SHIFT,
    ON_LEAVE,
    ROTA_BREAK,
    availability,
)
from services.dispatch.domain.people.presence import Status
from services.dispatch.domain.people.roster import Roster

OFF_DUTY = frozenset({OFF_SHIFT, ON_LEAVE})
BY_ROSTER = OFF_DUTY | {ROTA_BREAK, NO_REST}
ABSENT = frozenset({ON_LEAVE, EXPIRED, Status.OFFLINE.value})


class Standing(NamedTuple):
    """How one agent stands.

    `on`: on duty, by the roster; who has no rota is as long as it is present, which nobody can say of another time than
    now (None). `status` is that of `availability`; at another time than now only what the roster says of it, else None.
    """

    agent: Agent
    on: bool | None
    status: str | None
    shift: str | None
    since: datetime | None
    until: datetime | None


def who_is_on(agents: list[Agent], roster: Roster, at: datetime, *, live: bool = True) -> list[Standing]:
    """How each stands at that instant, in the order given; `live`: that is now, so their presence counts."""
    return [_standing(agent, roster, at, live) for agent in agents]


def _standing(agent: Agent, roster: Roster, at: datetime, live: bool) -> Standing:
    found = availability(agent, roster, at)
    duty = found.shift, found.duty_since, found.duty_until
    if agent.rota is not None or found.status == ON_LEAVE:
        status = found.status if live or found.status in BY_ROSTER else None
        return Standing(agent, found.status not in OFF_DUTY, status, *duty)
    return Standing(agent, found.status not in ABSENT if live else None, found.status if live else None, *duty)
