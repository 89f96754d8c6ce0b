"""`python -m tests.fault.crashing.lives <process> <folder>`: a real process, life after life, each ended as planned.

Reads `plan.json` in the folder: the crashes, one for each life; the lives after those end only when told. Every life is
a fork of this process, which has imported what it needs and begun nothing: it is the product's own main from the
first statement on. Nothing in the product knows of it: the function at the boundary is replaced from here.
Writes a line of `deaths.jsonl` for every life that has ended: which number, armed with what, by which signal it ended,
and the last words that it wrote on its own just before.
"""

from __future__ import annotations

import importlib
import json
import os
import posix  # its waitpid is the system's own; os.waitpid would be eventlet's
import signal
import sys
import time
from collections.abc import Callable
from ctypes import CDLL
from functools import partial, wraps
from itertools import chain, count, repeat
from pathlib import Path
from typing import Any

from tests.fault.crashing.points import CONSUMER, DISPATCH, FEEDBACK, GATEWAY, INTAKE, MAILER, RELAY, WORKER

PR_SET_PDEATHSIG = 1
LEAST_SECONDS = 0.3  # between two lives that nobody has ended on purpose


def worker(process: str = WORKER) -> Callable[[], object]:
    """What `python -m shared.run notify-worker` does, or another service's."""
    from shared import run  # makes the sockets green

    service = run.service_class(process)
    return lambda: run.serve(service)


def consumer() -> Callable[[], object]:
    """What `python -m services.notify.consumers.sms` does."""
    return importlib.import_module("services.notify.consumers.sms.__main__").main


def mailer() -> Callable[[], object]:
    """What `python -m services.notify.consumers.email` does."""
    return importlib.import_module("services.notify.consumers.email").main


def relay() -> Callable[[], object]:
    """The tests' own relay of SMTP."""
    return importlib.import_module("tests.fault.crashing.relay").main


def gateway() -> Callable[[], object]:
    """The tests' own provider of SMS."""
    return importlib.import_module("tests.fault.crashing.gateway").main


MAINS: dict[str, Callable[[], Callable[[], object]]] = {
    **{name: partial(worker, name) for name in (WORKER, INTAKE, DISPATCH, FEEDBACK)},
    **{CONSUMER: consumer, GATEWAY: gateway, MAILER: mailer, RELAY: relay},
}


def die_with_parent() -> None:
    """Whoever started this ends: so does this."""
    CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def arm(crash: dict[str, Any], die: Callable[[], None]) -> None:
    """Have the n-th call of the function end the process, before it does anything or after it is done."""
    module, _, path = crash["function"].partition(":")
    owner_path, _, name = path.rpartition(".")
    owner: Any = importlib.import_module(module)
    for part in filter(None, owner_path.split(".")):
        owner = getattr(owner, part)
    whole, passed = getattr(owner, name), count(1)

    @wraps(whole)
    def crashing(*args: Any, **kwargs: Any) -> Any:
        if crash["when"] == "before" and next(passed) == crash["nth"]:
            die()
        answer = whole(*args, **kwargs)
        if crash["when"] == "after" and next(passed) == crash["nth"]:
            die()
        return answer

    setattr(owner, name, crashing)


def live(main: Callable[[], object], crash: dict[str, Any] | None, folder: Path) -> None:
    """One life, in the child: never returns."""
    die_with_parent()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)

    def die() -> None:
        (folder / f"words-{posix.getpid()}").write_text(crash["name"] if crash else "")
        posix.kill(posix.getpid(), signal.SIGKILL)

    code = 70
    try:
        if crash is not None:
            arm(crash, die)
        main()
        code = 0
    finally:
        os._exit(code)


class Lives:
    """The lives of one process, one after the other."""

    def __init__(self, process: str, folder: Path) -> None:
        self._main = MAINS[process]()
        self._folder = folder
        self._child: int | None = None
        self._ending = False

    def end(self, *_: object) -> None:
        """Let the present life be the last, and ask it to end."""
        self._ending = True
        if self._child is not None:
            posix.kill(self._child, signal.SIGTERM)

    def run(self) -> None:
        """Life after life until told to end."""
        plan: list[dict[str, Any] | None] = json.loads((self._folder / "plan.json").read_text())
        for number, crash in enumerate(chain(plan, repeat(None))):
            if self._ending:
                return
            began = time.monotonic()
            pid = os.fork()
            if pid == 0:
                live(self._main, crash, self._folder)
            self._child = pid
            _, status = posix.waitpid(pid, 0)
            self._child = None
            self._note(number, crash, pid, status)
            if crash is None and not self._ending:
                time.sleep(max(0.0, LEAST_SECONDS - (time.monotonic() - began)))

    def _note(self, number: int, crash: dict[str, Any] | None, pid: int, status: int) -> None:
        words = self._folder / f"words-{pid}"
        line = {
            "life": number,
            "crash": crash,
            "pid": pid,
            "signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else None,
            "words": words.read_text() if words.exists() else None,
        }
        words.unlink(missing_ok=True)
        with (self._folder / "deaths.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")


def main() -> None:
    """Live until SIGTERM."""
    die_with_parent()
    lives = Lives(sys.argv[1], Path(sys.argv[2]))
    signal.signal(signal.SIGTERM, lives.end)
    lives.run()


if __name__ == "__main__":
    main()
