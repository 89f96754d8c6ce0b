"""What notify publishes, made by its own rules."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from services.notify.domain import ledger
from services.notify.domain.ledger import DELIVERED, FAILED, Message
from services.notify.domain.limits import Limits
from shared.events import Fact
from tests.contract.dispatch_samples import AT
from tests.unit.notify.builders import a_message

LEFT = ("email", "call")


def of_messages() -> Iterator[tuple[Message, list[Fact]]]:
    """Messages that ended: refused, or without a word for too long; one that arrived late; a digest that went on."""
    handed: dict[str, Any] = {"created_at": AT, "written_at": AT, "since": AT, "said": {}}
    yield ledger.move(a_message(**handed, then=LEFT), FAILED, AT, detail="no such number")
    unknown, _ = ledger.advance(a_message(**handed, then=("call",)), AT + timedelta(days=9), Limits())
    yield ledger.advance(unknown, AT + timedelta(days=99), Limits())
    yield ledger.receive(a_message(**handed, followed_by="a" * 40), AT, state=DELIVERED, channel="sms")
    yield ledger.move(a_message(**handed, parts=("a" * 40,)), DELIVERED, AT)
