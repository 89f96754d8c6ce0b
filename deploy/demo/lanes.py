"""Which calls may be under way together: the play is pipelined, and still comes out the same in every run."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from deploy.demo.telling import Step


class Queue:
    """Steps that wait for their turn.

    No two steps that share a lane are ever out at the same time, and within a lane their order stays. So a step
    overtakes only steps that it has nothing to do with, and at most `ahead` of them.
    """

    def __init__(self, steps: Iterable[Step], *, ahead: int = 200) -> None:
        self._source = iter(steps)
        self._ahead = ahead
        self._waiting = list(islice(self._source, ahead))
        self._busy: set[str] = set()

    def __bool__(self) -> bool:
        """Whether any step still waits."""
        return bool(self._waiting)

    def take(self, size: int) -> list[Step]:
        """The next steps whose lanes are free, at most `size`; their lanes stay busy until they are released."""
        taken: list[Step] = []
        later: list[Step] = []
        blocked = set(self._busy)
        for step in self._waiting:
            if len(taken) == size or blocked & step.lanes:
                later.append(step)
            else:
                taken.append(step)
                self._busy |= step.lanes
            blocked |= step.lanes
        self._waiting = later + list(islice(self._source, self._ahead - len(later)))
        return taken

    def release(self, step: Step) -> None:
        """The step has had its effect: what waited for its lanes may go."""
        self._busy -= step.lanes
