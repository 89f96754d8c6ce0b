"""The SMS consumer at an SMPP gateway that nobody here wrote (npm's smpp, tests/smsc): each SMS once, by its count."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.notify.consumers.health import trouble
from tests.gateway import Process, Smsc
from tests.interface.test_consumers import Desk
from tests.support import eventually

#: Not counted: notify's answers to what phones send here, and what else it may have to tell of other tests' matters.
ASIDE = ["86137", "44", "1"]


class OwnDesk(Desk):
    """Its SMS go to numbers that no other test has."""

    def hand_over(self, channel: str, urgency: str = "bulk", **given: Any) -> str:
        return super().hand_over(channel, urgency, **{"to": "+8613600136000", **given})


@pytest.fixture(scope="module")
def desk(stack: Any) -> Iterator[Desk]:
    desk = OwnDesk(stack)
    yield desk
    desk.connection.close()


@pytest.fixture
def smsc(tmp_path: Path) -> Iterator[Smsc]:
    smsc = Smsc(tmp_path)
    smsc.start()
    smsc.behave(aside=ASIDE)
    yield smsc
    smsc.kill()


@pytest.fixture
def consumer(stack: Any, tmp_path: Path) -> Iterator[Process]:
    """In place of the stack's own, which has sent what other tests left."""
    eventually(lambda: not stack.ready(*(f"notify.sms.{lane}" for lane in ("urgent", "normal", "bulk"))))
    stack.stop_process("sms-consumer")
    process = Process(stack, tmp_path)
    yield process
    process.end(signal.SIGKILL)
    stack.start_process("sms-consumer")


def states(desk: Desk, message_id: str) -> list[str]:
    """Those reported, in their order."""
    return [receipt.data["state"] for receipt in desk.receipts(message_id)]


def told(desk: Desk, message_id: str, *wanted: str) -> list[str]:
    """What was reported, once it is as wanted."""
    eventually(lambda: set(states(desk, message_id)) == set(wanted))
    return states(desk, message_id)


def fates_of(desk: Desk, message_ids: list[str]) -> Counter[str]:
    """How many were first reported as what, once all were."""
    eventually(lambda: all(states(desk, message_id) for message_id in message_ids))
    return Counter(states(desk, message_id)[0] for message_id in message_ids)


def bound(smsc: Smsc) -> None:
    eventually(lambda: smsc.state()["binds"])


def test_an_sms_is_sent_once_and_its_receipt_comes_back(smsc: Smsc, consumer: Process, desk: Desk) -> None:
    smsc.behave(receipts="DELIVRD")
    consumer.start(smsc.uri(source="10690000", source_ton=3))
    message_id = desk.hand_over("sms", text="Zurück: 5 € [ok]", to="+8613800138000")
    assert told(desk, message_id, "sent", "delivered") == ["sent", "delivered"]
    (sms,) = smsc.taken()
    assert (sms["to"], sms["from"], sms["text"]) == ("8613800138000", "10690000", "Zurück: 5 € [ok]")
    assert (sms["coding"], sms["wants_receipt"], sms["udh"]) == (0, 1, None)
    sent, delivered = desk.receipts(message_id)
    assert (sent.data["gateway_id"], sent.data["parts"]) == (sms["id"], 1)
    assert delivered.data["detail"] == "DELIVRD"
    assert consumer.end() == 0
    eventually(lambda: smsc.state()["unbinds"] == 1)


@pytest.mark.parametrize(("form", "stat", "state"), [("text", "DELIVRD", "delivered"), ("tlv", "UNDELIV", "failed")])
def test_receipts_are_read_from_parameters_and_from_text(
    smsc: Smsc, consumer: Process, desk: Desk, form: str, stat: str, state: str
) -> None:
    smsc.behave(receipts=stat, receiptForm=form)
    consumer.start(smsc.uri())
    message_id = desk.hand_over("sms")
    assert told(desk, message_id, "sent", state) == ["sent", state]
    eventually(lambda: smsc.state()["answered"] == 1)


