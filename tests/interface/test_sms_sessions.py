"""What was agreed with an SMPP gateway: two sessions in place of one, TLS, and ids that receipts write otherwise."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.gateway import Process, Smsc
from tests.interface.test_consumers import Desk
from tests.support import eventually
from tests.unit.notify.web import a_certificate

PHONE = "+8613600136777"


@pytest.fixture(scope="module")
def desk(stack: Any) -> Iterator[Desk]:
    desk = Desk(stack)
    yield desk
    desk.connection.close()


@pytest.fixture
def consumer(stack: Any, tmp_path: Path) -> Iterator[Process]:
    stack.stop_process("sms-consumer")
    process = Process(stack, tmp_path)
    yield process
    process.end(signal.SIGKILL)
    stack.start_process("sms-consumer")


@pytest.fixture
def smsc(tmp_path: Path) -> Iterator[Smsc]:
    smsc = Smsc(tmp_path)
    smsc.start()
    smsc.behave(receipts="DELIVRD")
    yield smsc
    smsc.kill()


@pytest.fixture
def behind_tls(tmp_path: Path) -> Iterator[Smsc]:
    smsc = Smsc(tmp_path, tls=a_certificate(tmp_path))
    smsc.start()
    smsc.behave(receipts="DELIVRD")
    yield smsc
    smsc.kill()


def told(desk: Desk, message_id: str, number: int) -> set[str]:
    """The states that came, in any order, once so many are there."""
    eventually(lambda: len(desk.receipts(message_id)) >= number)
    return {receipt.data["state"] for receipt in desk.receipts(message_id)}


def taken(smsc: Smsc) -> list[str]:
    """The gateway's ids of what was for this file's number."""
    return [sms["id"] for sms in smsc.taken() if f"+{sms['to']}" == PHONE]


@pytest.mark.parametrize("form", ["tlv", "text"])
@pytest.mark.parametrize("after", [20, -1])
def test_a_receipt_in_decimal_finds_the_sms_that_was_answered_in_hex(
    smsc: Smsc, consumer: Process, desk: Desk, form: str, after: int
) -> None:
    smsc.behave(receiptForm=form, receiptIds="decimal", receiptAfter=after, ids="A")  # a hex digit: no decimal number
    consumer.start(smsc.uri(receipt_ids="decimal"))
    message_id = desk.hand_over("sms", to=PHONE)
    assert told(desk, message_id, 2) == {"sent", "delivered"}
    (gateway_id,) = taken(smsc)
    assert {receipt.data["gateway_id"] for receipt in desk.receipts(message_id)} == {gateway_id}


def test_an_sms_whose_receipts_are_in_decimal_is_asked_after_by_the_id_that_was_given(
    smsc: Smsc, consumer: Process, desk: Desk
) -> None:
    smsc.behave(receipts=None, ids="A")
    consumer.start(smsc.uri(receipt_ids="decimal", query_after=1))
    message_id = desk.hand_over("sms", to=PHONE)
    assert told(desk, message_id, 1) == {"sent"}
    smsc.tell("states", **{taken(smsc)[0]: "DELIVRD"})
    assert told(desk, message_id, 2) == {"sent", "delivered"}


def test_a_gateway_without_transceivers_gets_sms_by_one_session_and_gives_receipts_and_replies_by_the_other(
    smsc: Smsc, consumer: Process, desk: Desk
) -> None:
    smsc.behave(binds=["transmitter", "receiver"])
    consumer.start(smsc.uri(bind="pair"))
    message_id = desk.hand_over("sms", to=PHONE)
    assert told(desk, message_id, 2) == {"sent", "delivered"}
    smsc.tell("phone", **{"from": "8613700137777", "to": "10690000", "text": "pair"})
    eventually(lambda: desk.ear.heard("sms_received", text="pair"))
    assert (smsc.state()["sessions"], smsc.state()["binds"]) == (2, 2)
    smsc.tell("hang_up")
    eventually(lambda: smsc.state()["binds"] >= 4)
    assert told(desk, desk.hand_over("sms", to=PHONE), 2) == {"sent", "delivered"}
    assert consumer.end() == 0
    eventually(lambda: smsc.state()["sessions"] == 0)


def test_a_gateway_behind_tls_sends_and_gives_receipts(
    behind_tls: Smsc, consumer: Process, desk: Desk, tmp_path: Path
) -> None:
    consumer.start(behind_tls.uri(ca_file=tmp_path / "cert.pem", window=5))
    sent = [desk.hand_over("sms", to=PHONE) for _ in range(20)]
    for message_id in sent:
        assert told(desk, message_id, 2) == {"sent", "delivered"}
    assert len(taken(behind_tls)) == 20


def test_a_gateway_with_a_certificate_that_nobody_has_signed_gets_nothing_and_messages_wait(
    behind_tls: Smsc, consumer: Process, desk: Desk, tmp_path: Path
) -> None:
    consumer.start(behind_tls.uri())
    message_id = desk.hand_over("sms", to=PHONE)
    eventually(lambda: consumer.said("cannot send now"))
    consumer.end()
    assert (behind_tls.state()["binds"], desk.receipts(message_id)) == (0, [])
    consumer.start(behind_tls.uri(ca_file=tmp_path / "cert.pem"))
    assert told(desk, message_id, 2) == {"sent", "delivered"}
