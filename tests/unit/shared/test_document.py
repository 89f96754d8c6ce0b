from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from shared.cause import Cause
from shared.document import GENESIS, Additions, Alike, Outgoing, Publishing, additions, chain, entry_hash, history_reply
from shared.events import Event, Fact
from tests.unit.shared.builders import NINE, Thing, a_call, a_fact, after, an_event

THINGS = ("things_things", "T-1")
TELLS = Publishing("things", {"done": lambda state, fact: {"name": state.name, **fact.data}})


def added(facts: list[Fact], publishing: Publishing[Thing] = TELLS, **given_: Any) -> Additions:
    known: dict[str, Any] = {"state": Thing(version=2), "cause": a_call(), "now": after(seconds=1), "head": None}
    return additions(publishing, THINGS, facts=facts, **known | given_)


def test_every_fact_is_one_entry_numbered_from_one() -> None:
    assert [entry["number"] for entry in added([a_fact(), a_fact("seen"), a_fact()]).history] == [1, 2, 3]


def test_what_is_made_together_has_the_history_that_each_would_have_alone() -> None:
    alike = Alike()
    plain, telling = [a_fact(), a_fact()], [a_fact(n=1)]
    for facts in (plain, plain, telling, [a_fact(n=2)]):
        assert alike.chain(facts, a_call(), NINE) == chain(facts, a_call(), NINE, None)
    assert alike.chain(plain, a_call(), after(hours=1)) == chain(plain, a_call(), after(hours=1), None)


def test_numbers_go_on_where_the_head_stands() -> None:
    first = added([a_fact(), a_fact()])
    second = added([a_fact()], head=first.head)
    assert second.history[0]["number"] == 3
    assert second.head["number"] == 3


def test_an_entry_says_what_when_who_and_why() -> None:
    (entry,) = added([a_fact("seen", NINE, by="a1", due=after(hours=1))]).history
    assert {key: value for key, value in entry.items() if key != "hash"} == {
        "number": 1,
        "type": "seen",
        "at": NINE,
        "recorded_at": after(seconds=1),
        "actor": "a1",
        "cause": "call do by importer",
        "data": {"by": "a1", "due": "2026-03-02T10:00:00.000Z"},
    }


def test_the_hash_is_over_the_link_before_and_the_canonical_json() -> None:
    (entry,) = added([replace(a_fact(due=after(hours=1)), set={"due": after(hours=1), "name": "王"})]).history
    body = (
        '{"actor":"a1","at":"2026-03-02T09:00:00.000Z","cause":"call do by importer",'
        '"data":{"due":"2026-03-02T10:00:00.000Z"},"number":1,"recorded_at":"2026-03-02T09:00:01.000Z",'
        '"set":{"due":"2026-03-02T10:00:00.000Z","name":"\\u738b"},"type":"done"}'
    )
    assert entry["hash"] == hashlib.sha256(f"{GENESIS}{body}".encode()).hexdigest()


def test_an_entry_that_lost_its_time_of_recording_has_a_hash_still() -> None:
    (entry,) = added([a_fact()]).history
    lost = {name: value for name, value in entry.items() if name != "recorded_at"}
    assert entry_hash(GENESIS, lost) not in (entry["hash"], entry_hash(GENESIS, {**lost, "at": after(hours=1)}))


def test_entries_are_chained_by_hash_from_genesis() -> None:
    first = added([a_fact(), a_fact()])
    second = added([a_fact()], head=first.head)
    link = GENESIS
    for entry in [*first.history, *second.history]:
        assert entry["hash"] == entry_hash(link, entry)
        link = entry["hash"]
    assert second.head == {"number": 3, "hash": link}


def test_a_changed_entry_breaks_the_chain() -> None:
    (entry,) = added([a_fact(amount=1)]).history
    for name, value in {"data": {"amount": 2}, "at": after(hours=1), "actor": "a2", "number": 2}.items():
        assert entry_hash(GENESIS, entry | {name: value}) != entry["hash"]


@given(st.dictionaries(st.text(max_size=5), st.one_of(st.integers(), st.text(max_size=5), st.none(), st.booleans())))
def test_the_hash_is_that_of_the_content_whatever_its_order(data: dict[str, Any]) -> None:
    entry = {"number": 1, "at": NINE, "data": data}
    turned = {"data": dict(reversed(data.items())), "at": NINE, "number": 1, "hash": "anything"}
    assert entry_hash(GENESIS, entry) == entry_hash(GENESIS, turned)


