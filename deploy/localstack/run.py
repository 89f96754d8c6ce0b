"""`python -m deploy.localstack.run NAME`: the supervising process itself, as `launch` starts it."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path

from deploy.localstack import control, secrets
from deploy.localstack.errors import StackError
from deploy.localstack.instance import Instance
from deploy.localstack.supervisor import Supervisor


async def supervise(instance: Instance, options: argparse.Namespace) -> None:
    """From start to end; the state's `phase` goes starting, up (or failed), down."""
    loop = asyncio.get_running_loop()
    supervisor = Supervisor(instance, secrets.ensure(instance, ("RABBITMQ_ADMIN_PASSWORD", "MONGO_ADMIN_PASSWORD")))
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, supervisor.end.set)
    if options.with_process:
        watch_life(options.with_process, supervisor.end)
    async with control.listening(instance, supervisor):
        ended = asyncio.create_task(supervisor.end.wait())
        starting = asyncio.create_task(supervisor.start_servers())
        await asyncio.wait((ended, starting), return_when=asyncio.FIRST_COMPLETED)
        if starting.done() and (problem := starting.exception()):
            supervisor.phase, supervisor.problem = "failed", str(problem)
            if not isinstance(problem, StackError):
                supervisor.problem = f"the supervisor failed: {problem!r}"
        else:
            starting.cancel()
            supervisor.phase = supervisor.phase if supervisor.end.is_set() else "up"
            supervisor.save()
            await ended
            supervisor.phase = "down"
        await supervisor.stop_all(kill=options.discard)
        supervisor.save()


def watch_life(pid: int, end: asyncio.Event) -> None:
    """Sets `end` when the process `pid` ends."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        end.set()
        return
    asyncio.get_running_loop().add_reader(descriptor, end.set)


def main() -> None:
    """The command line, which only `launch` uses."""
    parser = argparse.ArgumentParser(prog="deploy.localstack.run")
    parser.add_argument("name")
    parser.add_argument("--servers-only", action="store_true", help="RabbitMQ and mongod, nothing else")
    parser.add_argument("--with-process", type=int, help="end when this process ends")
    parser.add_argument("--discard", action="store_true", help="leave no data behind")
    options = parser.parse_args()
    instance = Instance(options.name)
    try:
        with instance.locked():
            with contextlib.suppress(asyncio.CancelledError):
                asyncio.run(supervise(instance, options))
            if options.discard and instance.state().get("phase") != "failed":
                instance.forget()
    except StackError as problem:
        sys.exit(str(problem))


if __name__ == "__main__":
    main()
