"""A consumer in JavaScript, written against docs/consumers.md alone, in place of ours: nobody is told twice."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from shared.clock import SystemClock, to_text
from tests.crowd import crowd
from tests.interface.notify.reference import apply
from tests.interface.test_consumers import Desk
from tests.support import Stack, eventually
from tests.unit.notify.wire import faults

HERE = Path(__file__).parents[1] / "consumer_node"


class Node:
    """The consumer's process; its store and its gateway are files that outlive it."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        self._folder = folder
        self._environ = {
            "PATH": os.environ["PATH"],
            "AMQP_URI": stack.amqp_uri("sms-consumer"),
            "CHANNEL": "sms",
            "STORE": str(folder / "store.jsonl"),
            "GATEWAY": str(folder / "sent.jsonl"),
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, milliseconds: int = 0) -> None:
        """`milliseconds`: how long half a send takes."""
        with (self._folder / "log").open("ab") as log:
            environ = {**self._environ, "GATEWAY_MS": str(milliseconds)}
            node = shutil.which("node") or "node"
            self._process = subprocess.Popen([node, "consumer.js"], cwd=HERE, env=environ, stdout=log, stderr=log)

    def end(self, number: signal.Signals) -> int:
        """Its exit code; a second time does nothing."""
        process, self._process = self._process, None
        if process is None:
            return 0
        process.send_signal(number)
        return process.wait(30)

    def sent(self) -> list[str]:
        """What its gateway has, in order."""
        file = self._folder / "sent.jsonl"
        return [line["message_id"] for line in map(json.loads, file.read_text().splitlines())] if file.exists() else []

    def claimed(self) -> set[str]:
        """The messages of which its store does not say how they ended."""
        file = self._folder / "store.jsonl"
        rows = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
        return {row["id"] for row in rows if {r["id"]: r["state"] for r in rows}[row["id"]] == "claimed"}

    def said(self) -> str:
        return (self._folder / "log").read_text()

    def leave(self, *, away: bool) -> None:
        """Its gateway goes away, or is back."""
        mark = self._folder / "sent.jsonl.away"
        if away:
            mark.touch()
        else:
            mark.unlink()


@pytest.fixture(scope="module")
def desk(stack: Any) -> Iterator[Desk]:
    """Ours rests meanwhile; before and after, nothing is left on its queues. No message waits for the night to end."""
    apply(stack)
    stack.stop_process("sms-consumer")
    desk = Desk(stack)
    yield desk
    desk.connection.close()
    stack.start_process("sms-consumer")


@pytest.fixture
def node(stack: Any, desk: Desk, tmp_path: Path) -> Iterator[Node]:
    node = Node(stack, tmp_path)
    node.start()
    yield node
    node.end(signal.SIGTERM)  # in good order: what it has reported is acknowledged, and comes to no other test


def test_each_message_is_sent_once_and_reported_as_the_schema_says(desk: Desk, node: Node) -> None:
    handed = [desk.hand_over("sms", lane) for lane in ("urgent", "normal", "bulk") * 3]
    receipts = [desk.receipt(message_id) for message_id in handed]
    assert sorted(node.sent()) == sorted(handed)
    assert [faults("receipt", receipt.to_wire()) for receipt in receipts] == [[]] * 9
    assert {(receipt.id, receipt.data["consumer"]) for receipt in receipts} == {
        (f"{message_id}/sent", "sms-consumer") for message_id in handed
    }


def test_a_message_that_comes_again_is_reported_again_and_not_sent_again(desk: Desk, node: Node) -> None:
    message_id = desk.hand_over("sms")
    desk.receipt(message_id)
    desk.hand_over("sms", message_id=message_id)
    eventually(lambda: len(desk.receipts(message_id)) == 2)
    assert {receipt.id for receipt in desk.receipts(message_id)} == {f"{message_id}/sent"}
    assert node.sent() == [message_id]


