"""Things to try notify's rules with."""

from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import yaml

from services.notify.domain.audience import Customer
from services.notify.domain.ledger import HANDED_OVER, Content, Message, Occurrence
from services.notify.domain.rules import Rule

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
CONFIG = Path(__file__).parents[3] / "deploy" / "config" / "notify.yaml"


@cache
def _shipped():
    return yaml.safe_load(CONFIG.read_text(encoding="utf-8"))


def the_config():
    return deepcopy(_shipped())


def a_customer(**given):
    known = {
        "customer_id": "c-7",
        "name": "Example Ltd",
        "language": "en",
        "phone": "+441164960403",
        "email": "customer@example.com",
    }
    return Customer(**{**known, **given})


def a_rule(**given):
    told = {"event": "work_closed", "audience": "customer", "channels": ("sms",), "template": "work_closed"}
    return Rule(**{**told, "kind": "progress", "urgency": "bulk", "valid_for": timedelta(hours=24), **given})


def an_occurrence(**given):
    known = Occurrence("dispatch_orders/W-1042/7", "work_closed", NOON, NOON, "T-1042", "W-1042")
    return replace(known, **given)


def work(**given):
    data = {
        "order_no": "W-1042",
        "ticket_no": "T-1042",
        "customer_id": "c-7",
        "type": "fault",
        "category": "network",
        "priority": "P2",
        "team": "network",
        "agent": "agent-17",
        "round": 0,
        "watchers": [],
    }
    return {**data, **given}


def a_message(**given):
    known = {
        "message_id": "019cadd3f200" + "a" * 28,
        "occurrence": "dispatch_orders/W-1042/7",
        "event": "work_closed",
        "recipient": "customer:c-7",
        "ticket_no": "T-1042",
        "order_no": "W-1042",
        "channel": "sms",
        "rule": "work_closed/customer",
        "kind": "progress",
        "urgency": "bulk",
        "template": "work_closed",
        "language": "en",
        "to": "+441164960403",
        "content": Content("Your ticket T-1042 was closed."),
        "created_at": NOON,
        "written_at": NOON,
        "expires_at": NOON + timedelta(hours=24),
        "state": HANDED_OVER,
    }
    return Message(**{**known, **given})
