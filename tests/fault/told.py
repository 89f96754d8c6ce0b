"""Whether everybody was told what the rules owe them, and nobody twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator
from pathlib import Path

import yaml

from tests.fault.load import Load
from tests.fault.state import Document, State

Wrong = Iterator[str]
CONFIG = Path(__file__).parents[2] / "deploy" / "config"


def everyone_was_told_once(state: State, load: Load, unknown: Container[int]) -> Wrong:
    """The ledger has what the rules owe on every fact, once; each message was sent once, and nothing else was.

    Nobody watches the load's work.
    """
    declared = yaml.safe_load((CONFIG / "notify.yaml").read_text())["rules"]
    rules = Counter(rule["event"] for rule in declared if rule["audience"] != "watchers")
    owed = {
        f"{collection}/{key}/{entry['number']}": rules[entry["type"]]
        for collection, rows in (("dispatch_orders", state.orders), ("feedback_cases", state.cases))
        for key, row in rows.items()
        for entry in row["history"]
        if rules[entry["type"]]
    }
    # what goes on by another channel is the same notice
    written = Counter(message["occurrence"] for message in state.messages.values() if not message.get("previous"))
    for occurrence in sorted(owed.keys() | written.keys()):
        if owed.get(occurrence, 0) != written[occurrence]:
            yield f"{occurrence}: {written[occurrence]} messages, {owed.get(occurrence, 0)} owed"
    yield from _sent_once(state, "sms", Counter(text["message_id"] for text in state.texts))
    yield from _sent_once(state, "email", Counter(state.mail_ids))
    ours = {matter.ticket_no for matter in load.matters}
    open_ = [
        k for k, message in state.messages.items() if message["state"] == "unknown" and message["ticket_no"] in ours
    ]
    if len(open_) not in unknown:
        yield f"{len(open_)} messages are unknown, not {unknown}: {open_[:5]}"
    for key, message in state.messages.items():
        told = message["state"] in ("sent", "delivered", "unknown") or message.get("followed_by")
        if not told and not _obsolete(message):
            yield f"message {key} ({message['template']} by {message['channel']}) is {message['state']}"


def _obsolete(message: Document) -> bool:
    """What it was to tell had changed again before it was written."""
    return message["state"] == "cancelled" and message["detail"].startswith("obsolete: ")


def _sent_once(state: State, channel: str, sent: Counter[str]) -> Wrong:
    ledger = {key: message["state"] for key, message in state.messages.items() if message["channel"] == channel}
    for key, times in sent.items():
        if times > 1:
            yield f"{channel} {key} was sent {times} times"
        if key not in ledger:
            yield f"{channel} {key} was sent, but is not in the ledger"
    for key, fate in ledger.items():
        if fate in ("sent", "delivered") and key not in sent:
            yield f"{channel} {key} is {fate}, but was never sent"
