"""What was saved is published: after crashes, without queues, exactly once in effect (BUS.md section 2)."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from shared.bus.topology import UNROUTED
from shared.client import Client, Request
from tests.probe import service
from tests.probe.lab import Lab
from tests.probe.process import Running
from tests.probe.store import bench
from tests.support import eventually

CRASHES = 6
LOAD = 300


def noted(lab: Lab, counter: str) -> int:
    return int(lab.counter(counter)["noted"])


def test_a_process_that_ends_between_save_and_publish_loses_no_event(
    lab: Lab, probe: Running, worker: Running, importer: Client, counter: str
) -> None:
    importer.command("probe", "open", name=counter, request_id=counter)
    with ThreadPoolExecutor(1) as aside:
        for number in range(CRASHES):
            process = lab.the_only("probe")
            answer = aside.submit(
                importer.command, "probe", "add", name=counter, amount=-1, then_crash=True, timeout=30
            )
            eventually(lambda process=process: not process.lives)
            lab.the_only("probe")
            assert answer.result()["total"] == -1 - number  # kept by the one that died, given by the next
    lab.stop("probe")  # it has heard `then_crash`, too
    eventually(lambda: noted(lab, counter) == CRASHES)
    assert lab.counter(counter)["total"] == -CRASHES
    eventually(lambda: not lab.outboxes())


def test_processes_killed_at_any_time_under_load_lose_nothing_and_do_nothing_twice(
    lab: Lab, probe: Running, worker: Running, importer: Client, counter: str
) -> None:
    importer.command("probe", "open", name=counter, request_id=counter)
    adds = (
        Request("probe", "add", {"name": counter, "amount": -1, "request_id": f"{counter}-{number}"})
        for number in range(LOAD)
    )
    for number, answer in enumerate(importer.stream(adds, window=8, timeout=60)):
        assert not isinstance(answer, Exception), answer
        if number in (LOAD // 3, 2 * LOAD // 3):
            for kind in ("probe", "probe-worker"):
                for process in lab.alive(kind):
                    process.kill()
                lab.the_only(kind)
    assert lab.counter(counter)["total"] == -LOAD
    eventually(lambda: noted(lab, counter) == LOAD)
    eventually(lambda: not lab.outboxes())


def test_an_event_that_nobody_subscribes_to_is_kept_and_shown(
    lab: Lab, probe: Running, importer: Client, counter: str
) -> None:
    importer.command("probe", "open", name=counter, request_id=counter)
    importer.command("probe", "add", name=counter, amount=service.STRAYS)
    method, properties, body = eventually(lambda: lab.take(UNROUTED, counter))
    assert (method.routing_key, json.loads(body)["type"]) == ("strayed", "strayed")
    assert properties.delivery_mode == 2
    eventually(lambda: "outbox" in lab.counter(counter) and not lab.counter(counter)["outbox"])


def test_an_event_that_is_declared_unheard_is_not_sent(
    lab: Lab, probe: Running, importer: Client, counter: str
) -> None:
    importer.command("probe", "open", name=counter, request_id=counter)
    assert lab.counter(counter)["outbox"] == []
    assert [entry["type"] for entry in importer.call("probe", "show", name=counter)["history"]] == ["opened"]


@pytest.fixture
def exchange_without_queues(lab: Lab) -> Any:
    with lab.channel() as channel:
        channel.exchange_declare(service.NOWHERE, "direct")
        yield
        channel.exchange_delete(service.NOWHERE)
        channel.queue_delete("late")


def test_a_message_published_before_its_queue_exists_is_an_error_that_shows_and_is_kept_until_there_is_one(
    lab: Lab, exchange_without_queues: None, importer: Client, counter: str
) -> None:
    lab.stop("probe")
    lab.the_only("probe-worker")
    permitted = lab.start("probe", LOOPDESK_AMQP_URI=lab.amqp_admin).wait_ready()
    importer.command("probe", "open", name=counter, request_id=counter)
    importer.command("probe", "add", name=counter, amount=service.HANDED_NOWHERE)
    complaint = "no queue takes this event; it is kept"
    eventually(lambda: permitted.said(complaint, events=[f"handed {counter}"]))
    assert [entry["exchange"] for entry in lab.counter(counter)["outbox"]] == [service.NOWHERE]
    with lab.channel() as channel:
        channel.queue_declare("late")
        channel.queue_bind("late", service.NOWHERE, "")
    lab.stop("probe-worker")
    lab.start("probe-worker", LOOPDESK_AMQP_URI=lab.amqp_admin)
    eventually(lambda: lab.take("late", f"handed {counter}"))
    eventually(lambda: lab.counter(counter)["outbox"] == [])


def test_a_message_that_the_broker_refuses_keeps_no_other_back(lab: Lab, counter: str) -> None:
    for kind in ("probe", "probe-worker"):
        lab.stop(kind)
    with bench(lab) as b:  # its relay publishes nothing, and its clock is in the past: forgotten, all of them
        for number in range(40):
            b.open(f"{counter}-{number}")
            b.add(f"{counter}-{number}", service.HANDED_NOWHERE if number % 10 == 5 else -1)
        b.counters.collection.update_many({"name": {"$regex": counter}}, {"$unset": {"timer_at": ""}})
    worker = lab.the_only("probe-worker")
    for number in range(40):
        if number % 10 != 5:
            eventually(lambda number=number: noted(lab, f"{counter}-{number}") == 1)
    refused = {f"probe_counters/{lab.counter(f'{counter}-{number}')['_id']}" for number in (5, 15, 25, 35)}
    eventually(lambda: refused <= {line["document"] for line in worker.said("cannot be published; it is kept")})
    lab.database.probe_counters.update_many({"name": {"$regex": counter}}, {"$set": {"outbox": []}})


def test_the_relay_of_a_process_whose_broker_connection_was_cut_connects_again(
    lab: Lab, probe: Running, worker: Running, importer: Client, counter: str
) -> None:
    importer.command("probe", "open", name=counter, request_id=counter)
    importer.command("probe", "add", name=counter, amount=-1)
    eventually(lambda: noted(lab, counter) == 1)
    for connection in lab.management("GET", "connections"):
        if connection["user"] == "probe":
            lab.management("DELETE", f"connections/{connection['name']}")
    assert importer.command("probe", "add", name=counter, amount=-1, timeout=30)["total"] == -2
    eventually(lambda: noted(lab, counter) == 2)
    assert probe.lives
    assert worker.lives


def test_a_handler_may_answer_an_alarm_by_an_event_of_its_own(
    lab: Lab, probe: Running, worker: Running, importer: Client, counter: str
) -> None:
    importer.command("probe", "open", name=counter, request_id=counter)
    importer.command("probe", "add", name=counter, amount=1)
    kinds = ["opened", "counted", "noted", "rang", "calmed"]

    def history() -> bool:
        entries = importer.call("probe", "show", name=counter)["history"]
        return [entry["type"] for entry in entries] == kinds

    eventually(history)
