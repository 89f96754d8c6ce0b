"""`python -m deploy.localstack.run NAME`: the supervising process itself, as `launch` starts it."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import sys

from deploy.localstack import compose, control, plan, ports, secrets
from deploy.localstack.errors import StackError
from deploy.localstack.instance import Instance
from deploy.localstack.servers import AMQP, PORTS, choose
from deploy.localstack.supervisor import Supervisor


async def supervise(instance: Instance, options: argparse.Namespace) -> None:
    """From start to end; the state's `phase` goes starting, up (or failed), down."""
    loop = asyncio.get_running_loop()
    supervisor = build(instance, servers_only=options.servers_only)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, supervisor.end.set)
    if options.with_process:
        watch_life(options.with_process, supervisor.end)
    async with control.listening(instance, supervisor):
        starting = asyncio.create_task(supervisor.start_all(dict(options.scale)))
        ended = asyncio.create_task(supervisor.end.wait())
        await asyncio.wait((ended, starting), return_when=asyncio.FIRST_COMPLETED)
        if starting.done() and (failure := starting.exception()):
            supervisor.phase, supervisor.problem = "failed", reason(failure)
        else:
            if starting.done():
                supervisor.phase = "up"
                supervisor.save()
            await ended
            starting.cancel()
            supervisor.phase = "down"
        supervisor.end.set()
        await supervisor.stop_all(kill=options.discard)
        if options.discard:
            supervisor.servers.remove()
        supervisor.save()


def build(instance: Instance, *, servers_only: bool) -> Supervisor:
    """The supervisor with its servers and services, nothing started."""
    needed = set(compose.required()) - set(plan.LOCAL_VARIABLES)
    # accounts belong to a whole broker: stacks that share one share their passwords, too
    shared = secrets.ensure(Instance("shared"), needed) if os.environ.get(AMQP) else {}
    variables = secrets.ensure(instance, needed, shared)
    port = ports.reserve(instance.folder / "ports.json", PORTS)
    servers = choose(instance, variables, port, os.environ)
    if servers_only:
        return Supervisor(instance, servers, {})
    mail = {"mailbox:2525": f"127.0.0.1:{port['mailbox']}", "mail-receiver:2524": f"127.0.0.1:{port['mail-receiver']}"}
    addresses = {**servers.addresses(), **mail}
    overrides = {name: uri for name, uri in servers.admin().items() if os.environ.get(name)}
    services = plan.services(instance, {**variables, **servers.variables()}, addresses, overrides)
    return Supervisor(instance, servers, services)


def reason(failure: BaseException) -> str:
    """What to tell the user: the first refusal of a group, or the defect by name."""
    if isinstance(failure, BaseExceptionGroup):
        return reason(failure.exceptions[0])
    return str(failure) if isinstance(failure, StackError) else f"a defect of the supervisor: {failure!r}"


def watch_life(pid: int, end: asyncio.Event) -> None:
    """Sets `end` when the process `pid` ends."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        end.set()
        return
    asyncio.get_running_loop().add_reader(descriptor, end.set)


def replicas(text: str) -> tuple[str, int]:
    """SERVICE=NUMBER."""
    service, _, number = text.partition("=")
    return service, int(number)


def main() -> None:
    """The command line, which only `launch` uses."""
    parser = argparse.ArgumentParser(prog="deploy.localstack.run")
    parser.add_argument("name")
    parser.add_argument("--servers-only", action="store_true", help="RabbitMQ and mongod, nothing else")
    parser.add_argument("--scale", type=replicas, action="append", default=[], help="SERVICE=NUMBER")
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