def test_an_expired_message_is_told_so_and_not_sent(desk: Desk, node: Node) -> None:
    message_id = desk.hand_over("sms", expires_at=to_text(SystemClock().now() - timedelta(seconds=1)))
    receipt = desk.receipt(message_id)
    assert (receipt.id, receipt.number, receipt.data["state"]) == (f"{message_id}/expired", 3, "expired")
    assert node.sent() == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff\xfe", b'{"message_id": 7}'])
def test_an_unreadable_message_is_failed_and_the_next_one_goes(desk: Desk, node: Node, body: bytes) -> None:
    message_id = uuid4().hex
    desk.put("sms.urgent", body, message_id)
    desk.put("sms.urgent", body, None)
    next_one = desk.hand_over("sms")
    assert desk.receipt(message_id).data["state"] == "failed"
    assert desk.receipt(next_one).data["state"] == "sent"
    assert node.sent() == [next_one]


def test_killed_again_and_again_it_sends_each_message_once(desk: Desk, node: Node) -> None:
    node.end(signal.SIGTERM)
    node.start(milliseconds=15)
    handed = [desk.hand_over("sms", "normal") for _ in range(40)]
    caught = set()
    for goal in range(5, 40, 5):
        eventually(lambda goal=goal: len(node.sent()) >= goal)
        assert node.end(signal.SIGKILL) == -signal.SIGKILL
        caught |= node.claimed()
        node.start(milliseconds=15)
    receipts = [desk.receipt(message_id) for message_id in handed]
    assert {receipt.data["state"] for receipt in receipts} == {"sent"}
    assert sorted(node.sent()) == sorted(handed)
    assert caught, "no kill met a message between its claim and its record"


def test_asked_to_end_it_ends_in_good_order_and_the_rest_waits_for_the_next(desk: Desk, node: Node) -> None:
    node.end(signal.SIGTERM)
    node.start(milliseconds=20)
    handed = [desk.hand_over("sms") for _ in range(10)]
    eventually(lambda: len(node.sent()) >= 2)
    assert node.end(signal.SIGTERM) == 0
    assert json.loads(node.said().splitlines()[-1]) == {"event": "stopped"}
    assert node.claimed() == set()
    node.start()
    assert {desk.receipt(message_id).data["state"] for message_id in handed} == {"sent"}
    assert sorted(node.sent()) == sorted(handed)


def test_while_its_gateway_is_away_messages_wait_and_then_go_once(desk: Desk, node: Node) -> None:
    node.leave(away=True)
    handed = [desk.hand_over("sms", lane) for lane in ("urgent", "bulk") * 5]
    eventually(lambda: '"again"' in node.said())
    assert node.sent() == []
    node.leave(away=False)
    assert {desk.receipt(message_id).data["state"] for message_id in handed} == {"sent"}
    assert sorted(node.sent()) == sorted(handed)


def test_the_more_urgent_lane_goes_first(desk: Desk, node: Node) -> None:
    node.end(signal.SIGTERM)
    bulk, normal, urgent = ([desk.hand_over("sms", lane) for _ in range(10)] for lane in ("bulk", "normal", "urgent"))
    node.start(milliseconds=10)
    order = eventually(lambda: (sent := node.sent())[29:] and sent)
    # what is there at the start is delivered queue by queue: the first may be taken before the others have come
    assert set(order[:11]) >= set(urgent)
    assert set(order[10:21]) >= set(normal) - set(order[:10])
    assert set(order) == {*bulk, *normal, *urgent}


def test_its_receipts_reach_the_ledger(stack: Any, node: Node) -> None:
    with crowd(stack, 10) as people:
        people.tell(10)
        eventually(lambda: people.rows() == Counter(sent=10))
    assert sorted(node.sent()) == sorted(people.ids())


def test_its_log_holds_no_address_and_no_text(desk: Desk, node: Node) -> None:
    desk.receipt(desk.hand_over("sms", text="secret-text"))
    assert "secret-text" not in node.said()
    assert "+4411649" not in node.said()
