"""Messages through processes that die at chosen points, and the count of what came of them."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol

from deploy.localstack.instance import ROOT
from tests.fault.crashing.points import CONSUMER, GATEWAY, MAILER, RELAY, Crash
from tests.gateway import free_port
from tests.support import Stack, eventually

#: Messages on their way at once: enough that no life waits for work, few enough that a death meets fresh ones.
AT_ONCE = 15
PAUSE_SECONDS = 0.1
#: So long may pass without any death or message; then the run is stuck.
PATIENCE_SECONDS = 240.0


def environment(stack: Stack, process: str) -> dict[str, str]:
    """What the stack's own process of that name was started with."""
    pid = eventually(lambda: stack.pids(process))[0]
    pairs = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
    return dict(pair.split("=", 1) for pair in pairs if pair)


class Mortal:
    """One process that lives again and again, as tests/fault/crashing/lives.py has it."""

    def __init__(self, process: str, crashes: Sequence[Crash], environ: Mapping[str, str], folder: Path) -> None:
        self.planned, self._folder = crashes, folder
        folder.mkdir(parents=True)
        (folder / "plan.json").write_text(json.dumps([crash.to_json() for crash in crashes]))
        with (folder / "log").open("wb") as log:
            self._lives = subprocess.Popen(
                [sys.executable, "-m", "tests.fault.crashing.lives", process, str(folder)],
                env={**environ, "PYTHONDONTWRITEBYTECODE": "1"},
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )

    def deaths(self) -> list[dict[str, Any]]:
        """Every life that has ended by now."""
        assert self._lives.poll() is None, (self._folder / "log").read_text()[-2000:]
        return self._deaths()

    def _deaths(self) -> list[dict[str, Any]]:
        file = self._folder / "deaths.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def crashed(self) -> list[dict[str, Any]]:
        """The lives that were to end at a point, each with the proof that it did: SIGKILL, by its own hand, there."""
        armed = [life for life in self._deaths() if life["crash"] is not None]
        for life in armed:
            assert (life["signal"], life["words"]) == (signal.SIGKILL, life["crash"]["name"]), life
        return armed

    def end(self) -> None:
        """Tell the present life to end, and wait for it."""
        self._lives.send_signal(signal.SIGTERM)
        try:
            self._lives.wait(120)
        finally:
            self._lives.kill()
            self._lives.wait()


@contextmanager
def mortals(
    stack: Stack, plan: Mapping[str, Sequence[Crash]], folder: Path, given: Mapping[str, Mapping[str, str]]
) -> Iterator[dict[str, Mortal]]:
    """The processes of the plan as mortals, in place of the stack's own; `given`: environment on top, by process."""
    with ExitStack() as on_leaving:
        environs = {
            name: {
                **(environment(stack, name) if name in stack.state["processes"] else os.environ),
                **given.get(name, {}),
            }
            for name in plan
        }
        for name in plan:
            if name in stack.state["processes"]:
                stack.stop_process(name)
                on_leaving.callback(stack.start_process, name)
        started = {}
        for name, crashes in plan.items():
            started[name] = Mortal(name, crashes, environs[name] | dict(given.get(name, {})), folder / name)
            on_leaving.callback(started[name].end)
        yield started


class People(Protocol):
    """Who is told, or writes, while processes die; `told`: of those it was done."""

    told: list[Any]

    def rows(self) -> Counter[str]:
        """State -> how many."""

    def open(self) -> int:
        """How many have not come to their end."""

    def tell(self, number: int) -> None:
        """So many more."""


def run(people: People, processes: Mapping[str, Mortal]) -> None:
    """Messages go in until every planned crash has happened; returns when each has come to an end."""
    moved, seen = time.monotonic(), None
    while True:
        rows = people.rows()
        open_ = people.open()
        deaths = {name: len(process.deaths()) for name, process in processes.items()}
        crashing = [name for name, process in processes.items() if deaths[name] < len(process.planned)]
        if not crashing and not open_:
            return
        if crashing and open_ < AT_ONCE:
            people.tell(AT_ONCE - open_)
        if (now_seen := (deaths, rows)) != seen:
            moved, seen = time.monotonic(), now_seen
        assert time.monotonic() - moved < PATIENCE_SECONDS, f"stuck: {deaths}, {rows}, {len(people.told)} told"
        time.sleep(PAUSE_SECONDS)


def http_gateway(
    folder: Path, *, blind: bool = False, window: int = 3, refuses: bool = False
) -> tuple[Path, dict[str, dict[str, str]]]:
    """An own gateway's book, and what the processes need to know of it. `blind`: it sends a copy, too; `refuses`: what
    it answers means that nobody gets it."""
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    book, mapping = folder / "book.jsonl", folder / "gateway.yaml"
    send = {
        "url": f"http://127.0.0.1:{port}/",
        "fields": {"id": "{message_id}", "to": "{to}", "text": "{text}"},
        "answer": {
            "accepted": [{"status": [202 if refuses else 200]}],
            "permanent": [{"status": [200]}],
            "id": "/gateway_id",
        },
    }
    declared = {"name": "own", "window": window, "timeout": 5.0, "drops_copies": not blind, "send": send}
    mapping.write_text(json.dumps(declared))
    own = {"GATEWAY_PORT": str(port), "GATEWAY_BOOK": str(book), "GATEWAY_BLIND": str(int(blind))}
    return book, {GATEWAY: own, CONSUMER: {"SMS_GATEWAY": f"http:{mapping}"}}


def smtp_relay(folder: Path) -> tuple[Path, dict[str, dict[str, str]]]:
    """An own relay's book, and what the processes need to know of it."""
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    book = folder / "book.jsonl"
    own = {"RELAY_PORT": str(port), "RELAY_BOOK": str(book)}
    return book, {RELAY: own, MAILER: {"SMTP_URI": f"smtp://127.0.0.1:{port}"}}


def report(processes: Mapping[str, Mortal]) -> Counter[str]:
    """Point -> crashes that happened there."""
    return Counter(f"{name}: {life['crash']['name']}" for name, one in processes.items() for life in one.crashed())


def dice(seed: int) -> random.Random:
    """The same crashes at every run of the same seed."""
    return random.Random(seed)
