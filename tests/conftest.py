"""The running stack for the tests that need one; unit tests start nothing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from hypothesis import settings

from deploy.localstack import launch
from deploy.localstack.instance import HOME, Instance
from tests.support import Stack, forget_leftovers

HERE = Path(__file__).parent
# Cheapest first: what fails early fails fast.
ORDER = ("unit", "architecture", "contract", "interface", "journey", "fault")
os.environ.setdefault("AIOSMTPD_CONTROLLER_TIMEOUT", "60")  # seconds that a busy machine may take to start a relay
STACK = f"test-{os.getpid()}"  # one per test run, so that two of them can run side by side
KEPT_LOGS = HOME / "test-logs"
SHARED = ExitStack()  # what the tests before `fault` share

# Properties are tried on the same examples each time, on machines of any speed; `make test-deep` tries new ones.
settings.register_profile("steady", derandomize=True, deadline=None)
settings.load_profile("steady")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Runs the folders in ORDER."""
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    folder = item.path.relative_to(HERE).parts[0]
    return ORDER.index(folder) if folder in ORDER else len(ORDER)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """The tests that break things have stacks of their own: on two cores, nothing idle runs beside them."""
    if _rank(item) >= ORDER.index("fault"):
        SHARED.close()


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """Started when the first test asks for it, taken down with its data after the last, or when this process dies."""
    forget_leftovers("test")
    with SHARED:
        yield SHARED.enter_context(_running(Instance(STACK)))


@contextmanager
def _running(instance: Instance) -> Iterator[Stack]:
    launch.up(instance, "--discard", f"--with-process={os.getpid()}")
    running = Stack(instance)
    try:
        yield running
    finally:
        running.close()
        _keep_logs(instance)
        launch.down(instance, discard=True)


def _keep_logs(instance: Instance) -> None:
    """The last run's logs outlive its stack."""
    shutil.rmtree(KEPT_LOGS, ignore_errors=True)
    shutil.copytree(instance.logs, KEPT_LOGS)
    shutil.copy(instance.supervisor_log, KEPT_LOGS)
