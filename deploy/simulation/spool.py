"""Courses on disk, to be played as often as there are alternatives: memory does not grow with their number."""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Iterable, Iterator
from datetime import datetime

from deploy.simulation.course import Course


class Spool:
    """Written once, then read any number of times; the file is gone with the object."""

    def __init__(self, courses: Iterable[Course] = ()) -> None:
        self._file = tempfile.TemporaryFile(prefix="loopdesk-simulation-")  # noqa: SIM115 - it lives as long as this
        self.count = 0
        self.last_opened: datetime | None = None
        for course in courses:
            self.add(course)

    def add(self, course: Course) -> None:
        """One more, at the end."""
        pickle.dump(course, self._file, protocol=pickle.HIGHEST_PROTOCOL)
        self.count += 1
        self.last_opened = course.opened_at

    def __iter__(self) -> Iterator[Course]:
        self._file.seek(0)
        for _ in range(self.count):
            yield pickle.load(self._file)  # noqa: S301 - what this object has written