def test_a_receipt_that_overtakes_the_answer_is_not_lost(smsc: Smsc, consumer: Process, desk: Desk) -> None:
    smsc.behave(receipts="DELIVRD", receiptAfter=-1)
    consumer.start(smsc.uri())
    message_id = desk.hand_over("sms")
    assert told(desk, message_id, "sent", "delivered") == ["sent", "delivered"]


def test_a_long_text_goes_in_joined_parts_and_is_delivered_when_all_are(
    smsc: Smsc, consumer: Process, desk: Desk
) -> None:
    smsc.behave(receipts="DELIVRD")
    text = "停电通知：" + "请提前做好准备🙂" * 20
    consumer.start(smsc.uri(), SMS_SIGNATURE="【电力】", SMS_OPT_OUT="zh-CN=拒收请回复R", SMS_OPT_OUT_KINDS="survey")
    message_id = desk.hand_over("sms", text=text, kind="survey")
    assert told(desk, message_id, "sent", "delivered") == ["sent", "delivered"]
    parts = smsc.taken()
    assert "".join(part["text"] for part in parts) == f"【电力】{text}拒收请回复R"
    assert [part["udh"][0][:4] for part in parts] == ["0003"] * len(parts)
    assert [part["udh"][0][-4:] for part in parts] == ["0301", "0302", "0303"]
    assert desk.receipts(message_id)[0].data["parts"] == len(parts) == 3


def test_a_throttled_message_waits_and_goes_once(smsc: Smsc, consumer: Process, desk: Desk) -> None:
    smsc.behave(rate=5)
    consumer.start(smsc.uri())
    sent = [desk.hand_over("sms") for _ in range(30)]
    for message_id in sent:
        assert told(desk, message_id, "sent") == ["sent"]
    assert smsc.state()["throttled"] > 0
    assert len(smsc.taken()) == 30


@pytest.mark.parametrize(("status", "state"), [(0x0B, "failed"), (0x45, "sent"), (0x14, "sent")])
def test_a_refusal_is_for_good_or_for_now(smsc: Smsc, consumer: Process, desk: Desk, status: int, state: str) -> None:
    smsc.behave(statuses=[status])
    consumer.start(smsc.uri())
    message_id = desk.hand_over("sms")
    assert told(desk, message_id, state) == [state]
    assert len(smsc.taken()) == (state == "sent")


def test_several_messages_are_on_their_way_at_once(smsc: Smsc, consumer: Process, desk: Desk) -> None:
    smsc.behave(delay=2000)  # a busy machine sends eight within that
    sent = [desk.hand_over("sms") for _ in range(20)]
    consumer.start(smsc.uri(window=8))
    for message_id in sent:
        assert told(desk, message_id, "sent") == ["sent"]
    assert smsc.state()["most"] == 8
    assert len(smsc.taken()) == 20


def test_a_gateway_killed_and_started_again_loses_and_doubles_nothing(
    smsc: Smsc, consumer: Process, desk: Desk
) -> None:
    smsc.behave(delay=50)
    consumer.start(smsc.uri(window=5))
    sent = [desk.hand_over("sms", to=f"+86138{number:08}") for number in range(100)]
    eventually(lambda: len(smsc.taken()) > 20)
    smsc.kill()
    eventually(lambda: trouble(desk.stack.amqp_uri("sms-consumer"), "sms"))
    assert eventually(lambda: consumer.said("circuit"))[0]["circuit"] == "open"
    smsc.start()
    smsc.behave(aside=ASIDE)
    fates = fates_of(desk, sent)
    assert fates["unknown"] <= 5  # the window
    assert fates["sent"] + fates["unknown"] == 100
    copies = Counter(sms["to"] for sms in smsc.taken())
    assert set(copies.values()) == {1}
    for number, message_id in enumerate(sent):
        if states(desk, message_id) == ["sent"]:
            assert copies[f"86138{number:08}"] == 1
    eventually(lambda: consumer.said("circuit")[-1]["circuit"] == "closed")


