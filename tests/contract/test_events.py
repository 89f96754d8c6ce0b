"""Every event that one service publishes is understood by every service that hears it, as docs/events.md says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from deploy.catalogue import subscriptions, worker
from deploy.services import SERVICES
from services.dispatch import events as dispatch_events
from services.feedback import events as feedback_events
from services.intake.events import CUSTOMER_EVENTS, QUESTION_EVENTS, TICKET_EVENTS
from services.notify import events as notify_events
from services.notify.events.holding import OF_PREFERENCES
from services.notify.events.holding import UNHEARD as UNHEARD_OF_NOTIFY
from services.notify.events.replies import OF_REPLIES
from shared.bus.handler import EventHandler
from shared.bus.topology import Subscription
from shared.events import Event
from shared.schemas import load
from tests.contract.samples import TOKENS, all_samples

DOCUMENT = Path(__file__).parents[2] / "docs" / "events.md"
SAMPLES = all_samples()
PAIRS = sorted(pair for service in SERVICES for pair in subscriptions(service))
PUBLISHED = {
    "intake": {*CUSTOMER_EVENTS, *TICKET_EVENTS, *QUESTION_EVENTS},
    "dispatch": {*dispatch_events.ORDER_EVENTS, *dispatch_events.SHIFT_LOG_EVENTS},
    "feedback": {*feedback_events.published(TOKENS.token)},
    "notify": {*notify_events.OF_MESSAGES, *OF_REPLIES, *OF_PREFERENCES},
    "consumers": {"receipt", "sms_received", "mail_received"},
}
UNHEARD = {"feedback": set(feedback_events.UNHEARD), "notify": set(UNHEARD_OF_NOTIFY)}


def handler(pair: Subscription) -> EventHandler:
    """The entrypoint that hears it."""
    entrypoints = getattr(worker(pair.service), pair.handler).nameko_entrypoints
    heard = {(one.source, one.event_type): one for one in entrypoints if isinstance(one, EventHandler)}
    return heard[pair.source, pair.event]


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.queue)
def test_a_subscriber_understands_every_sample_of_its_publisher(pair: Subscription) -> None:
    samples = SAMPLES.get((pair.source, pair.event))
    assert samples, f"tests/contract/samples.py lacks a sample of {pair.source}'s {pair.event}"
    for sample in samples:
        event = Event.from_wire(sample)
        loaded = load(handler(pair).schema, event.data)
        assert loaded, f"{pair.queue} reads nothing of it"


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.queue)
def test_a_subscriber_bears_fields_that_a_later_publisher_adds(pair: Subscription) -> None:
    for sample in SAMPLES[pair.source, pair.event]:
        load(handler(pair).schema, sample["data"] | {"of_a_later_version": {"deep": [1]}})


def test_every_subscription_is_to_something_published() -> None:
    missing = {(pair.source, pair.event) for pair in PAIRS if pair.event not in PUBLISHED.get(pair.source, ())}
    assert missing == set()


def test_every_published_type_is_heard_or_declared_unheard() -> None:
    heard = {(pair.source, pair.event) for pair in PAIRS}
    silent = {
        (source, event)
        for source, events in PUBLISHED.items()
        for event in events
        if (source, event) not in heard and event not in UNHEARD.get(source, ())
    }
    assert silent == set()
    assert {(source, event) for source, events in UNHEARD.items() for event in events} & heard == set()


def test_every_published_type_has_a_sample() -> None:
    assert set(SAMPLES) == {(source, event) for source, events in PUBLISHED.items() for event in events}


class Row(NamedTuple):
    """What docs/events.md says of one type."""

    data: set[str]
    heard_by: set[str]


def words(text: str) -> set[str]:
    """The names in a list of fields; what is in parentheses explains them."""
    return set(re.findall(r"\b[a-z][a-z_]*\b", re.sub(r"\([^()]*\)", "", text)))


def documented() -> dict[tuple[str, str], Row]:
    """The tables, by (source, type)."""
    rows: dict[tuple[str, str], Row] = {}
    for section in DOCUMENT.read_text(encoding="utf-8").split("\n## ")[1:]:
        title, _, body = section.partition("\n")
        source = title.split(".events")[0]
        every_one = re.search(r"Every one carries\s+`([^`]*)`", section)
        common = words(every_one.group(1)) if every_one else set()
        for event, data, heard_by in re.findall(r"^\| `(\w+)` \|([^|]*)\|([^|]*)\|", body, re.MULTILINE):
            rows[source, event] = Row(words(data) | common, words(heard_by))
    return rows


def test_the_document_names_every_type_and_who_hears_it() -> None:
    heard: dict[tuple[str, str], set[str]] = {
        (source, event): set() for source, events in PUBLISHED.items() for event in events
    }
    for pair in PAIRS:
        heard.setdefault((pair.source, pair.event), set()).add(pair.service)
    assert {key: row.heard_by for key, row in documented().items()} == heard


@pytest.mark.parametrize("key", sorted(SAMPLES), ids=".".join)
def test_an_event_carries_what_the_document_says(key: tuple[str, str]) -> None:
    for sample in SAMPLES[key]:
        assert set(sample["data"]) == documented()[key].data


def envelope_fields() -> set[str]:
    text = DOCUMENT.read_text(encoding="utf-8").split("\n## ")[0].partition("Envelope")[2]
    return {name for names in re.findall(r"`([a-z_]+)`", text) for name in [names]}


def test_the_envelope_is_as_the_document_says() -> None:
    for samples in SAMPLES.values():
        for sample in samples:
            assert set(sample) == envelope_fields()
            assert Event.from_wire(sample).to_wire() == sample


def dates(value: Any) -> list[str]:
    """Every text in a value that looks like a time."""
    if isinstance(value, dict):
        return [text for item in value.values() for text in dates(item)]
    return [value] if isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\dT", value) else []


def test_times_are_rfc_3339_in_utc_with_milliseconds() -> None:
    for samples in SAMPLES.values():
        for sample in samples:
            for text in dates(sample):
                assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", text)
