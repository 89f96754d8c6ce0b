"""Policies: what is promised to which work, which holds stop which clocks, and what happens when it gets late."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.dispatch.domain.clocks.pin import Pin
from services.dispatch.domain.clocks.promise import Promise, Terms
from services.dispatch.domain.clocks.terms import terms_of
from services.dispatch.domain.flows.steps import Escalation, Limit
from services.dispatch.domain.reference.matter import PRIORITIES
from shared.business_time import Calendar
from shared.conditions import Condition

#: What a policy sets targets for; a flow limits its steps and groups itself.
PROMISED = (Promise.FIRST_RESPONSE, Promise.RESOLUTION, Promise.NEXT_UPDATE)
RESTART, RESUME = "restart", "resume"
REOPENING = (RESTART, RESUME)


@dataclass(frozen=True, kw_only=True)
class Policy:
    """One policy of one version of the reference data; `when` None: it takes all that the ones before it left.

    `calendar` is its usual one, in which also a flow's limits count that name none. `targets`: priority -> promise ->
    limit, each with its calendar. `pause`: hold reason -> the promises whose clocks stand still meanwhile.
    """

    code: str
    version: int
    name: str
    calendar: Calendar
    targets: Mapping[str, Mapping[Promise, Limit]]
    when: Condition | None = None
    pause: Mapping[str, frozenset[Promise]] = field(default_factory=dict)
    reopening: str = RESTART

    @property
    def pin(self) -> Pin:
        """Its name and version."""
        return Pin(self.code, self.version)

    def applies(self, matter: Mapping[str, str]) -> bool:
        """Whether its condition holds for the matter."""
        return self.when is None or self.when.holds(matter)

    def terms(self, promise: Promise, priority: str, calendars: Mapping[str, Calendar]) -> Terms | None:
        """What is promised to work of that priority (the least urgent one's where it is unknown); None: nothing.

        `calendars` are those of the policy's own version.
        """
        limit = self.targets.get(priority, self.targets[PRIORITIES[-1]]).get(promise)
        return terms_of(limit, calendars[str(limit.calendar)], self.pin) if limit else None

    def pauses(self, reason: str) -> frozenset[Promise]:
        """The promises whose clocks stand still while work is held for that reason."""
        return self.pause.get(reason, frozenset())

    def escalation(self, promise: Promise, level: int) -> Escalation:
        """What happens at that level of a clock of the policy; `KeyError` if it has no such level."""
        limits = (limits[promise] for limits in self.targets.values() if promise in limits)
        for escalation in (escalation for limit in limits for escalation in limit.escalations):
            if escalation.level == level:
                return escalation
        raise KeyError(f"policy {self.pin} has no level {level} of {promise}")
