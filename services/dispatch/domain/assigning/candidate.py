"""Everything that counts about one agent at the instant of a choice: raw inputs, no conclusions."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

#: What `people.availability` calls somebody who is not on duty, though perhaps present.
OFF_DUTY = frozenset({"off_shift", "on_leave", "rota_break", "no_rest"})
#: On duty, but not to be given work; who is `busy` may still ask for some.
NOT_PRESENT = frozenset({"busy", "break", "away", "offline", "expired"})


class Candidate(NamedTuple):
    """One agent. A tuple, since a choice among a thousand makes a thousand; keep the order, records hold it by name.

    `serves`: its queues hold the task's, or it stands in for somebody whose do; `stands_in_for` is that one, and None
    for who serves by itself. `level`: of the skill that the task asks for, 0 without it. `languages`, `channels`: none
    said is no limit. `capacity` and `load` are in units; of work of the task's kind (its type) it has `kind_open`, and
    takes `kind_limit` at most. `status` is that of `people.availability`, `duty_since` and `duty_until` are the ends of
    its present duty, None where it has no rota.

    `declined`: it declined this work. `subject`: this work is a complaint about it. `lapsed`: how many offers of this
    visit it let lapse. `contended`: this process is just giving it other work. `knows_customer`, `knows_matter`: how
    many work orders of this customer, and steps of this category, it has completed. `shift_units`: what it was given
    since its duty began. `handed_over_to`: who stands in for it now.
    """

    agent_id: str
    serves: bool = True
    level: int = 0
    role: str = "specialist"
    languages: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    capacity: int = 1
    load: int = 0
    kind_open: int = 0
    kind_limit: int | None = None
    status: str = "available"
    duty_since: datetime | None = None
    duty_until: datetime | None = None
    declined: bool = False
    subject: bool = False
    lapsed: int = 0
    contended: bool = False
    last_assigned_at: datetime | None = None
    knows_customer: int = 0
    knows_matter: int = 0
    shift_units: int = 0
    stands_in_for: str | None = None
    handed_over_to: str | None = None
