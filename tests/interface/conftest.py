"""Fixtures of the interface tests; the services' own `stack` is in tests/conftest.py."""

from __future__ import annotations

import os
from collections.abc import Iterator
from zlib import crc32

import pytest

from shared.client import Client
from tests.conftest import SHARED
from tests.probe.lab import Lab, running_lab
from tests.probe.process import Running


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """A broker and a mongod of their own for the tests of the kernel: some of them break these."""
    with SHARED:
        yield SHARED.enter_context(running_lab(f"probe-{os.getpid()}"))


@pytest.fixture
def probe(lab: Lab) -> Running:
    """The process that answers the probe's calls, healthy."""
    return lab.the_only("probe")


@pytest.fixture
def worker(lab: Lab) -> Running:
    """The process that handles the probe's events, healthy."""
    return lab.the_only("probe-worker")


@pytest.fixture
def importer(lab: Lab) -> Iterator[Client]:
    """May do everything but administer."""
    with lab.client("importer") as client:
        yield client


@pytest.fixture
def counter(request: pytest.FixtureRequest) -> str:
    """The name of a counter that no other test knows."""
    return f"c{crc32(request.node.nodeid.encode()):08x}"
