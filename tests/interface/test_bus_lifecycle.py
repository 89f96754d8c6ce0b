"""Processes end when they are told to, soon, and with their work done (BUS.md section 2)."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.client import Client
from tests.probe import service
from tests.probe.lab import Lab
from tests.probe.process import Running
from tests.support import eventually

SOON = 20  # seconds, within the grace that a process has; an idle one needs far less than one on a quiet machine


KINDS = ("probe", "probe-worker")


@pytest.fixture
def broker_returns(lab: Lab) -> Iterator[None]:
    yield
    lab.start_server("rabbitmq")


def test_sigterm_before_the_consumers_are_ready_ends_the_process(lab: Lab, broker_returns: None) -> None:
    lab.stop_server("rabbitmq")
    processes = [lab.start(kind) for kind in KINDS]
    for process in processes:
        eventually(lambda process=process: process.said("bus connection lost"))
        assert not process.said("ready")
        assert process.terminate(SOON) == 0


def test_sigterm_while_the_broker_is_away_ends_the_process(lab: Lab, broker_returns: None) -> None:
    processes = [lab.start(kind).wait_ready() for kind in KINDS]
    lab.stop_server("rabbitmq")
    for process in processes:
        eventually(lambda process=process: process.said("bus connection lost"))
        assert process.terminate(SOON) == 0


@pytest.mark.parametrize("kind", KINDS)
def test_sigterm_while_idle_ends_the_process(lab: Lab, kind: str) -> None:
    assert lab.start(kind).wait_ready().terminate(SOON) == 0


def test_sigterm_while_a_call_is_in_hand_answers_it_first(
    lab: Lab, probe: Running, worker: Running, importer: Client, counter: str
) -> None:
    importer.command("probe", "open", name=counter, request_id=counter)
    with ThreadPoolExecutor(1) as aside:
        answer = aside.submit(importer.command, "probe", "add_slowly", name=counter, timeout=60)
        eventually(lambda: lab.database.probe_effects.find_one({"_id": f"began {counter}"}))
        probe.popen.terminate()
        lab.flag(f"go {counter}")
        assert answer.result()["total"] == 1
    assert probe.popen.wait(60) == 0
    assert lab.depth("rpc-probe") == 0  # acknowledged: nobody does it again
    eventually(lambda: lab.counter(counter)["noted"] == 1)  # and told of it


def test_sigterm_while_an_event_is_in_hand_finishes_it_first(
    lab: Lab, probe: Running, importer: Client, counter: str
) -> None:
    importer.command("probe", "open", name=counter, request_id=counter)
    lab.stop("probe-worker")
    worker = lab.start("probe-worker").wait_ready()
    importer.command("probe", "add", name=counter, amount=service.WAITS)
    eventually(lambda: lab.tries(counter) == 1)
    worker.popen.terminate()
    lab.flag(f"go {counter}")
    assert worker.popen.wait(60) == 0
    assert lab.counter(counter)["noted"] == 1
    assert lab.tries(counter) == 1
    assert lab.depth("probe.probe.counted.note") == 0


def test_a_process_that_starts_before_its_servers_waits_for_them(lab: Lab, importer: Client) -> None:
    for server in ("rabbitmq", "mongo"):
        lab.stop_server(server)
    lab.stop("probe")
    early = lab.start("probe")
    eventually(lambda: early.said("bus connection lost"))
    for server in ("rabbitmq", "mongo"):
        lab.start_server(server)
    early.wait_ready()
    assert eventually(lambda: importer.call("probe", "ping", timeout=20))["status"] == "ok"
    assert early.terminate(SOON) == 0
