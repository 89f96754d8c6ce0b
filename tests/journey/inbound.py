"""What comes in from phones and mailboxes, as the SMS consumer and the mail receiver tell it, by their own accounts."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pika

from services.notify.consumers.broker import EXCHANGE
from shared.clock import to_text
from shared.events import Event
from tests.journey.outside import Case, Outside
from tests.support import Stack, eventually

SHORT_CODE = "106900001"


class Inbound:
    """Phones and mailboxes of customers."""

    def __init__(self, stack: Stack, outside: Outside) -> None:
        self._stack = stack
        self._outside = outside

    def sms(self, sender: str, text: str, *, at: datetime | None = None, to: str = SHORT_CODE, times: int = 1) -> str:
        """An SMS comes in, and is told so many times; gives the reply's id."""
        received = _now(at)
        known = {"gateway_id": None, "consumer": "sms-consumer"}
        data = {"from": sender, "to": to, "text": text, "received_at": to_text(received), **known}
        return self._publish("sms-consumer", "sms_received", f"sms/sms-consumer/{uuid4().hex}", received, data, times)

    def mail(self, sender: str, text: str, **given: Any) -> str:
        """A mail comes in; gives the reply's id."""
        received = _now(None)
        data = {
            "from": sender,
            "return_path": sender,
            "to": "desk@desk.example.com",
            "token": None,
            "mail_id": f"{uuid4().hex}@example.com",
            "in_reply_to": None,
            "references": [],
            "subject": "Hello",
            "text": text,
            "automatic": None,
            "received_at": to_text(received),
            "consumer": "mail-receiver",
            "attachments": [],
            **given,
        }
        return self._publish("mail-receiver", "mail_received", f"mail/{uuid4().hex * 2}", received, data, 1)

    def _publish(self, account: str, kind: str, reply_id: str, at: datetime, data: dict[str, Any], times: int) -> str:
        event = Event(
            id=reply_id,
            type=kind,
            source="consumers",
            aggregate_id=reply_id,
            aggregate_version=1,
            number=1,
            at=at,
            recorded_at=at,
            data=data,
        )
        connection = pika.BlockingConnection(pika.URLParameters(self._stack.amqp_uri(account)))
        try:
            channel = connection.channel()
            channel.confirm_delivery()
            known = pika.BasicProperties(
                content_type="application/json", delivery_mode=2, message_id=reply_id, user_id=account
            )
            for _ in range(times):
                channel.basic_publish(EXCHANGE, kind, json.dumps(event.to_wire()), known, mandatory=True)
        finally:
            connection.close()
        return reply_id

    def reply(self, reply_id: str) -> dict[str, Any]:
        """What notify keeps of it."""
        return dict(self._outside.workbench.call("notify", "get_reply", reply_id=reply_id))

    def when_reply(self, reply_id: str, state: str) -> dict[str, Any]:
        """The reply as soon as it is in that state."""

        def there() -> dict[str, Any]:
            found = self.reply(reply_id)
            assert found["state"] == state, (found["state"], found["why"])
            return found

        return eventually(there)

    def asked(self, case: Case, event: str) -> dict[str, Any]:
        """The customer's message of that event, once it is in the consumers' hands."""

        def there() -> dict[str, Any] | None:
            rows = [row for row in self._outside.messages(case) if row["event"] == event]
            return next((row for row in rows if row["state"] in ("handed_over", "sent", "delivered")), None)

        return eventually(there)

    def text_to(self, case: Case, wanted: Callable[[str], bool]) -> str:
        """The first SMS to the customer for which that is true, once it is there."""
        return eventually(lambda: next((t["text"] for t in self._outside.texts(case) if wanted(t["text"])), None))


def _now(at: datetime | None) -> datetime:
    moment = at or datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