def test_a_gateway_that_takes_and_does_not_answer_costs_a_window_of_doubt_and_is_then_left_alone(
    smsc: Smsc, consumer: Process, desk: Desk
) -> None:
    smsc.behave(silent=3)
    consumer.start(smsc.uri(window=2, timeout=5))  # a busy machine answers the others within that
    sent = [desk.hand_over("sms") for _ in range(10)]
    fates = fates_of(desk, sent)
    assert fates == Counter(unknown=3, sent=7)  # the window, then the one that tries
    assert len(smsc.taken()) == 10


def test_a_consumer_killed_in_the_middle_leaves_its_window_unknown_and_doubles_nothing(
    smsc: Smsc, consumer: Process, desk: Desk
) -> None:
    smsc.behave(delay=100)
    consumer.start(smsc.uri(window=4))
    sent = [desk.hand_over("sms", to=f"+86139{number:08}") for number in range(60)]
    for enough in (10, 25, 40):
        eventually(lambda enough=enough: len(smsc.taken()) > enough)
        consumer.end(signal.SIGKILL)
        consumer.start(smsc.uri(window=4))
    fates = fates_of(desk, sent)
    assert fates["unknown"] <= 12
    assert fates["sent"] + fates["unknown"] == 60
    copies = Counter(sms["to"] for sms in smsc.taken())
    assert set(copies.values()) == {1}
    doubts = desk.stack.database["consumer_sms_counts"].find({"_id": {"$regex": "^doubts/"}})
    assert sum(row["count"] for row in doubts) >= fates["unknown"]


def test_a_consumer_asked_to_end_waits_for_what_is_on_its_way_and_leaves_no_doubt(
    smsc: Smsc, consumer: Process, desk: Desk
) -> None:
    smsc.behave(delay=200)
    consumer.start(smsc.uri(window=4))
    sent = [desk.hand_over("sms") for _ in range(30)]
    eventually(lambda: len(smsc.taken()) > 8)
    assert consumer.end() == 0
    consumer.start(smsc.uri(window=4))
    assert fates_of(desk, sent) == Counter(sent=30)
    assert len(smsc.taken()) == 30


def test_a_session_that_is_cut_before_the_gateway_took_anything_opens_the_circuit_for_a_moment(
    smsc: Smsc, consumer: Process, desk: Desk
) -> None:
    smsc.behave(refuse=1)
    consumer.start(smsc.uri(window=1))
    first, second = desk.hand_over("sms"), desk.hand_over("sms")
    assert told(desk, first, "unknown") == ["unknown"]  # as far as anybody here can know
    assert told(desk, second, "sent") == ["sent"]
    eventually(lambda: [said["circuit"] for said in consumer.said("circuit")] == ["open", "half_open", "closed"])


def test_a_message_without_a_receipt_is_asked_after(smsc: Smsc, consumer: Process, desk: Desk) -> None:
    consumer.start(smsc.uri(query_after=1))
    message_id = desk.hand_over("sms")
    assert told(desk, message_id, "sent") == ["sent"]
    smsc.tell("states", **{smsc.taken()[0]["id"]: "DELIVRD"})
    assert told(desk, message_id, "sent", "delivered") == ["sent", "delivered"]
    assert smsc.state()["queries"] >= 1


def test_a_session_that_ends_while_nothing_is_sent_is_begun_again(smsc: Smsc, consumer: Process, desk: Desk) -> None:
    consumer.start(smsc.uri())
    bound(smsc)
    smsc.tell("hang_up")
    eventually(lambda: smsc.state()["binds"] >= 2)
    assert told(desk, desk.hand_over("sms"), "sent") == ["sent"]


def test_a_gateway_that_refuses_us_is_asked_again_and_messages_wait(smsc: Smsc, consumer: Process, desk: Desk) -> None:
    consumer.start(smsc.uri().replace("secret", "other"))
    eventually(lambda: consumer.said("cannot send now"))
    message_id = desk.hand_over("sms")
    eventually(lambda: trouble(desk.stack.amqp_uri("sms-consumer"), "sms"))
    consumer.end()
    assert states(desk, message_id) == []
    consumer.start(smsc.uri())
    assert told(desk, message_id, "sent") == ["sent"]


