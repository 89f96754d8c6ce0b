"""What notify hands over is what the consumers of its channel read (docs/consumers.md)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deploy.provision_broker import MESSAGE_KEYS
from services.notify.consumers.message import read
from services.notify.domain.ledger import Content
from services.notify.events import handed
from shared.bus.topology import MESSAGES
from shared.cause import Cause
from shared.document import Publishing, additions
from shared.events import Fact
from tests.unit.notify.builders import NOON, a_message


@pytest.mark.parametrize("urgency", ["urgent", "normal", "bulk"])
@pytest.mark.parametrize("channel", ["sms", "email"])
@pytest.mark.parametrize(
    "content", [Content("您好 👋"), Content("text", "subject", "<p>html</p>")], ids=["text only", "with html"]
)
def test_a_consumer_reads_what_notify_hands_over(channel: str, urgency: str, content: Content) -> None:
    message = replace(a_message(), channel=channel, urgency=urgency, to="+447700900123", content=content)
    facts = [Fact("message_handed_over", NOON)]
    added = additions(
        Publishing("notify", handed=handed(lambda kind, token: None)),
        ("notify_messages", "m"),
        message,
        facts,
        Cause(ref="x"),
        NOON,
        None,
    )
    (entry,) = added.outbox
    assert (entry["exchange"], entry["message_id"]) == (MESSAGES, message.message_id)
    assert entry["key"] in MESSAGE_KEYS
    read_back = read(entry["body"].encode())
    assert (read_back.message_id, read_back.channel, read_back.to) == (message.message_id, channel, message.to)
    assert (read_back.text, read_back.subject, read_back.html) == (content.text, content.subject, content.html)