def test_an_entry_says_what_its_fact_set_and_is_silent_where_the_fact_is() -> None:
    fact = replace(a_fact(amount=1), set={"due": after(hours=1), "clocks": {"first": None}})
    told, silent = added([fact, a_fact(amount=1)]).history
    assert told["set"] == {"due": "2026-03-02T10:00:00.000Z", "clocks": {"first": None}}
    assert "set" not in silent


def test_a_changed_set_breaks_the_chain() -> None:
    (entry,) = added([replace(a_fact(), set={"total": 1})]).history
    for changed in (entry | {"set": {"total": 2}}, {k: v for k, v in entry.items() if k != "set"}):
        assert entry_hash(GENESIS, changed) != entry["hash"]


def test_an_entry_of_before_there_was_a_set_keeps_its_hash() -> None:
    entry = {
        "number": 1,
        "type": "done",
        "at": NINE,
        "recorded_at": after(seconds=1),
        "actor": "a1",
        "cause": "call do by importer",
        "data": {"amount": 1},
    }
    (made,) = added([a_fact(amount=1)]).history
    assert made == entry | {"hash": "bee7f90c238f6677a54d259cf3201d78a7d99ec62e12adb985ce25aef951ed5a"}


def test_no_facts_leave_the_head_where_it_was() -> None:
    head = {"number": 7, "hash": "h"}
    assert added([], head=head) == Additions([], [], head)


def test_a_published_fact_becomes_an_event_with_a_derived_id() -> None:
    (entry,) = added([a_fact("seen"), a_fact(amount=3)]).outbox
    assert (entry["id"], entry["exchange"], entry["key"]) == ("things_things/T-1/2", "things.events", "done")
    assert Event.from_wire(json.loads(entry["body"])) == an_event(
        id="things_things/T-1/2",
        number=2,
        data={"name": "T-1", "amount": 3},
        actor="a1",
        correlation_id="c-1",
    )


def test_an_event_tells_the_state_after_the_decision_and_how_far_the_replay_is() -> None:
    (entry,) = added([a_fact()], state=Thing(name="new", version=9, replay_until=after(days=1))).outbox
    event = json.loads(entry["body"])
    assert (event["data"]["name"], event["aggregate_version"]) == ("new", 9)
    assert event["replay_until"] == "2026-03-03T09:00:00.000Z"


def test_what_an_event_causes_says_so() -> None:
    (entry,) = added([a_fact()], cause=Cause.from_event(an_event(id="E", correlation_id="c", actor="a2"))).outbox
    event = json.loads(entry["body"])
    assert (event["causation_id"], event["correlation_id"], event["actor"]) == ("E", "c", "a2")


def test_nobody_did_what_time_brought_whoever_found_it_due() -> None:
    result = added([replace(a_fact(), by_time=True), a_fact()], cause=a_call(causation_id="E"))
    assert [(entry["actor"], entry["cause"]) for entry in result.history] == [
        (None, "timer"),
        ("a1", "call do by importer"),
    ]
    told = [json.loads(entry["body"]) for entry in result.outbox]
    names = ("actor", "causation_id", "correlation_id")
    assert [[event[name] for name in names] for event in told] == [[None, None, "c-1"], ["a1", "E", "c-1"]]


def test_unheard_and_unnamed_facts_stay_in_the_history() -> None:
    publishing = replace(TELLS, unheard=("done",))
    result = added([a_fact(), a_fact("seen")], publishing)
    assert (len(result.history), result.outbox) == (2, [])


def test_text_in_any_language_goes_out_as_it_came() -> None:
    (entry,) = added([a_fact(text="断网了 😡")]).outbox
    assert "断网了 😡" in entry["body"]


def test_a_fact_that_is_handed_over_becomes_a_message() -> None:
    body = {"message_id": "M-1", "at": NINE}
    handed = {"sent_out": lambda state, fact: Outgoing("messages", "sms.urgent", body, priority=5, expiration_ms=9)}
    (entry,) = added([a_fact("sent_out")], Publishing("things", handed=handed)).outbox
    assert entry == {
        "id": "things_things/T-1/1",
        "exchange": "messages",
        "key": "sms.urgent",
        "body": '{"message_id":"M-1","at":"2026-03-02T09:00:00.000Z"}',
        "priority": 5,
        "expiration": "9",
        "message_id": "M-1",
    }


def test_a_history_reply_has_times_as_text_and_nothing_of_the_database() -> None:
    (entry,) = added([a_fact()]).history
    (shown,) = history_reply([entry | {"_id": "x", "aggregate": "y"}])
    assert set(shown) == {"number", "type", "at", "recorded_at", "actor", "cause", "data", "hash"}
    assert (shown["at"], shown["recorded_at"]) == ("2026-03-02T09:00:00.000Z", "2026-03-02T09:00:01.000Z")
