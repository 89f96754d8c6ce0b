"""Kills, one after the other, while the work goes on."""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle
from uuid import uuid4

from shared.client import Client
from shared.errors import Unavailable
from tests.support import Stack, eventually


class Killer:
    """Kills processes with SIGKILL: one replica, the longest-lived; `killed` counts, by process."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._dead: set[int] = set()
        self.killed: Counter[str] = Counter()

    def kill(self, process: str) -> None:
        """Waits for a live one first: what is between two lives cannot be killed again, nor what is dead already and
        of which the supervisor has not noticed it yet.
        """
        pid = min(eventually(lambda: set(self._stack.pids(process)) - self._dead))
        os.kill(pid, signal.SIGKILL)
        self._dead.add(pid)
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
def coming_and_going(stack: Stack, agents: Sequence[str], *, every: float) -> Iterator[Counter[str]]:
    """One agent after the other leaves for a moment; all are there again on leaving. Counts how often each left."""
    over, left = threading.Event(), Counter[str]()

    def run() -> None:
        with stack.client("importer") as client:
            for agent in cycle(agents):
                for status in ("away", "available"):
                    _said(client, agent, status)
                    left[agent] += status == "away"
                if over.wait(every):
                    return

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield left
    finally:
        over.set()
        thread.join()


def _said(client: Client, agent: str, status: str) -> None:
    """Again until it was answered: the service may be just dying."""
    request = uuid4().hex

    def answered() -> bool:
        try:
            client.command("dispatch", "set_presence", agent_id=agent, status=status, request_id=request, timeout=5)
        except Unavailable:
            return False
        return True

    eventually(answered, timeout=120)


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
