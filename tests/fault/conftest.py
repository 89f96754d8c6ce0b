"""A stack of their own for the tests that break it; FAULT_STACK names a running one to use instead."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest

from deploy.localstack import launch
from deploy.localstack.instance import HOME, Instance
from deploy.services import SERVICES
from shared.bus.topology import parking
from tests.fault.bus import on_the_bus
from tests.fault.declared import apply
from tests.fault.load import AGENTS, Load
from tests.support import Stack, forget_leftovers

KEPT_LOGS = HOME / "fault-logs"


class Ground:
    """Gives the stack to break; a new one after a test has failed on it, so that failures do not spread."""

    def __init__(self, kind: str = "fault", running: str | None = None) -> None:
        self._kind, self._name = kind, running
        self._stack: Stack | None = None
        self.spoiled = False

    def stack(self) -> Stack:
        if self.spoiled and not self._name:
            self.close()
        if self._stack is None:
            self._stack = self._up()
        return self._stack

    def _up(self) -> Stack:
        instance = Instance(self._name or f"{self._kind}-{os.getpid()}")
        if not self._name:
            forget_leftovers(self._kind)
            launch.up(instance, "--discard", f"--with-process={os.getpid()}", say=lambda line: None)
        stack = Stack(instance)
        apply(stack)
        for agent in AGENTS:
            stack.client("importer").command("dispatch", "set_presence", agent_id=agent, status="available")
        if self._name:
            self._tidy(stack)
        return stack

    def _tidy(self, stack: Stack) -> None:
        """What earlier tests on a stack of somebody else's have left."""
        Load(stack).close()
        with on_the_bus(stack) as bus:
            for service in SERVICES:
                bus.channel.queue_purge(parking(service))

    def close(self) -> None:
        stack, self._stack, self.spoiled = self._stack, None, False
        if stack is not None:
            stack.close()
            if not self._name:
                shutil.rmtree(KEPT_LOGS, ignore_errors=True)
                shutil.copytree(stack.instance.logs, KEPT_LOGS)
                launch.down(stack.instance, discard=True)


@pytest.fixture(scope="session")
def ground() -> Iterator[Ground]:
    ground = Ground(running=os.environ.get("FAULT_STACK"))
    try:
        yield ground
    finally:
        ground.close()


@pytest.fixture(scope="module")
def apart() -> Iterator[Stack]:
    """A stack for one module only: what its tests leave in the ledger would not be sound to any other."""
    ground = Ground("apart")
    try:
        yield ground.stack()
    finally:
        ground.close()


@pytest.fixture
def broken(ground: Ground, request: pytest.FixtureRequest) -> Iterator[Stack]:
    """The stack to break."""
    stack = ground.stack()
    failed = request.session.testsfailed
    yield stack
    ground.spoiled = request.session.testsfailed > failed


@pytest.fixture
def load(broken: Stack) -> Iterator[Load]:
    """Work for it; what is left open at the end is withdrawn."""
    load = Load(broken)
    yield load
    load.close()
