"""Work that waits, nobody at all can take it, and no alarm says so: found by a timer (ADR 61).

It began to wait for somebody busy, and now nobody is there any more; or the work that had given the alarm is gone; or
it was stored without a claim, since too many claimed the same agents at once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import datetime

from services.dispatch.domain import Decision, Order, Visit, waiting
from services.dispatch.domain.people.need import team_of
from services.dispatch.domain.work.picking import cause_of, is_passing
from services.dispatch.storage.candidates import Crowd
from services.dispatch.storage.choosing import Choosing
from services.dispatch.storage.queue import Queue
from services.dispatch.storage.stranded import Stranded
from shared.cause import Cause
from shared.errors import Unavailable
from shared.outage import is_outage

log = logging.getLogger("loopdesk.alarms")

WHY = "nobody found by the timer"

#: Of what waits in one queue, told of with one cause, so many are looked at each time.
LOOKED_AT = 20

Change = Callable[[Cause, str, Callable[[Order, datetime], Decision]], object]


class Alarms:
    """`change` changes a work order together with its claims, which tell of what nobody can take."""

    def __init__(self, queue: Queue, stranded: Stranded, choosing: Callable[[], Choosing], change: Change) -> None:
        self._queue = queue
        self._stranded = stranded
        self._choosing = choosing
        self._change = change

    def look(self, now: datetime) -> int:
        """Look at the first of each queue and cause, reading each team once; gives how many are told of."""
        choosing, crowds, told = self._choosing(), dict[str, Crowd](), 0
        for where in self._queue.strandings():
            queue, _, cause = where.partition("|")
            if cause and not is_passing(cause) and self._stranded.is_alarmed(where):
                continue
            team = team_of(queue)
            for order in self._queue.stranded(where, LOOKED_AT):
                crowds[team] = crowds.get(team) or choosing.candidates.of_team(team, now)
                if any(self._is_news(choosing, crowds[team], order, visit, now) for visit in _there(order, where)):
                    told += self._tell(order.order_no)
        return told

    def _is_news(self, choosing: Choosing, crowd: Crowd, order: Order, visit: Visit, now: datetime) -> bool:
        """Whether nobody can take it, and that has not been told; or somebody is missing of whom no alarm tells."""
        choice = choosing.among(crowd, order, visit, now).choice
        if choice.agent_id is not None:
            return False
        cause = cause_of(choice)
        return visit.stranded is None or not (
            is_passing(cause) or self._stranded.is_alarmed(f"{visit.need.key}|{cause}")
        )

    def _tell(self, order_no: str) -> bool:
        try:
            self._change(Cause(ref=WHY), order_no, lambda order, at: (order, []))
        except Exception as error:
            if is_outage(error):
                raise
            if not isinstance(error, Unavailable):  # that is only too many at once: the next turn tries again
                log.exception("not told of", extra={"aggregate": order_no})
            return False
        return True


def _there(order: Order, where: str) -> Iterator[Visit]:
    return (visit for visit in waiting(order) if where == f"{visit.need.key}|{visit.stranded or ''}")
