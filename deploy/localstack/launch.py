"""Starting and ending a stack's supervisor from another process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

from deploy.localstack.errors import StackError
from deploy.localstack.instance import ROOT, Instance

STOP_SECONDS = 60.0


def up(instance: Instance, *options: str, say: Callable[[str], None] = print) -> None:
    """Starts it, passes on what it reports, and returns when it is up.

    Raises: StackError if it runs already, or with the reason if it cannot start.
    """
    if instance.is_up():
        raise StackError(f"the stack {instance.name!r} runs already")
    log = instance.supervisor_log
    instance.write_state({"phase": "starting"})
    with log.open("wb") as output:
        supervisor = subprocess.Popen(  # noqa: S603 (our own module)
            [sys.executable, "-m", "deploy.localstack.run", instance.name, *options],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    with log.open() as reports:
        while True:
            ended = supervisor.poll() is not None
            for line in reports:
                say(line.rstrip("\n"))
            phase = instance.state().get("phase")
            if phase == "up":
                return
            if ended:
                problem = instance.state().get("problem") or "its supervisor died; its words are above"
                raise StackError(f"the stack {instance.name!r} does not start: {problem}")
            time.sleep(0.1)


def down(instance: Instance, *, discard: bool = False) -> bool:
    """Ends it and everything it started; with `discard`, removes its data. False if it did not run."""
    ran = instance.is_up()
    if ran:
        _signal(instance.state()["supervisor"], (signal.SIGTERM, signal.SIGKILL), instance)
    if discard:
        instance.forget()
    return ran


def _signal(pid: int, numbers: Sequence[signal.Signals], instance: Instance) -> None:
    for number in numbers:
        os.kill(pid, number)
        until = time.monotonic() + STOP_SECONDS
        while time.monotonic() < until:
            if not instance.is_up():
                return
            time.sleep(0.1)
    raise StackError(f"the stack {instance.name!r} does not end: its supervisor is process {pid}")
