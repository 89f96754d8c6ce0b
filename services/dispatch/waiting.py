"""Work that waits for an agent: given out as soon as somebody has room, the most urgent first, then the oldest.

Whoever leaves work waiting, or makes room, writes that first and then looks here, so that of two at once at least one
sees both; what a crash leaves behind is found by state (`give_out_all`), so nothing waits beside a free agent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from services.dispatch.domain import Order, State
from services.dispatch.seats import Seats
from shared.aggregates import Aggregates

#: How much one call gives out before it answers its caller; the timer does the rest.
AT_A_TIME = 10

Seat = Callable[[Mapping[str, Any]], bool]


class Waiting:
    """The queues of all teams. `seat` gives one of them (`_id`, `last_at`, `replay_until`) to an agent if it can."""

    def __init__(self, orders: Aggregates[Order], seats: Seats, seat: Seat) -> None:
        self._orders = orders.collection
        self._seats = seats
        self._seat = seat

    def give_out(self, *teams: str) -> int:
        """Give waiting work of these teams to who has room; gives how much."""
        return sum(self._give_out(team) for team in sorted(set(teams)))

    def give_out_all(self) -> int:
        """The same for every team that has waiting work; reads one index entry per such team."""
        given, team = 0, self._next_team("")
        while team is not None:
            given += self._give_out(team)
            team = self._next_team(team)
        return given

    def _give_out(self, team: str) -> int:
        given = 0
        for _ in range(AT_A_TIME):
            first = self._first(team)
            if first is None or not self._seats.has_room(team):
                break
            given += self._seat(first)
        return given

    def _first(self, team: str) -> Mapping[str, Any] | None:
        return self._orders.find_one(
            {"state": State.QUEUED.value, "team": team},
            {"last_at": 1, "replay_until": 1},
            sort=[("priority", 1), ("place", 1)],
            hint="of_team",
        )

    def _next_team(self, after: str) -> str | None:
        doc = self._orders.find_one(
            {"state": State.QUEUED.value, "team": {"$gt": after}}, {"team": 1}, sort=[("team", 1)], hint="of_team"
        )
        return str(doc["team"]) if doc else None
