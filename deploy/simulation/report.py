"""The result of a simulation as JSON values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from deploy.simulation.loading import Loaded
from deploy.simulation.measure import SHARES, Outcome
from deploy.simulation.staffing import Staffing


def told(loaded: Loaded, columns: Sequence[Outcome], staffing: Sequence[Staffing]) -> dict[str, Any]:
    """Everything; waits in seconds, idle and overtime in hours."""
    return {
        "reproduced": asdict(loaded.checked) if loaded.checked else None,
        "agreement": {**asdict(loaded.agreement), "share": loaded.agreement.share} if loaded.agreement else None,
        "left_out": asdict(loaded.left_out),
        "runs": [_run(one) for one in columns],
        "staffing": [_staffing(one) for one in staffing],
    }


def _run(one: Outcome) -> dict[str, Any]:
    promises = [
        {"priority": priority, "promise": promise, "met": kept.met, "missed": kept.missed, "share": kept.share}
        for (priority, promise), kept in one.attainment.items()
    ]
    return {
        "name": one.name,
        "orders": one.orders,
        "unfinished": one.unfinished,
        "promises": promises,
        "waits": {
            p: {f"p{share * 100:g}": v for share, v in zip(SHARES, at, strict=True)} for p, at in one.waits.items()
        },
        "fairness": one.fairness,
        "idle_hours": one.idle_hours,
        "overtime_hours": one.overtime_hours,
        "counts": dict(one.counts),
        "seconds": round(one.seconds, 3),
    }


def _staffing(one: Staffing) -> dict[str, Any]:
    return {
        "team": one.team,
        "target": one.target.text,
        "handling_seconds": one.handling,
        "at_once": one.at_once,
        "arrivals": list(one.arrivals),
        "load": list(one.load),
        "seats": list(one.seats),
        "agents": one.agents,
        "erlang_c": one.predicted,
        "simulated": one.simulated,
        "difference": one.difference,
        "reached": one.reached,
    }
