"""An event of every type and shape, made by its publisher's own rules and builders, as the relay would publish it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from services.dispatch.events import ORDER_EVENTS, SHIFT_LOG_EVENTS
from services.feedback import events as feedback_events
from services.feedback.domain import case as cases
from services.feedback.tokens import Tokens, token_hash
from services.intake.domain import customer as customers
from services.intake.domain import ticket as tickets
from services.intake.events import CUSTOMER_EVENTS, QUESTION_EVENTS, TICKET_EVENTS
from services.notify.consumers.message import STATES, Outcome, receipt
from services.notify.events import OF_MESSAGES
from services.notify.events.holding import OF_PREFERENCES
from services.notify.events.replies import OF_REPLIES
from shared.cause import Cause
from shared.document import Publishing, additions
from tests.contract import dispatch_samples, notify_samples, people_samples, reply_samples
from tests.contract.dispatch_samples import AT, Decision
from tests.unit.intake import builders as intake

TOKENS = Tokens("a secret for tests only")
KNOWN_BESIDE = {
    "confidence": 0.4,
    "sensitive": True,
    "wanted_agent": "ann",
    "complained_of": "bob",
    "incident": "T-1",
}


def all_samples() -> dict[tuple[str, str], list[dict[str, Any]]]:
    """(source, type) -> envelopes."""
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for envelope in (*of_intake(), *of_dispatch(), *of_feedback(), *of_notify(), *of_consumers()):
        found.setdefault((envelope["source"], envelope["type"]), []).append(envelope)
    return found


def published(source: str, builders: Any, decisions: Iterable[Decision]) -> Iterator[dict[str, Any]]:
    """What the kernel puts into the outbox for these decisions."""
    for state, facts in decisions:
        cause = Cause(ref="sample", actor="ann", correlation_id="c", at=AT)
        added = additions(Publishing(source, builders), ("samples", "A-1"), state, facts, cause, AT, None)
        yield from (json.loads(entry["body"]) for entry in added.outbox)


def of_intake() -> Iterator[dict[str, Any]]:
    least = customers.create("C-1", {"name": "王小明"}, AT)
    most = customers.create(
        "C-2",
        {
            "name": "Ann",
            "tier": "gold",
            "language": "en",
            "phone": "+447700900123",
            "email": "ann@example.com",
            "preferred_channels": ["sms", "email"],
            "area": "north",
            "household": "H-1",
            "time_zone": "Asia/Shanghai",
            "dates": {"birthday": "1984-02-29"},
        },
        AT,
    )
    yield from published("intake", CUSTOMER_EVENTS, [least, most])
    ticket = intake.a_ticket()
    replayed = intake.a_ticket(replay_until=AT)
    earlier = intake.a_contact(occurred_at=AT - timedelta(days=1), reference="INC0000045")
    yield from published(
        "intake",
        TICKET_EVENTS,
        [
            tickets.submit("T-1", intake.CALLER, intake.a_contact(), intake.TRIAGE, AT),
            tickets.submit("T-2", intake.CALLER, earlier, intake.TRIAGE, AT),
            tickets.submit("T-3", intake.CALLER, intake.a_contact(**KNOWN_BESIDE), intake.TRIAGE, AT),
            tickets.withdraw(ticket, "不需要了", AT),
            tickets.urge(ticket, None, intake.TRIAGE, AT),
            tickets.urge(ticket, "还没好 😡", intake.TRIAGE, AT),
            tickets.end_replay(replayed, AT),
            *reply_samples.of_tickets(),
        ],
    )
    yield from published("intake", QUESTION_EVENTS, reply_samples.of_questions())


def of_dispatch() -> Iterator[dict[str, Any]]:
    yield from published("dispatch", ORDER_EVENTS, dispatch_samples.decisions())
    yield from published("dispatch", ORDER_EVENTS, people_samples.decisions())
    yield from published("dispatch", ORDER_EVENTS, reply_samples.of_work())
    yield from published("dispatch", SHIFT_LOG_EVENTS, people_samples.shift_logs())


def of_feedback() -> Iterator[dict[str, Any]]:
    resolution = next(one["data"] for one in of_dispatch() if one["type"] == "work_resolved") | {"resolved_at": AT}
    number = cases.case_no(resolution["order_no"], 0)
    hashed = token_hash(TOKENS.token(number))
    case, due = cases.send_survey(cases.awaited(resolution, 0), AT, resolution, 5, hashed)
    yield from published(
        "feedback",
        feedback_events.published(TOKENS.token),
        [
            (case, due),
            cases.answer(case, AT, 5, "很好 👍", 2),
            cases.answer(case, AT, 3, None, 2),
            cases.answer(case, AT, 1, "too slow", 2),
            cases.answer(case, AT, 2, None, 2),
            cases.advance(case, AT + timedelta(days=6)),
            *reply_samples.of_cases(case),
        ],
    )


def of_notify() -> Iterator[dict[str, Any]]:
    yield from published("notify", OF_MESSAGES, notify_samples.of_messages())
    yield from published("notify", OF_REPLIES, reply_samples.of_notify())
    yield from published("notify", OF_PREFERENCES, reply_samples.of_preferences())


def of_consumers() -> Iterator[dict[str, Any]]:
    yield from reply_samples.of_consumers()
    for channel in ("sms", "email"):
        for state in STATES:
            for detail in (None, "250 2.0.0 OK"):
                yield receipt("M-1", channel, Outcome(state, detail), f"{channel}-consumer", AT).to_wire()
