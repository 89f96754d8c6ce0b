"""The supervising process of a stack: starts it in order, keeps it running, obeys orders, ends with all of it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from deploy.localstack import plan
from deploy.localstack.compose import Service
from deploy.localstack.errors import StackError
from deploy.localstack.instance import Instance
from deploy.localstack.process import Command, Death, Process, log_end
from deploy.localstack.servers import Servers

PATIENCE_SECONDS = 120.0
CHECK_SECONDS = 15.0
GIVE_UP_AFTER_DEATHS = 3
DEATHS_KEPT = 50
SERVER_GRACE_SECONDS = 30.0


class Supervisor:
    """Runs one instance until `end` is set."""

    def __init__(self, instance: Instance, servers: Servers, services: Mapping[str, Service]) -> None:
        self.instance = instance
        self.servers = servers
        self.services = services
        self.processes: dict[str, list[Process]] = {}
        self.deaths: list[Death] = []
        self.phase = "starting"
        self.problem: str | None = None
        self.end = asyncio.Event()

    async def start_all(self, replicas: Mapping[str, int]) -> None:
        """The servers, then every service as soon as what it depends on is healthy or has done its work.

        Raises: StackError, with the end of the log, if one of them cannot.
        """
        await self._start_servers()
        steps: dict[str, asyncio.Task[None]] = {}
        async with asyncio.TaskGroup() as group:
            for name, service in self.services.items():
                steps[name] = group.create_task(self._start_service(service, steps, replicas.get(name, 1)))

    async def _start_servers(self) -> None:
        self.servers.prepare()
        for name, command in self.servers.commands().items():
            self._add(name, command, "always", SERVER_GRACE_SECONDS).start()
        await asyncio.gather(*(self._server_ready(*check) for check in self.servers.checks()))

    async def _server_ready(self, name: str, ready: Callable[[], bool], advice: str) -> None:
        began = time.monotonic()
        while not await asyncio.to_thread(ready):
            self._refuse_if_dying(name, f"{advice}\n")
            if time.monotonic() - began > PATIENCE_SECONDS:
                last = log_end(self.processes[name][0].log) if name in self.processes else ""
                raise StackError(f"{name} is not ready after {PATIENCE_SECONDS:.0f} s. {advice}\n{last}")
            await asyncio.sleep(0.2)

    async def _start_service(self, service: Service, steps: Mapping[str, asyncio.Task[None]], replicas: int) -> None:
        for needed in service.depends_on:
            if needed in steps:
                await steps[needed]
        for _ in range(replicas):
            self._add_replica(service).start()
        if service.restart == "no":
            if await self.processes[service.name][0].finished() != 0 and not self.end.is_set():
                raise StackError(f"{service.name} could not do its work; its last words stand above")
        elif service.health:
            await self._healthy(service)

    async def _healthy(self, service: Service) -> None:
        """As the health check says, which waits for an answer by itself."""
        began = time.monotonic()
        check = plan.command(service.health, service)
        while True:
            code, said = await _output(check)
            if code == 0:
                return
            self._refuse_if_dying(service.name)
            if time.monotonic() - began > PATIENCE_SECONDS:
                last = log_end(self.processes[service.name][0].log)
                raise StackError(f"{service.name} is not healthy after {PATIENCE_SECONDS:.0f} s: {said}\n{last}")
            await asyncio.sleep(1.0)

    def _refuse_if_dying(self, name: str, advice: str = "") -> None:
        if any(one.deaths >= GIVE_UP_AFTER_DEATHS for one in self.processes.get(name, ())):
            raise StackError(f"{advice}{name} keeps dying; its last words stand above")

    async def stop_all(self, *, kill: bool) -> None:
        """Ends every process: the services first, then the servers."""
        servers = list(self.servers.commands())
        groups = [one for name, group in self.processes.items() if name not in servers for one in group]
        await asyncio.gather(*(one.stop(kill=kill) for one in groups))
        for name in reversed(servers):
            await asyncio.gather(*(one.stop(kill=kill) for one in self.processes.get(name, ())))

    # orders

    async def start(self, process: str) -> None:
        """Starts all replicas of a process that was stopped."""
        for replica in self._named(process):
            replica.start()

    async def stop(self, process: str, kill: bool = False) -> None:
        """Ends all replicas of a process and keeps them ended."""
        await asyncio.gather(*(replica.stop(kill=kill) for replica in self._named(process)))
        self.save()

    async def restart(self, process: str, kill: bool = False) -> None:
        """Ends and starts all replicas of a process."""
        await self.stop(process, kill=kill)
        await self.start(process)

    async def scale(self, process: str, replicas: int) -> None:
        """Brings a service to so many replicas; those that are new are not waited for."""
        group = self._named(process)
        if process not in self.services:
            raise StackError(f"{process} is a server, not a service")
        while len(group) > replicas:
            await group.pop().stop()
        while len(group) < replicas:
            self._add_replica(self.services[process]).start()
        self.save()

    def _named(self, process: str) -> list[Process]:
        if process not in self.processes:
            raise StackError(f"no process {process!r}; there are {', '.join(self.processes)}")
        return self.processes[process]

    def _add_replica(self, service: Service) -> Process:
        return self._add(service.name, plan.command(service.argv, service), service.restart)

    def _add(self, name: str, command: Command, restart: str, grace_seconds: float = 25.0) -> Process:
        group = self.processes.setdefault(name, [])
        process = Process(
            service=name,
            command=command,
            log=self.instance.logs / f"{name}-{len(group) + 1}.log",
            restart=restart,
            grace_seconds=grace_seconds,
            on_change=self.save,
            on_death=self._note,
        )
        group.append(process)
        return process

    def _note(self, death: Death) -> None:
        """Reports a death where people look: the supervisor's log, and the state."""
        self.deaths = [*self.deaths, death][-DEATHS_KEPT:]
        print(death, flush=True)

    def save(self) -> None:
        """Writes the state file."""
        self.instance.write_state(self.state())

    def state(self) -> dict[str, Any]:
        """What `status` shows and `Access` reads."""
        return {
            "supervisor": os.getpid(),
            "phase": self.phase,
            "problem": self.problem,
            **self.servers.whereabouts(),
            "folders": {
                inside: str(folder)
                for service in self.services.values()
                for inside, folder in plan.folders(self.instance, service).items()
            },
            "processes": {
                name: [
                    {
                        "pid": one.pid,
                        "status": one.status,
                        "starts": one.starts,
                        "deaths": one.deaths,
                        "exit_code": one.exit_code,
                        "log": str(one.log),
                    }
                    for one in group
                ]
                for name, group in self.processes.items()
            },
            "deaths": [asdict(death) for death in self.deaths],
        }


async def _output(command: Command) -> tuple[int, str]:
    """Runs a command to its end: exit code and what it said; a command that takes too long is ended."""
    check = await asyncio.create_subprocess_exec(
        *command.argv,
        env=dict(command.env),
        cwd=command.cwd,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        said, _ = await asyncio.wait_for(check.communicate(), CHECK_SECONDS)
    except (TimeoutError, asyncio.CancelledError) as interruption:
        with contextlib.suppress(ProcessLookupError):  # it has ended at this very moment
            check.kill()
        await check.wait()
        if isinstance(interruption, TimeoutError):
            return 1, f"no answer in {CHECK_SECONDS:.0f} s"
        raise
    return check.returncode or 0, said.decode(errors="replace").strip()
