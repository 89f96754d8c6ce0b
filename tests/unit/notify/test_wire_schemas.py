"""docs/schemas say what the code reads and writes, docs/examples are such messages and events."""

import copy
import json

import pytest
from jsonschema import Draft202012Validator

from services.notify.consumers.mail_addresses import Incoming, OwnAddress
from services.notify.consumers.mail_inbound import Taken, told_of
from services.notify.consumers.message import STATES, Outcome, Unreadable, read, receipt
from services.notify.consumers.sms.inbound import Received, sms_received
from services.notify.heard import Receipt
from shared.clock import to_text
from shared.errors import ValidationError
from shared.events import Event
from shared.schemas import load
from tests.unit.notify.builders import NOON
from tests.unit.notify.wire import EXAMPLES, SCHEMAS, example, faults, schema

#: What no field of a message may be.
ODD = [
    7,
    7.5,
    "",
    [],
    {},
    "x" * 3000,
    "a b",
    "a\tb",
    "ü",
    "..",
    "/a",
    "a/../b",
    "http://x",
    "https://",
    {"name": "x"},
    -1,
]
OWN = OwnAddress.of("desk@desk.example.com")
MESSAGES = [name for name in EXAMPLES if name.startswith("message_")]


def a_mail(data, return_path):
    return Taken(data, return_path, "reply+r7Qm2kXz@desk.example.com", Incoming("reply", "r7Qm2kXz"), NOON)


def schema_of(name):
    return next(known for known in SCHEMAS if name.startswith(known))


def readable(body):
    try:
        read(json.dumps(body).encode())
    except Unreadable:
        return False
    return True


def hearable(data):
    try:
        load(Receipt, data)
    except ValidationError:
        return False
    return True


def without(body, name):
    return {key: value for key, value in body.items() if key != name}


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_one(name):
    Draft202012Validator.check_schema(schema(name))
    assert schema(name)["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_as_its_schema_says(name):
    assert faults(schema_of(name), example(name)) == []


def test_every_schema_has_an_example():
    assert {schema_of(name) for name in EXAMPLES} == set(SCHEMAS)


@pytest.mark.parametrize("name", MESSAGES)
def test_an_example_of_a_message_can_be_read_by_the_consumers(name):
    assert readable(example(name))


@pytest.mark.parametrize("state", STATES)
def test_a_receipt_of_our_consumers_is_as_its_schema_says(state):
    told = receipt("m-1", "sms", Outcome(state, "250 OK", "g-1", 2), "sms-consumer", NOON).to_wire()
    assert faults("receipt", told) == []


@pytest.mark.parametrize("state", STATES)
def test_the_example_of_a_receipt_is_what_our_consumers_publish(state):
    told = Event.from_wire(example(f"receipt_{state}"))
    said = told.data
    outcome = Outcome(said["state"], said["detail"], said["gateway_id"], said["parts"])
    assert receipt(said["message_id"], said["channel"], outcome, said["consumer"], told.at) == told
    assert hearable(said)


def test_the_fields_of_a_message_are_those_that_our_consumers_read():
    from services.notify.consumers.message import HandedAttachment, HandedMessage

    known = schema("message")["properties"]
    assert set(known) == set(HandedMessage().fields)
    assert set(known["attachments"]["items"]["properties"]) == set(HandedAttachment().fields)


@pytest.mark.parametrize("name", sorted(schema("message")["properties"]))
def test_what_our_loader_refuses_in_a_message_its_schema_refuses(name):
    whole = example("message_broadcast")
    tried = [without(whole, name), *({**whole, name: odd} for odd in [*ODD, None, True])]
    for body in tried:
        assert readable(body) or faults("message", body), body


@pytest.mark.parametrize("name", ["name", "content_type", "size", "href"])
def test_what_our_loader_refuses_in_an_attachment_the_schema_refuses(name):
    whole = example("message_broadcast")
    for odd in [*ODD, None, True]:
        body = copy.deepcopy(whole)
        body["attachments"][0][name] = odd
        assert readable(body) or faults("message", body), odd


@pytest.mark.parametrize("name", sorted(schema("receipt")["properties"]["data"]["properties"]))
def test_what_notify_refuses_in_a_receipt_its_schema_refuses(name):
    whole = example("receipt_sent")
    for data in [without(whole["data"], name), *({**whole["data"], name: odd} for odd in [*ODD, None, True])]:
        assert hearable(data) or faults("receipt", {**whole, "data": data}), data


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("created_at", "2026-03-02"),
        ("created_at", "2026-02-30T12:00:00Z"),
        ("created_at", "2026-03-02T12:00:00"),
        ("message_id", "a" * 65),
        ("message_id", None),
        ("channel", "fax"),
        ("thread", "T 1\r\nBcc: x"),
        ("attachments", [{"name": "a"}]),
    ],
)
def test_a_message_that_nobody_can_send_is_refused_by_both(name, value):
    body = {**example("message_email"), name: value}
    assert not readable(body)
    assert faults("message", body)


