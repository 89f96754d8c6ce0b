"""docs/consumers.md says what the code does."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest

from deploy.catalogue import CONSUMERS, MAIL_RECEIVER
from deploy.provision_broker import TOLD, consumer_rights
from services.notify.consumers.broker import PREFETCH
from services.notify.consumers.message import LONGEST_DETAIL, STATES, Outcome, read, receipt
from services.notify.domain.ledger import Content, message_id
from services.notify.domain.rules import URGENCIES
from services.notify.events import EXCHANGE, to_consumer
from services.notify.heard import Receipt
from shared import lanes
from shared.events import to_json
from shared.schemas import load
from tests.unit.notify.builders import NOON, a_message, an_occurrence
from tests.unit.notify.wire import DOCS, EXAMPLES, SCHEMAS, example, faults, schema

DOCUMENT = (DOCS / "consumers.md").read_text(encoding="utf-8")


def the_message():
    return a_message(
        message_id=message_id(an_occurrence(), "customer:c-7", "email"),
        channel="email",
        urgency="normal",
        to="customer@example.com",
        content=Content(
            text="Your ticket T-1042 was closed at 2026-03-02 20:00.",
            subject="Your ticket T-1042 is closed",
            html="<p>Your ticket <b>T-1042</b> was closed at 2026-03-02 20:00.</p>",
        ),
        expires_at=NOON + timedelta(hours=24),
    )


def unsubscribe_link(_kind, token):
    return f"https://desk.example.com/unsubscribe/{token}"


def test_the_message_is_what_notify_hands_over():
    outgoing = to_consumer(the_message(), unsubscribe_link)
    assert (outgoing.exchange, outgoing.routing_key) == (EXCHANGE, "email.normal")
    assert to_json(outgoing.body) == example("message_email")
    assert outgoing.expiration_ms is None


FILE = {"name": "streets.pdf", "content_type": "application/pdf", "size": 18_211, "href": "outages/streets.pdf"}


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"ticket_no": "工单 7/2"},
        {"ticket_no": "x" * 64, "attempt": 12},
        {"ticket_no": "", "broadcast": "B-7", "token": "r7Qm2kXz", "kind": "停水 outage"},
        {"channel": "email", "token": "r7Qm2kXz", "content": Content("t", "s", "<p>t</p>", (FILE,))},
    ],
)
def test_whatever_notify_hands_over_is_as_the_schema_says(given):
    outgoing = to_consumer(a_message(**given), unsubscribe_link)
    assert faults("message", to_json(outgoing.body)) == []
    assert read(json.dumps(to_json(outgoing.body)).encode()).message_id == a_message(**given).wire_id


def test_the_receipt_is_what_the_consumers_publish():
    at = datetime(2026, 3, 2, 12, 0, 1, 250_000, tzinfo=UTC)
    event = receipt(the_message().message_id, "email", Outcome("sent", "250 OK queued"), "email-consumer", at)
    assert event.to_wire() == example("receipt_sent")


def test_the_examples_on_the_page_are_those_beside_it():
    shown = re.findall(r"```json (\w+)\n(.*?)```", DOCUMENT, re.S)
    assert [name for name, _ in shown] == ["message_email", "receipt_sent"]
    assert all(json.loads(body) == example(name) for name, body in shown)


def test_every_schema_and_every_example_can_be_reached_from_the_page():
    assert set(re.findall(r"\]\(schemas/(\w+)\.json\)", DOCUMENT)) == set(SCHEMAS)
    assert set(re.findall(r"\]\(examples/(\w+)\.json\)", DOCUMENT)) == set(EXAMPLES)


def test_the_page_tells_every_field_of_a_message_and_which_may_be_missing():
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \| .* \|( yes)? \|$", DOCUMENT, re.M)
    told = {name: bool(missing) for names, missing in rows for name in re.findall(r"\w+", names)}
    known = schema("message")
    assert told == {name: name not in known["required"] for name in known["properties"]}


def test_the_numbers_of_receipts_are_as_documented():
    rows = dict(re.findall(r"^\| `(\w+)` \| [^|]* \| (\d) \| [^|]* \|$", DOCUMENT, re.M))
    told = {state: str(receipt("m", "sms", Outcome(state), "x", NOON).number) for state in STATES}
    assert rows == told


def test_the_accounts_may_do_what_the_page_says():
    rows = re.findall(r"^\| `([a-z]+-[a-z]+)` \| (.*) \| (.*) \|$", DOCUMENT, re.M)
    said = {
        account: (set(re.findall(r"`(\S+)`", reads)), tuple(re.findall(r"`(\w+)`", tells)))
        for account, reads, tells in rows
    }
    assert {account: tells for account, (_, tells) in said.items()} == TOLD
    assert set(said) == {*CONSUMERS, MAIL_RECEIVER}
    queues = {lanes.queue(channel, lane) for channel in lanes.CHANNELS for lane in lanes.LANES}
    for account, (reads, _) in said.items():
        assert {queue for queue in queues if re.search(consumer_rights(account).read, queue)} == reads


def test_the_lanes_are_the_urgencies_of_rules():
    assert lanes.LANES == URGENCIES
    assert all(f"`notify.sms.{lane}`" in DOCUMENT for lane in lanes.LANES)


def test_the_prefetch_is_as_documented():
    assert f"the consumers that ship use {PREFETCH}" in DOCUMENT


def test_a_detail_of_any_length_is_cut_to_what_notify_takes():
    event = receipt("m", "sms", Outcome("failed", "x" * 9_999), "x", NOON)
    assert len(load(Receipt, event.data)["detail"]) == LONGEST_DETAIL
