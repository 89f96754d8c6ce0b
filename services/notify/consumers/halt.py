"""A process's end: told once, heard in every thread that waits."""

from __future__ import annotations

import time
from threading import Event

LAST_GRACE = 10.0  # seconds after SIGTERM for recording what has been sent


class Stopped(Exception):
    """The process was told to end."""


class Halt:
    """`stop` may be called from a signal's handler."""

    def __init__(self) -> None:
        self._told = Event()
        self._stop_by: float | None = None

    def stop(self) -> None:
        """End after the messages in hand."""
        self._stop_by = self._stop_by or time.monotonic() + LAST_GRACE
        self._told.set()

    def go_on(self) -> None:
        """`Stopped` once the process was told to end: begin nothing new."""
        if self._told.is_set():
            raise Stopped

    def hold_on(self) -> None:
        """`Stopped` once there is no time left for what was begun either."""
        if self._stop_by is not None and time.monotonic() > self._stop_by:
            raise Stopped

    def rest(self, seconds: float) -> None:
        """Let time pass before something new; `Stopped` as soon as the process is told to end."""
        if self._told.wait(max(0.0, seconds)):
            raise Stopped

    def hold_out(self, seconds: float) -> None:
        """Let time pass in the middle of something, even where the process is to end, but not beyond the grace."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.hold_on()
            if self._told.is_set():
                time.sleep(min(left, 0.5))
            else:
                self._told.wait(left)
