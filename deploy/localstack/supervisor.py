"""The supervising process of a stack: starts it in order, keeps it running, obeys orders, ends with all of it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from deploy.localstack import ports
from deploy.localstack.errors import StackError
from deploy.localstack.instance import Instance
from deploy.localstack.process import Command, Death, Process
from deploy.localstack.servers import Broker, Database

PATIENCE_SECONDS = 120.0
GIVE_UP_AFTER_DEATHS = 3
DEATHS_KEPT = 50
EPMD, BROKER, DATABASE = "epmd", "rabbitmq", "mongo"


class Supervisor:
    """Runs one instance until it is told to end."""

    def __init__(self, instance: Instance, secrets: dict[str, str]) -> None:
        self.instance = instance
        self.processes: dict[str, list[Process]] = {}
        self.deaths: list[Death] = []
        self.phase = "starting"
        self.problem: str | None = None
        self.end = asyncio.Event()
        free = ports.reserve(instance.folder / "ports.json", ("amqp", "management", "distribution", "epmd", "mongo"))
        self.broker = Broker(
            name=f"loopdesk-{instance.name}",
            folder=instance.folder / BROKER,
            amqp_port=free["amqp"],
            management_port=free["management"],
            distribution_port=free["distribution"],
            epmd_port=free["epmd"],
            password=secrets["RABBITMQ_ADMIN_PASSWORD"],
        )
        self.database = Database(instance.folder / DATABASE, free["mongo"], secrets["MONGO_ADMIN_PASSWORD"])

    async def start_servers(self) -> None:
        """RabbitMQ and mongod, together.

        Raises: StackError if one of them cannot start.
        """
        self.broker.prepare()
        self.database.prepare()
        self.keep(EPMD, self.broker.epmd())
        self.keep(BROKER, self.broker.command(), grace_seconds=20.0)
        self.keep(DATABASE, self.database.command())
        await asyncio.gather(
            self.until(self.broker.ready, BROKER, Broker.INSTALL),
            self.until(self.database.ready, DATABASE, Database.INSTALL),
        )

    def keep(self, name: str, command: Command, *, restart: str = "always", grace_seconds: float = 10.0) -> Process:
        """Starts one more process under `name`."""
        replicas = self.processes.setdefault(name, [])
        log = self.instance.logs / (f"{name}.log" if not replicas else f"{name}-{len(replicas) + 1}.log")
        process = Process(
            log.stem,
            command,
            log,
            restart=restart,
            grace_seconds=grace_seconds,
            on_change=self.save,
            on_death=self.note,
        )
        replicas.append(process)
        process.start()
        return process

    async def until(self, ready: Callable[[], bool], name: str, advice: str) -> None:
        """Waits for what `name` should do.

        Raises: StackError, with the end of its log, if it keeps dying or takes too long.
        """
        began = time.monotonic()
        while not await asyncio.to_thread(ready):
            process = self.processes[name][0]
            if process.deaths >= GIVE_UP_AFTER_DEATHS:
                raise StackError(f"{advice}\n{self.deaths[-1]}")
            if time.monotonic() - began > PATIENCE_SECONDS:
                raise StackError(f"{name} is not ready after {PATIENCE_SECONDS:.0f} s. {advice}")
            await asyncio.sleep(0.2)

    async def stop_all(self, *, kill: bool) -> None:
        """Ends every process: the last started first, the servers after all others."""
        servers = [self.processes.pop(name, []) for name in (DATABASE, BROKER, EPMD)]
        for group in (*reversed(self.processes.values()),):
            await asyncio.gather(*(process.stop(kill=kill) for process in group))
        await asyncio.gather(*(process.stop(kill=kill) for process in (*servers[0], *servers[1])))
        await asyncio.gather(*(process.stop(kill=True) for process in servers[2]))

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
        """Brings a process to so many replicas."""
        raise NotImplementedError

    def _named(self, process: str) -> list[Process]:
        if process not in self.processes:
            raise StackError(f"no process {process!r}; there are {', '.join(self.processes)}")
        return self.processes[process]

    def note(self, death: Death) -> None:
        """Reports a death where people look: the supervisor's log, and the state."""
        self.deaths = [*self.deaths, death][-DEATHS_KEPT:]
        print(death, flush=True)

    def save(self) -> None:
        """Writes the state file."""
        self.instance.write_state(self.state())

    def state(self) -> dict[str, Any]:
        """What `status` shows and the tests read."""
        return {
            "supervisor": os.getpid(),
            "phase": self.phase,
            "problem": self.problem,
            "admin": {
                "amqp": self.broker.amqp_uri(),
                "management": self.broker.management_uri,
                "mongo": self.database.uri(),
            },
            "processes": {
                name: [
                    {
                        "pid": one.pid,
                        "status": one.status,
                        "starts": one.starts,
                        "deaths": one.deaths,
                        "log": str(one.log),
                    }
                    for one in replicas
                ]
                for name, replicas in self.processes.items()
            },
            "deaths": [asdict(death) for death in self.deaths],
        }
