"""Work that waits for an agent: given out as soon as somebody may take it, in turn.

Work waits in the queue of whom it needs (`Need.key`), by its `turn`: late or nearly so first, then by priority, then
what is due first, then the oldest. Whoever leaves work waiting, or makes room, writes that first and then looks here,
so that of two at once at least one sees both; what a crash leaves behind, and what the beginning of a shift or the end
of a presence changes, the timer finds. A walk reads the agents of a team once, whatever it looks at; the choice itself
is made anew by each claim.

What nobody who is free may take is passed over, most of it unread (fitting.py). A walk looks at LOOKED_AT work orders,
the first ones; so that more of such work keeps nothing behind it waiting for ever, the timer walks on each second from
where it had to stop the second before, and begins again once it has come to the end.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.dispatch.domain import Order, waiting
from services.dispatch.domain.people.need import team_of
from services.dispatch.domain.work.order import Seat
from services.dispatch.storage.choosing import Choosing
from services.dispatch.storage.courtesy import Courtesy
from services.dispatch.storage.crowds import Crowds
from services.dispatch.storage.queue import Queue
from services.dispatch.storage.seats import Seats
from shared.outage import is_outage

log = logging.getLogger("loopdesk.waiting")

#: How much one call gives out before it answers its caller; the timer does the rest.
AT_A_TIME = 10
#: How much the timer gives out for one team each second.
BY_TIMER = 100
#: Work orders that one walk looks at.
LOOKED_AT = 200

#: Why work is given out that nobody's change has made room for.
FOUND = "room found by the timer"

Now = Callable[[], datetime]
#: Give what waits of a work order to who is chosen for it, at that time and because of that: the seats taken.
Seat_ = Callable[[Order, datetime, str], Sequence[Seat]]


@dataclass
class Walked:
    """How much a walk gave out, and the turn behind which it left what it did not look at (None: nothing)."""

    given: int = 0
    behind: str | None = None


class Waiting:
    """All queues. `choosing` makes what a walk chooses by; `seat` gives out what a walk has found."""

    def __init__(self, queue: Queue, seats: Seats, choosing: Callable[[], Choosing], seat: Seat_, now: Now) -> None:
        self.courtesy = Courtesy()  # among workers of this process, for work orders
        self._queue = queue
        self._seats = seats
        self._choosing = choosing
        self._seat = seat
        self._now = now
        self._places: dict[str, str] = {}

    def give_out(self, queues: Iterable[str], why: str) -> int:
        """Give waiting work of these queues to who may take it; gives how much. `why`: what has made room."""
        return self._walk(sorted(queues), why, AT_A_TIME).given

    def give_out_all(self) -> int:
        """The same for every queue, team by team."""
        by_team: dict[str, list[str]] = defaultdict(list)
        for name in self._queue.names():
            by_team[team_of(name)].append(name)
        self._places = {team: place for team, place in self._places.items() if team in by_team}
        return sum(self._of_team(team, queues) for team, queues in by_team.items())

    def _of_team(self, team: str, queues: Sequence[str]) -> int:
        """The first ones, and then on from where the last time had to stop."""
        first = self._walk(queues, FOUND, BY_TIMER)
        if first.behind is None:
            self._places.pop(team, None)
            return first.given
        further = self._walk(queues, FOUND, BY_TIMER, max(self._places.get(team, ""), first.behind))
        self._places[team] = further.behind or ""
        return first.given + further.given

    def _walk(self, queues: Sequence[str], why: str, most: int, after: str = "") -> Walked:
        walked, choosing = Walked(), self._choosing()
        crowds = Crowds(choosing, self._now())
        served = self._served(queues, choosing, crowds)
        for looked, (turn, order) in enumerate(self._queue.walk(served, after, crowds.fitting) if served else ()):
            if looked == LOOKED_AT:
                return walked
            walked.behind = turn
            if walked.given == most:
                return Walked(walked.given)  # the first ones are gone: the next walk begins with what was left
            walked.given += self._given(order, served, crowds, why)
        return Walked(walked.given)

    def _served(self, queues: Sequence[str], choosing: Choosing, crowds: Crowds) -> list[str]:
        """Those of the queues that somebody serves, by itself or for another, who is there and has room."""
        if not queues or not (self._seats.has_room(queues) or choosing.candidates.anybody_away(self._now())):
            return []
        return sorted(crowds.served({team_of(queue) for queue in queues}).intersection(queues))

    def _given(self, order: Order, served: Sequence[str], crowds: Crowds, why: str) -> bool:
        """Whether somebody got something of the work; what another worker is just giving out is left to that one."""
        at = time_of(order, self._now())
        wanted = [visit for visit in waiting(order) if visit.need.key in served]
        if not any(crowds.may_take(order, visit, at) for visit in wanted) or not self.courtesy.hold(order.order_no):
            return False
        try:
            seats = self._seat(order, at, why)
        except Exception as error:
            if is_outage(error):
                raise
            # whoever made room has done so already; and one that fails must not keep the others waiting
            log.exception("not given out", extra={"aggregate": order.order_no})
            return False
        finally:
            self.courtesy.let_go(order.order_no)
        crowds.taken(seats, at)
        return bool(seats)


def time_of(order: Order, now: datetime) -> datetime:
    """When waiting work is given out: now; in replay, time moves on by the caller's word only."""
    if order.replay_until is None:
        return now
    return max(order.replay_until, order.last_at) if order.last_at else order.replay_until
