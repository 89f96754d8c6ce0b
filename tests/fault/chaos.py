"""Kills, one after the other, while the work goes on."""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle

from tests.support import Stack, eventually


class Killer:
    """Kills processes with SIGKILL: one replica, the longest-lived; `killed` counts, by process."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self.killed: Counter[str] = Counter()

    def kill(self, process: str) -> None:
        """Waits for a live one first: what is between two lives cannot be killed again."""
        pid = min(eventually(lambda: self._stack.pids(process)))
        os.kill(pid, signal.SIGKILL)
        self.killed[process] += 1


@contextmanager
def kills(stack: Stack, processes: Sequence[str], *, times: int, every: float) -> Iterator[Killer]:
    """Kills `times` in all, turn by turn, each `every` seconds; leaving waits for the last of them."""
    killer = Killer(stack)
    over, trouble = threading.Event(), []

    def run() -> None:
        try:
            for _, process in zip(range(times), cycle(processes), strict=False):
                if over.wait(every):
                    return
                killer.kill(process)
        except BaseException as error:  # noqa: BLE001 - told to the test, which runs in another thread
            trouble.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield killer
        thread.join()
    finally:
        over.set()
        thread.join()
    if trouble:
        raise trouble[0]


@contextmanager
def stopped(stack: Stack, *processes: str) -> Iterator[None]:
    """Ended in good order, and started again on leaving."""
    for process in processes:
        stack.stop_process(process)
    try:
        yield
    finally:
        for process in processes:
            stack.start_process(process)
