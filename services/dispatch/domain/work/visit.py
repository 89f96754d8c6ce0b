"""A visit: one opening of one step, from when the work comes to it until it leaves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.dispatch.domain.people.need import Need
from services.dispatch.domain.work.states import Stage
from shared.values import replace

__all__ = ["Block", "Need", "Visit"]

ASSIGNED, TRANSFERRED_IN = "assigned", "transferred_in"


@dataclass(frozen=True, kw_only=True)
class Visit:
    """One opening of a step, numbered through the life of the work order. `block`: the parallel block that it is in.

    Of who has it: `principal` is for whom that agent stands in; it takes `units` of the agent's capacity and counts as
    work of that `kind`; not accepted by `accept_by`, it is offered to the next. `offers` counts how often it was given
    to somebody, `lapsed` are those who let an offer pass, the last ones. `stranded` is why nobody at all could take it
    when that was last told of, `alarmed` whether that alarmed somebody, or others waited there for the same reason
    already. `assignment` is the number of the assignment by which somebody has it (0: nobody has
    it), `came` how it came to wait for one: `assigned` (as usual) or `transferred_in`.
    """

    number: int
    step: str
    need: Need
    opened_at: datetime
    state: Stage = Stage.QUEUED
    agent: str | None = None
    block: int | None = None
    supervisor: str | None = None
    duty_manager: str | None = None
    principal: str | None = None
    units: int = 0
    kind: str = ""
    accept_by: datetime | None = None
    offers: int = 0
    lapsed: tuple[str, ...] = ()
    stranded: str | None = None
    alarmed: bool = False
    assignment: int = 0
    came: str = ASSIGNED

    def freed(self, **changes: Any) -> Visit:
        """The same, with nobody who has it."""
        nobody = {"agent": None, "principal": None, "units": 0, "kind": "", "accept_by": None, "assignment": 0}
        return replace(self, **{**nobody, **changes})

    @property
    def owner(self) -> str | None:
        """Whose it is: for whom its agent stands in, or else its agent."""
        return self.principal or self.agent

    @property
    def clock(self) -> str:
        """The name of its clock, if its step has a limit."""
        return f"step/{self.number}"


@dataclass(frozen=True, kw_only=True)
class Block:
    """Parallel branches that are under way: `open` of them have still to come to the step `join`."""

    number: int
    join: str
    open: int
    parent: int | None = None
