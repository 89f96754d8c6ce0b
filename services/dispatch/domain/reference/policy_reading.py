"""Reading declared policies: values from the body, and everything in it that does not fit, by dotted path."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.dispatch.domain.clocks.promise import Promise
from services.dispatch.domain.flows.steps import Limit
from services.dispatch.domain.reference.faults import Faults
from services.dispatch.domain.reference.known import Known
from services.dispatch.domain.reference.limit_reading import read_limit
from services.dispatch.domain.reference.matter import MATTER, PRIORITIES
from services.dispatch.domain.reference.policy import PROMISED, RESTART, Policy
from shared.business_time import Calendar
from shared.conditions import BadCondition, Condition, condition

Body = Mapping[str, Any]
REQUIRED = (Promise.FIRST_RESPONSE, Promise.RESOLUTION)


def read_policies(
    bodies: Sequence[Body],
    version: int,
    calendars: Mapping[str, Calendar],
    known: Known,
    hold_reasons: Mapping[str, object],
    faults: Faults,
) -> tuple[Policy, ...]:
    """The policies in their order, from bodies of the form of `reference_schemas.Policy`.

    Faults are at `policies.<number>…`; a policy without a calendar to count in is left out. `known.calendars` also has
    the calendars that were refused, which are not called unknown besides.
    """
    _check_order(bodies, faults)
    readers = (
        _Reader(f"policies.{number}", body, version, calendars, known, hold_reasons, faults)
        for number, body in enumerate(bodies)
    )
    return tuple(policy for reader in readers if (policy := reader.policy()))


def _check_order(bodies: Sequence[Body], faults: Faults) -> None:
    """That codes are unique, and that the last policy, and no other, takes all that is left."""
    first: dict[str, int] = {}
    for number, body in enumerate(bodies):
        path, code, last = f"policies.{number}", body["code"], number == len(bodies) - 1
        if first.setdefault(code, number) != number:
            faults.add(f"{path}.code", f"{code!r} is the code of policies.{first[code]} already")
        if last and body.get("when") is not None:
            faults.add(f"{path}.when", "the last policy is for all work that is left, so it has no condition")
        if not last and body.get("when") is None:
            faults.add(f"{path}.when", "is missing: no policy after this one would ever apply")


@dataclass(frozen=True)
class _Reader:
    """Reads one policy, on after a fault."""

    path: str
    body: Body
    version: int
    calendars: Mapping[str, Calendar]
    known: Known
    hold_reasons: Mapping[str, object]
    faults: Faults

    def policy(self) -> Policy | None:
        """The policy; None where it has no calendar to count in."""
        self.faults.require_known(f"{self.path}.calendar", "calendar", self.body["calendar"], self.known.calendars)
        when = self._when()
        pause = {reason: self._pause(reason, told) for reason, told in (self.body.get("pause") or {}).items()}
        targets = {priority: self._limits(priority) for priority in PRIORITIES}
        self._check_promised({promise for limits in targets.values() for promise in limits})
        calendar = self.calendars.get(self.body["calendar"])
        if calendar is None:
            return None
        return Policy(
            code=self.body["code"],
            version=self.version,
            name=self.body["name"],
            calendar=calendar,
            targets=targets,
            when=when,
            pause=pause,
            reopening=self.body.get("reopening", RESTART),
        )

    def _when(self) -> Condition | None:
        source = self.body.get("when")
        try:
            return None if source is None else condition(source, MATTER)
        except BadCondition as fault:
            self.faults.add(f"{self.path}.when", str(fault))
            return None

    def _pause(self, reason: str, told: Sequence[str]) -> frozenset[Promise]:
        path, promises = f"{self.path}.pause.{reason}", list(Promise)
        self.faults.require_known(path, "hold reason", reason, self.hold_reasons)
        for name in told:
            self.faults.require_known(path, "clock", name, promises)
        return frozenset(Promise(name) for name in told if name in promises)

    def _check_promised(self, promised: Collection[str]) -> None:
        """That no escalation waits for a clock which this policy never starts."""
        for number, level in enumerate(self.body.get("escalations") or ()):
            if level["clock"] not in promised:
                self.faults.add(f"{self.path}.escalations.{number}.clock", "has no target in this policy")

    def _limits(self, priority: str) -> dict[Promise, Limit]:
        """Promise -> limit of a priority, each with its calendar."""
        declared = (self.body.get("targets") or {}).get(priority)
        if declared is None:
            self.faults.add(f"{self.path}.targets.{priority}", "is missing: something is promised for every priority")
            return {}
        for promise in REQUIRED:
            if promise not in declared:
                self.faults.add(f"{self.path}.targets.{priority}.{promise}", "is missing")
        limits = {promise: self._limit(priority, promise, declared) for promise in PROMISED if promise in declared}
        return {promise: limit for promise, limit in limits.items() if limit}

    def _limit(self, priority: str, promise: Promise, declared: Body) -> Limit | None:
        """One limit, read as those of flows are, its faults told where a policy declares them."""
        levels = {n: level for n, level in enumerate(self.body.get("escalations") or ()) if level["clock"] == promise}
        numbers = list(levels)

        def fault(place: str, message: str) -> None:
            head, _, tail = place.partition(".")
            if head == "escalations":
                number, dot, member = tail.partition(".")
                self.faults.add(f"{self.path}.escalations.{numbers[int(number)]}{dot}{member}", message)
            elif head == "within":
                self.faults.add(f"{self.path}.targets.{priority}.{promise}", message)
            elif "calendar" in declared:  # the policy's own one is looked up once, not for each of its limits
                self.faults.add(f"{self.path}.targets.{priority}.{place}", message)

        body = {
            "within": declared[promise],
            "calendar": declared.get("calendar") or self.body["calendar"],
            "warn_at": self.body.get("warn_at"),
            "escalations": [
                {key: value for key, value in level.items() if key != "clock"} for level in levels.values()
            ],
        }
        return read_limit(body, None, self.known, fault)
