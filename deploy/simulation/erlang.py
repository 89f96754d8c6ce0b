"""Erlang C: how likely, and for how long, work waits for one of so many seats. Reckoned by pyworkforce (ADR 67).

Offered load in erlangs: arrivals per hour times hours of handling, the seats that are busy on average.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from deploy.simulation.errors import NotInstalled

HOUR = 3600.0
SOON = 1e-6  # seconds: the library asks for a time above 0
MOST_SEATS = 5000

Share = Callable[[int], float]
"""Number of seats -> the share of work that is as it should be."""


def within(load: float, handling: float, seconds: float, seats: int) -> float:
    """The share of work that waits no longer than `seconds`; 0 where the seats cannot keep up with the load.

    `load` in erlangs, `handling` the mean time of handling in seconds. 1 where there is no load.
    """
    if load <= 0:
        return 1.0
    if seats <= load or seconds < 0:
        return 0.0
    return float(_model(load, handling, max(seconds, SOON)).service_level(seats))


def waits(load: float, seats: int) -> float:
    """The probability that work has to wait at all (Erlang's C formula)."""
    if load <= 0:
        return 0.0
    if seats <= load:
        return 1.0
    return float(_model(load, HOUR, HOUR).waiting_probability(seats))


def least(share: Share, target: float, load: float) -> int:
    """The least number of seats with which the share reaches the target. `ValueError` where none does.

    Searched here: the library's own search begins one seat above the least that can keep up.
    """
    seats = int(load)
    while share(seats) < target:
        seats += 1
        if seats > max(MOST_SEATS, 4 * load):
            raise ValueError(f"no number of seats reaches {target:.0%}")
    return seats


def _model(load: float, handling: float, seconds: float) -> Any:
    try:
        from pyworkforce.queuing import ErlangC
    except ImportError as error:
        raise NotInstalled("pyworkforce") from error
    return ErlangC(transactions=load * HOUR / handling, aht=handling, asa=seconds, interval=HOUR)