@pytest.mark.parametrize(
    ("state", "changed"),
    [
        ("sent", {"number": 3}),
        ("sent", {"aggregate_version": 3}),
        ("sent", {"id": "m/failed"}),
        ("expired", {"number": 4}),
        ("sent", {"source": "notify"}),
        ("sent", {"type": "told"}),
        ("sent", {"at": None}),
    ],
)
def test_an_envelope_that_contradicts_its_state_is_refused(state, changed):
    assert faults("receipt", {**example(f"receipt_{state}"), **changed})


@pytest.mark.parametrize("name", ["sms_received", "mail_received"])
def test_an_inbound_event_has_all_its_fields(name):
    whole = example(name)
    for field in whole["data"]:
        assert faults(name, {**whole, "data": without(whole["data"], field)}), field


@pytest.mark.parametrize("gateway_id", [None, "77-2001"])
@pytest.mark.parametrize("sender", ["+8613800138000", "10086", "Bank"])
def test_an_sms_that_came_in_is_told_as_its_schema_says(sender, gateway_id):
    told = sms_received(Received(sender, "106900001", "退订", None, gateway_id), "sms-consumer", NOON)
    assert faults("sms_received", told.to_wire()) == []


def test_the_example_of_an_sms_is_what_our_consumer_publishes():
    shown = Event.from_wire(example("sms_received"))
    said = shown.data
    sms = Received(said["from"], said["to"], said["text"], None, said["gateway_id"])
    assert sms_received(sms, said["consumer"], shown.at) == shown


MAIL = b"""From: customer@example.com\r
Subject: Re: Your ticket T-1042 is closed\r
Message-ID: <reply-1@example.com>\r
In-Reply-To: <019cae6b6600683d944da4b1db771bb63e52f1a8@desk.example.com>\r
References: <T-1042@desk.example.com> <019cae6b6600683d944da4b1db771bb63e52f1a8@desk.example.com>\r
\r
It is not: the line is down again.\r
"""


@pytest.mark.parametrize(
    ("data", "return_path"), [(MAIL, "customer@example.com"), (MAIL, ""), (b"", "x@example.com"), (b"\xff\r\n\xff", "")]
)
def test_a_mail_that_came_in_is_told_as_its_schema_says(data, return_path):
    told = told_of(a_mail(data, return_path), OWN, "mail-receiver")
    assert faults("mail_received", told.to_wire()) == []


def test_the_example_of_a_mail_is_what_our_receiver_publishes():
    shown = example("mail_received")
    told = told_of(a_mail(MAIL, "customer@example.com"), OWN, "mail-receiver").to_wire()
    assert told["id"] == shown["id"]
    assert without(told["data"], "attachments") == {
        **without(shown["data"], "attachments"),
        "received_at": to_text(NOON),
    }
