"""Broker and database go away, freeze and come back: processes live on, callers are answered (BUS.md section 2)."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from pymongo.errors import PyMongoError

from shared.client import Client, Timeout
from shared.errors import LoopdeskError, Unavailable
from shared.mongo import Transaction, connect
from shared.outage import is_outage
from tests.probe.lab import PARKING, Lab
from tests.probe.process import Running
from tests.probe.service import add
from tests.probe.store import a_call, bench
from tests.support import eventually


@pytest.fixture(autouse=True)
def servers_are_back(lab: Lab) -> Iterator[None]:
    """Whatever a test did to them."""
    yield
    for pid in lab.access.pids("rabbitmq"):
        os.kill(pid, signal.SIGCONT)
    for server in ("rabbitmq", "mongo"):
        lab.start_server(server)


@pytest.fixture
def aside(lab: Lab, counter: str) -> Iterator[ThreadPoolExecutor]:
    """For a call that is answered late; it does not wait longer than the test."""
    with ThreadPoolExecutor(1) as pool:
        yield pool
        lab.flag(f"go {counter}")


def add_slowly(lab: Lab, importer: Client, aside: ThreadPoolExecutor, counter: str) -> Future[Any]:
    """A call that has begun and ends when the flag `go <counter>` is set."""
    importer.command("probe", "open", name=counter, request_id=counter)

    def call() -> Any:
        with lab.client() as own:  # a client is for one thread
            return own.call("probe", "add_slowly", name=counter, request_id=f"{counter}-slow", timeout=120)

    answer = aside.submit(call)
    eventually(lambda: lab.database.probe_effects.find_one({"_id": f"began {counter}"}))
    return answer


def has_ended(lab: Lab, counter: str) -> bool:
    return lab.database.probe_effects.find_one({"_id": f"ended {counter}"}) is not None


def lost(process: Running, again_in: float) -> int:
    """How often it said that it waits so long for the broker."""
    return len(process.said("bus connection lost", again_in=again_in))


def test_an_rpc_that_finishes_while_the_broker_has_been_away_over_5_s_does_not_end_the_process(
    lab: Lab, probe: Running, worker: Running, importer: Client, aside: ThreadPoolExecutor, counter: str
) -> None:
    answer = add_slowly(lab, importer, aside, counter)
    said = lost(probe, 5.0)
    lab.stop_server("rabbitmq")
    lab.flag(f"go {counter}")
    eventually(lambda: has_ended(lab, counter))
    eventually(lambda: lost(probe, 5.0) > said)  # after 0.5 + 1 + 2 + 4 s
    lab.start_server("rabbitmq")
    assert answer.result()["total"] == 1
    again = importer.call("probe", "add_slowly", name=counter, request_id=f"{counter}-slow", timeout=30)
    assert again == answer.result()
    eventually(lambda: lab.counter(counter)["noted"] == 1)
    eventually(lambda: not lab.outboxes())
    assert probe.lives
    assert worker.lives


def test_a_frozen_broker_makes_nobody_hang_for_ever(
    lab: Lab, probe: Running, worker: Running, importer: Client, aside: ThreadPoolExecutor, counter: str
) -> None:
    answer = add_slowly(lab, importer, aside, counter)
    importer.command("probe", "open", name=f"{counter}-2", request_id=f"{counter}-2")
    importer.command("probe", "add", name=f"{counter}-2", amount=-1)
    eventually(lambda: lab.counter(f"{counter}-2")["noted"] == 1)  # the relay has a connection, and a fresh one
    gave_up = "broker away; the sweep will publish"
    before = len(probe.said(gave_up))
    os.kill(lab.broker_pid, signal.SIGSTOP)
    lab.flag(f"go {counter}")
    eventually(lambda: has_ended(lab, counter))
    eventually(lambda: len(probe.said(gave_up)) > before)  # no confirm in 10 s: it does not wait longer
    os.kill(lab.broker_pid, signal.SIGCONT)
    assert answer.result()["total"] == 1
    eventually(lambda: lab.counter(counter)["noted"] == 1)
    assert probe.lives
    assert worker.lives


def test_a_memory_alarm_makes_nobody_hang_for_ever(
    lab: Lab, probe: Running, worker: Running, importer: Client, aside: ThreadPoolExecutor, counter: str
) -> None:
    answer = add_slowly(lab, importer, aside, counter)
    lab.rabbitmqctl("set_vm_memory_high_watermark", "0.000001")
    try:
        eventually(lambda: any(node.get("mem_alarm") for node in lab.management("GET", "nodes")))
        lab.flag(f"go {counter}")
        eventually(lambda: has_ended(lab, counter))
    finally:
        lab.rabbitmqctl("set_vm_memory_high_watermark", "0.4")
    assert answer.result()["total"] == 1
    eventually(lambda: lab.counter(counter)["noted"] == 1)
    assert probe.lives
    assert worker.lives


def test_while_the_database_is_away_callers_hear_unavailable_and_handlers_wait(
    lab: Lab, probe: Running, worker: Running, importer: Client, counter: str
) -> None:
    importer.command("probe", "open", name=counter, request_id=counter)
    lab.stop_server("mongo")
    with pytest.raises(Unavailable, match="database is away"):
        importer.call("probe", "add", name=counter, amount=-1, request_id=f"{counter}-1", timeout=60)
    with pytest.raises(Unavailable):
        importer.call("probe", "ping", timeout=60)
    lab.start_server("mongo")

    def total() -> int:
        return importer.call("probe", "add", name=counter, amount=-1, request_id=f"{counter}-1")["total"]

    assert eventually(total) == -1
    eventually(lambda: lab.counter(counter)["noted"] == 1)
    assert probe.lives
    assert worker.lives


def test_an_event_that_comes_while_the_database_is_away_waits_without_counting_as_a_failure(
    lab: Lab, probe: Running, worker: Running, importer: Client, counter: str
) -> None:
    importer.command("probe", "open", name=counter, request_id=counter)
    lab.stop("probe-worker")
    importer.command("probe", "add", name=counter, amount=-1)
    eventually(lambda: lab.depth("probe.probe.counted.note"))
    lab.stop_server("mongo")
    waiting = lab.the_only("probe-worker")
    eventually(lambda: waiting.said("event", outcome="wait"))
    lab.start_server("mongo")
    eventually(lambda: lab.counter(counter)["noted"] == 1)
    assert lab.tries(counter) == 1


def test_a_transaction_from_which_the_database_goes_away_ends_soon_as_an_outage(lab: Lab, counter: str) -> None:
    with bench(lab, client=connect(lab.mongo_uri("probe"), max_workers=10)) as b:
        b.open(counter)

        def work(tx: Transaction) -> None:
            b.counters.change(a_call(), counter, lambda c, at: add(c, at, -1), tx=tx)
            lab.stop_server("mongo")

        begun = time.monotonic()
        with pytest.raises(PyMongoError) as away:
            b.store.db.transact(work)
        assert is_outage(away.value)
        assert time.monotonic() - begun < 60  # all its tries would take it many minutes
        lab.start_server("mongo")
        assert b.counters.get(counter).total == 0
        assert b.nudged == []


def test_the_client_gives_up_in_time_and_what_it_gave_up_is_not_done_later(
    lab: Lab, importer: Client, counter: str
) -> None:
    lab.stop("probe")
    parked = lab.depth(PARKING)
    with pytest.raises(Timeout):
        importer.command("probe", "open", name=counter, timeout=0.3)
    eventually(lambda: lab.depth("rpc-probe") == 0)
    lab.the_only("probe")
    importer.call("probe", "ping", timeout=30)
    assert lab.database.probe_counters.find_one({"name": counter}) is None
    assert lab.depth(PARKING) == parked  # a caller that gave up is nothing for an operator


def test_a_caller_does_not_wait_for_an_answer_longer_than_its_timeout(probe: Running, importer: Client) -> None:
    with pytest.raises(LoopdeskError, match="no answer"):
        importer.call("probe", "compute", seconds=1, timeout=0.2)
    assert importer.call("probe", "ping", timeout=30)["status"] == "ok"