def test_a_quiet_session_is_kept_alive(smsc: Smsc, consumer: Process, desk: Desk) -> None:
    consumer.start(smsc.uri(enquire=0.2))
    told(desk, desk.hand_over("sms"), "sent")
    before = smsc.state()["enquiries"]
    eventually(lambda: smsc.state()["enquiries"] >= before + 2)


# from phones


def came(desk: Desk, **data: Any) -> list[Any]:
    return desk.ear.heard("sms_received", **data)


@pytest.mark.parametrize("text", ["YES 5", "满意，谢谢🙂"])
def test_an_sms_from_a_phone_becomes_an_event(smsc: Smsc, consumer: Process, desk: Desk, text: str) -> None:
    consumer.start(smsc.uri())
    bound(smsc)
    sender = f"+861370{os.getpid():07}"
    smsc.tell("phone", **{"from": sender[1:], "to": "10690000", "text": text})
    (event,) = eventually(lambda: came(desk, **{"from": sender, "text": text}))
    assert event.id == event.aggregate_id
    assert event.id.startswith("sms/sms-consumer/")
    assert (event.data["to"], event.data["gateway_id"], event.data["consumer"]) == ("10690000", None, "sms-consumer")
    eventually(lambda: smsc.state()["answered"] == 1)


def test_an_sms_that_the_gateway_sends_again_is_the_same_event(smsc: Smsc, consumer: Process, desk: Desk) -> None:
    consumer.start(smsc.uri())
    bound(smsc)
    sender = f"+861372{os.getpid():07}"
    for copies in (1, 2):
        smsc.tell("phone", **{"from": sender[1:], "to": "1069", "text": "R"})
        eventually(lambda copies=copies: len(came(desk, **{"from": sender})) == copies)
    first, second = came(desk, **{"from": sender})
    assert first.id == second.id


def test_a_long_sms_from_a_phone_is_joined_whatever_the_order_of_its_parts(
    smsc: Smsc, consumer: Process, desk: Desk
) -> None:
    consumer.start(smsc.uri())
    bound(smsc)
    sender = f"+861371{os.getpid():07}"
    smsc.tell(
        "phone",
        **{"from": sender[1:], "to": "1069", "parts": ["改到", "明天", "下午"], "reference": 9, "order": [2, 0, 1]},
    )
    (event,) = eventually(lambda: came(desk, **{"from": sender}))
    assert event.data["text"] == "改到明天下午"


def test_a_doubt_is_cleared_by_a_receipt_that_gives_our_reference_back(
    smsc: Smsc, consumer: Process, desk: Desk
) -> None:
    smsc.behave(silent=1)
    consumer.start(smsc.uri())
    message_id = desk.hand_over("sms")
    assert told(desk, message_id, "unknown") == ["unknown"]
    eventually(lambda: smsc.state()["binds"] >= 2)
    smsc.tell("receipt", **{"at": 0, "stat": "DELIVRD"})
    assert told(desk, message_id, "unknown", "delivered") == ["unknown", "delivered"]


def test_a_doubt_that_a_crash_left_is_cleared_by_receipts_that_come_before_or_after(
    smsc: Smsc, consumer: Process, desk: Desk
) -> None:
    smsc.behave(silent=2)
    consumer.start(smsc.uri(window=2))
    sent = [desk.hand_over("sms", to=f"+86135{os.getpid():07}{at}") for at in range(2)]
    eventually(lambda: len(smsc.taken()) == 2)
    consumer.end(signal.SIGKILL)
    consumer.start(smsc.uri(window=2))
    eventually(lambda: smsc.state()["binds"] >= 2)
    for at in range(2):
        smsc.tell("receipt", **{"at": at, "stat": "DELIVRD"})
    for message_id in sent:
        eventually(lambda message_id=message_id: "delivered" in states(desk, message_id))
    assert len(smsc.taken()) == 2
