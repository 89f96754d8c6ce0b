"""docs/consumers.md says what the code does."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from services.notify.consumers.message import LONGEST_DETAIL, STATES, Outcome, read, receipt
from services.notify.domain.ledger import Content, message_id
from services.notify.events import EXCHANGE, message_handed_over
from services.notify.heard import Receipt
from shared.events import Event, Fact, to_json
from shared.schemas import load
from tests.unit.notify.builders import NOON, a_message, an_occurrence

DOCUMENT = (Path(__file__).parents[3] / "docs" / "consumers.md").read_text(encoding="utf-8")


def example(name):
    return json.loads(re.search(rf"```json {name}\n(.*?)```", DOCUMENT, re.S)[1])


def the_message():
    return a_message(
        message_id=message_id(an_occurrence(), "customer:c-7", "email"),
        channel="email",
        to="customer@example.com",
        content=Content(
            text="Your ticket T-1042 was closed at 2026-03-02 20:00.",
            subject="Your ticket T-1042 is closed",
            html="<p>Your ticket <b>T-1042</b> was closed at 2026-03-02 20:00.</p>",
        ),
        expires_at=NOON + timedelta(hours=24),
    )


def test_the_message_is_what_notify_hands_over():
    outgoing = message_handed_over(the_message(), Fact("message_handed_over", NOON))
    assert (outgoing.exchange, outgoing.routing_key) == (EXCHANGE, "email.bulk")
    assert to_json(outgoing.body) == example("message")
    assert outgoing.expiration_ms is None


def test_the_message_can_be_read_by_the_consumers():
    assert read(json.dumps(example("message")).encode()).message_id == the_message().message_id


def test_the_receipt_is_what_the_consumers_publish():
    at = datetime(2026, 3, 2, 12, 0, 1, 250_000, tzinfo=UTC)
    event = receipt(the_message().message_id, "email", Outcome("sent", "250 OK queued"), "email-consumer", at)
    assert event.to_wire() == example("receipt")


def test_the_receipt_can_be_read_by_notify():
    assert load(Receipt, Event.from_wire(example("receipt")).data)["state"] == "sent"


def test_the_numbers_of_receipts_are_as_documented():
    rows = dict(re.findall(r"^\| `(\w+)` \| .* \| (\d) \|$", DOCUMENT, re.M))
    told = {state: str(receipt("m", "sms", Outcome(state), "x", NOON).number) for state in STATES}
    assert rows == told


def test_a_detail_of_any_length_is_cut_to_what_notify_takes():
    event = receipt("m", "sms", Outcome("failed", "x" * 9_999), "x", NOON)
    assert len(load(Receipt, event.data)["detail"]) == LONGEST_DETAIL
