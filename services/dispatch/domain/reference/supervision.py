"""How work is supervised: how often it may be urged, whom that is told, and how long it may be held."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from services.dispatch.domain.clocks.terms import time_of
from services.dispatch.domain.reference.faults import Faults


@dataclass(frozen=True, kw_only=True)
class SupervisionRules:
    """All times go by the wall clock.

    Either side may urge once in `urge_every`; from so many urges on (`urges_to_supervisor`) the supervisor is told,
    too. `hold_limits`: hold reason -> how long work may be held for it; a reason that is not named has no limit.
    """

    urge_every: timedelta = timedelta(minutes=30)
    urges_to_supervisor: int = 3
    hold_limits: Mapping[str, timedelta] = field(default_factory=dict)


def read_supervision(body: Mapping[str, Any], hold_reasons: Collection[str], faults: Faults) -> SupervisionRules:
    """`supervision` of a body that has the form of `reference_schemas.ReferenceData`; what is not said is as usual."""
    declared, usual = body.get("supervision") or {}, SupervisionRules()
    limits: dict[str, timedelta] = {}
    for reason, text in (declared.get("hold_limits") or {}).items():
        path = f"supervision.hold_limits.{reason}"
        faults.require_known(path, "hold reason", reason, hold_reasons)
        time = _time(path, text, faults)
        if time is not None:
            limits[reason] = time
    every = declared.get("urge_every")
    return SupervisionRules(
        urge_every=(_time("supervision.urge_every", every, faults) if every else None) or usual.urge_every,
        urges_to_supervisor=declared.get("urges_to_supervisor", usual.urges_to_supervisor),
        hold_limits=limits,
    )


def _time(path: str, text: str, faults: Faults) -> timedelta | None:
    """A time by the wall clock: no working days."""
    try:
        return time_of(text, None)
    except ValueError as fault:
        faults.add(path, str(fault))
        return None
