"""Work that began to wait for somebody busy, and for whom now nobody is there any more: found by a timer (ADR 61)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from services.dispatch.domain import Decision, Order, Visit, waiting
from services.dispatch.domain.people.need import team_of
from services.dispatch.domain.work.picking import cause_of, is_passing
from services.dispatch.storage.candidates import Crowd
from services.dispatch.storage.choosing import Choosing
from services.dispatch.storage.queue import Queue
from shared.cause import Cause
from shared.errors import Unavailable
from shared.outage import is_outage

log = logging.getLogger("loopdesk.alarms")

WHY = "nobody found by the timer"

Change = Callable[[Cause, str, Callable[[Order, datetime], Decision]], object]


class Alarms:
    """`change` changes a work order together with its claims, which tell of what nobody can take."""

    def __init__(self, queue: Queue, choosing: Callable[[], Choosing], change: Change) -> None:
        self._queue = queue
        self._choosing = choosing
        self._change = change

    def look(self, now: datetime) -> int:
        """Look at the first of each queue, reading each team once; gives how many are told of. Not in replay."""
        choosing, crowds, told = self._choosing(), dict[str, Crowd](), 0
        for name in self._queue.names():
            _, order = next(self._queue.walk([name]), ("", None))
            if order is None or order.replay_until is not None:
                continue
            team = team_of(name)
            crowds[team] = crowds.get(team) or choosing.candidates.of_team(team, now)
            visits = [visit for visit in waiting(order) if visit.need.key == name]
            if any(_is_news(choosing, crowds[team], order, visit, now) for visit in visits):
                told += self._tell(order.order_no)
        return told

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


def _is_news(choosing: Choosing, crowd: Crowd, order: Order, visit: Visit, now: datetime) -> bool:
    """Whether nobody can take it, and that has not been told; or only that all were busy, and now nobody is there."""
    choice = choosing.among(crowd, order, visit, now).choice
    if choice.agent_id is not None:
        return False
    return visit.stranded is None or (is_passing(visit.stranded) and not is_passing(cause_of(choice)))
