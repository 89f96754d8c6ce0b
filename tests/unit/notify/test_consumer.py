"""The parts of the consumers, tried without broker and database."""

import errno
import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from services.notify.consumers.broker import BROKEN, Broker
from services.notify.consumers.inbox import Delivery, Inbox
from services.notify.consumers.message import Down, Message, Outcome, TryLater, Unanswered, Unreadable, read, receipt
from services.notify.consumers.sink import FileSink
from services.notify.consumers.store import Claim
from shared.events import Event
from tests.unit.notify.builders import NOON


class FixedClock:
    def now(self):
        return NOON


def a_message(**given):
    known = {
        "message_id": "019cadd3f200" + "a" * 28,
        "channel": "email",
        "to": "customer@example.com",
        "language": "zh-CN",
        "subject": "您的工单 T-1042 已关闭",
        "text": "您好 🙂\n.\n结束",
        "html": "<p>您好 🙂</p>",
        "occurrence": "dispatch_orders/W-1042/7",
        "created_at": NOON,
        "expires_at": None,
    }
    return Message(**{**known, **given})


def a_delivery(tag=1, lane="bulk"):
    return Delivery(tag, lane, b"", None, 0.0)


# the message


def test_a_body_that_is_no_message_is_unreadable():
    for body in (b"", b"\xff", b"[]", b"null", b'"text"', b'{"message_id": "m"}', b"[" * 100_000):
        with pytest.raises(Unreadable):
            read(body)


def test_a_text_with_half_a_character_is_unreadable():
    body = {"message_id": "m", "channel": "sms", "to": "+4411", "language": "en", "created_at": "2026-03-02T12:00:00Z"}
    assert read(json.dumps({**body, "text": "🙂"}).encode()).text == "🙂"
    with pytest.raises(Unreadable):
        read(json.dumps({**body, "text": "\ud83d"}).encode())


def test_why_a_body_is_unreadable_does_not_quote_it():
    with pytest.raises(Unreadable) as refused:
        read(
            json.dumps({"message_id": "m", "to": "customer@example.com", "text": "secret", "created_at": "x"}).encode()
        )
    assert "customer@" not in str(refused.value)
    assert "created_at" in str(refused.value)


def test_the_same_outcome_is_always_told_by_the_same_event():
    first = receipt("m", "sms", Outcome("sent"), "sms-consumer", NOON)
    again = receipt("m", "sms", Outcome("sent", "later"), "sms-consumer", datetime(2026, 4, 1, tzinfo=UTC))
    assert first.id == again.id == "m/sent"
    assert Event.from_wire(json.loads(json.dumps(first.to_wire()))) == first


# the order


def test_the_more_urgent_lane_goes_first():
    inbox = Inbox()
    for tag, lane in ((1, "bulk"), (2, "normal"), (3, "urgent"), (4, "bulk"), (5, "urgent"), (6, "normal")):
        inbox.put(a_delivery(tag, lane))
    assert [inbox.take(0.0).tag for _ in range(6)] == [3, 5, 2, 6, 1, 4]


def test_what_was_put_off_comes_back_when_its_time_has_come():
    inbox = Inbox()
    inbox.put_off(a_delivery(1, "urgent"), 5.0)
    inbox.put(a_delivery(2))
    assert [inbox.take(4.9), inbox.take(4.9)] == [a_delivery(2), None]
    assert inbox.take(5.0) == a_delivery(1, "urgent")


def test_what_waits_in_hand_for_its_lane_is_not_kept_for_longer_than_it_may():
    inbox = Inbox()
    for tag, since in ((1, 0.0), (2, 5.0), (3, 6.0)):
        inbox.put(replace(a_delivery(tag), since=since))
    assert [delivery.tag for delivery in inbox.held_since(6.0)] == [1, 2]
    assert (inbox.take(6.0).tag, inbox.take(6.0)) == (3, None)


def test_all_that_is_in_hand_can_be_given_back():
    inbox = Inbox()
    inbox.put(a_delivery(1))
    inbox.put_off(a_delivery(2), 5.0)
    assert [held.tag for held in inbox.clear()] == [1, 2]
    assert inbox.take(9.0) is None


# the sink


@pytest.fixture
def path(tmp_path):
    return tmp_path / "sms" / "sent.jsonl"


def lines(path):
    return [json.loads(line)["message_id"] for line in path.read_text().splitlines() if line.endswith("}")]


def test_the_sink_keeps_a_message_once_whoever_sends_it(path):
    first, second = FileSink(path, FixedClock()), FileSink(path, FixedClock())
    assert first.send(a_message(message_id="m1")) == Outcome("sent")
    assert second.send(a_message(message_id="m1")) == Outcome("sent", "it was in the sink already")
    second.send(a_message(message_id="m2"))
    first.send(a_message(message_id="m2"))
    assert lines(path) == ["m1", "m2"]


def test_a_line_cut_off_by_a_crash_is_not_a_message(path):
    FileSink(path, FixedClock()).send(a_message(message_id="m1"))
    with path.open("a") as file:
        file.write('{"message_id": "m2", "to": "+4411')
    sink = FileSink(path, FixedClock())
    assert sink.send(a_message(message_id="m2")) == Outcome("sent")
    assert lines(path) == ["m1", "m2"]


def test_the_sink_notices_that_its_file_was_replaced(path):
    sink = FileSink(path, FixedClock())
    sink.send(a_message(message_id="m1"))
    path.rename(path.with_suffix(".old"))
    sink.send(a_message(message_id="m1"))
    assert lines(path) == ["m1"]


def test_the_sink_keeps_any_text_as_it_came(path):
    FileSink(path, FixedClock()).send(a_message(text="您好 🙂\n\u2028\u0085"))
    assert json.loads(path.read_bytes())["text"] == "您好 🙂\n\u2028\u0085"


def test_a_sink_that_cannot_be_written_is_down(tmp_path):
    (tmp_path / "file").write_text("")
    sink = FileSink(tmp_path / "file" / "sent.jsonl", FixedClock())
    for attempt in (sink.check, lambda: sink.send(a_message())):
        with pytest.raises(Down):
            attempt()


def test_a_line_that_the_disk_did_not_confirm_may_be_there_and_the_file_can_be_asked(path, monkeypatch):
    def fails(_file):
        raise OSError(errno.EIO, "input/output error")

    sink = FileSink(path, FixedClock())
    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(Unanswered):
        sink.send(a_message(message_id="m1"))
    old, fresh = (Claim(in_doubt=True, since=NOON - timedelta(seconds=seconds)) for seconds in (60, 59))
    assert sink.resolve(a_message(message_id="m1"), old) == Outcome("sent", "it was in the sink already")
    assert sink.resolve(a_message(message_id="m2"), old) is None
    with pytest.raises(TryLater):
        sink.resolve(a_message(message_id="m2"), fresh)


def test_the_sink_is_not_for_everybody_to_read(path):
    FileSink(path, FixedClock()).check()
    assert os.stat(path).st_mode & 0o007 == 0


def test_a_connection_that_was_given_up_while_waiting_is_a_lost_broker():
    broker = Broker("amqp://email-consumer:x@localhost/loopdesk", "email", Inbox())
    broker._connection, broker._cancelled = SimpleNamespace(process_data_events=lambda **_: None, is_open=False), True
    broker.idle(0)
    with pytest.raises(BROKEN):
        broker.listen(0)
