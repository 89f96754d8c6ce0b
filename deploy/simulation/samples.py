"""Handling times for what the record does not have: drawn from it, the same ones in every run."""

from __future__ import annotations

from zlib import crc32

from deploy.simulation.course import Course, Stint

MOST = 2000  # of each kind that are kept
ANY = ""
USUAL = 1800.0  # seconds, where the log has not one handling time


class Samples:
    """Seconds of handling, and seconds until an offer was accepted, by step and priority."""

    def __init__(self) -> None:
        self._seconds: dict[tuple[str, str], list[float]] = {}
        self._accepted: list[float] = []

    def add(self, course: Course) -> None:
        """Keep what this course tells; of what there is much of, the first ones."""
        priority = str(course.ticket["priority"])
        for step, stints in course.stints.items():
            for stint in stints:
                if stint.accepted is not None and len(self._accepted) < MOST:
                    self._accepted.append(stint.accepted)
                for key in ((step, priority), (step, ANY), (ANY, priority), (ANY, ANY)):
                    kept = self._seconds.setdefault(key, [])
                    if len(kept) < MOST:
                        kept.append(stint.seconds)

    def stint(self, step: str, priority: str, name: str) -> Stint:
        """A stint for what is called `name`; of that step and priority, if there are any."""
        keys = ((step, priority), (step, ANY), (ANY, priority), (ANY, ANY))
        pool = next((self._seconds[key] for key in keys if self._seconds.get(key)), [USUAL])
        return Stint(seconds=pool[crc32(name.encode()) % len(pool)], accepted=0.0)

    def accepted(self, name: str) -> float:
        """How long whoever is offered what is called `name` takes to accept it."""
        return self._accepted[crc32(name.encode()) % len(self._accepted)] if self._accepted else 0.0
