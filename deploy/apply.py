"""Reference data: checked by all services before any of them takes it, applied once.

declared.py reads it from a folder. What no service can see alone, because it takes two files, is checked here
(`CROSS_CHECKS`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from deploy.declared import Body, Fault, load, placed
from deploy.differences import Change, canonical, differences
from shared.client import Client, Request
from shared.errors import LoopdeskError, ValidationError

__all__ = ["Body", "Fault", "Part", "across", "check", "commit", "compare", "load", "placed"]


@dataclass(frozen=True)
class Part:
    """One service's part: what is in force (`version` 0: nothing was ever applied), and what is wanted."""

    service: str
    version: int
    current: Body
    wanted: Body

    @property
    def new(self) -> bool:
        """Whether there is anything to apply; also when the wanted equals the built-in default."""
        return self.version == 0 or canonical(self.current) != canonical(self.wanted)

    @property
    def changes(self) -> list[Change]:
        """What would change."""
        return list(differences(self.current, self.wanted))

    @property
    def request_id(self) -> str:
        """The same for the same step, so that a repetition is no second step; going back to older content is one."""
        return f"apply-{self.version}-{hashlib.sha256(canonical(self.wanted).encode()).hexdigest()[:32]}"


def check(client: Client, bodies: Mapping[str, Body]) -> list[Fault]:
    """What the services, and the checks across files, find wrong. Raises what is not about the data (`Unavailable`)."""
    requests = [Request.query(service, "check_reference", body=body) for service, body in bodies.items()]
    faults = list(across(bodies))
    for service, outcome in zip(bodies, client.stream(requests), strict=True):
        if isinstance(outcome, ValidationError):
            for path, messages in outcome.fields.items():
                faults += [Fault(f"{service}.yaml", path, message) for message in messages]
        elif isinstance(outcome, LoopdeskError):
            raise outcome
    return sorted(faults)


def compare(client: Client, bodies: Mapping[str, Body]) -> list[Part]:
    """Each service's part beside what is in force there."""
    current = client.call_many([Request.query(service, "get_reference") for service in bodies])
    parts = []
    for (service, wanted), found in zip(bodies.items(), current, strict=True):
        if isinstance(found, LoopdeskError):
            raise found
        parts.append(Part(service, int(found["version"]), found["body"], wanted))
    return parts


def commit(client: Client, parts: Sequence[Part]) -> Iterator[tuple[Part, Body]]:
    """Apply each part in turn; gives it with the answer. Run again after a failure: what is applied stays so.

    Intake's comes last: a category that it begins to take has its team by then.
    """
    for part in sorted(parts, key=lambda part: part.service == "intake"):
        yield (
            part,
            client.command(part.service, "apply_reference", body=part.wanted, request_id=part.request_id),
        )


def across(bodies: Mapping[str, Body]) -> Iterator[Fault]:
    """Faults that take two files to see; silent where a file does not have the form that its service will ask for."""
    for (first, second), find in CROSS_CHECKS.items():
        if first in bodies and second in bodies:
            try:
                yield from find(bodies[first], bodies[second])
            except (AttributeError, KeyError, TypeError):
                continue


def _categories(intake: Body, dispatch: Body) -> Iterator[Fault]:
    for team, told in (dispatch.get("teams") or {}).items():
        for category in told.get("categories") or ():
            if category not in (intake.get("categories") or {}):
                message = f"category {category!r} is not in intake.yaml"
                yield Fault("dispatch.yaml", f"teams.{team}.categories", message)


def _priorities(intake: Body, dispatch: Body) -> Iterator[Fault]:
    used = {priority for row in (intake.get("priorities") or {}).values() for priority in row.values()}
    for number, policy in enumerate(dispatch.get("policies") or ()):
        for priority in sorted(used - set(policy.get("targets") or {})):
            yield Fault("dispatch.yaml", f"policies.{number}.targets", f"{priority}, which intake.yaml gives, has none")


def _addresses(dispatch: Body, notify: Body) -> Iterator[Fault]:
    staff = notify.get("staff") or {}
    known = {"default", *(dispatch.get("teams") or {})}
    for kind in ("teams", "supervisors"):
        for team in staff.get(kind) or {}:
            if team not in known:
                yield Fault("notify.yaml", f"staff.{kind}.{team}", "is no team in dispatch.yaml")


CROSS_CHECKS: Mapping[tuple[str, str], Callable[[Body, Body], Iterator[Fault]]] = {
    ("intake", "dispatch"): lambda intake, dispatch: (
        fault for find in (_categories, _priorities) for fault in find(intake, dispatch)
    ),
    ("dispatch", "notify"): _addresses,
}
