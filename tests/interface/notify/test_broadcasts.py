"""Broadcasts on the real stack: told once, paced, amended, taken back, and proved from the ledger."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import pytest
from pymongo import MongoClient

from deploy.catalogue import subscriptions
from services.notify.domain.proof import Told, refused
from services.notify.store import NotifyStore
from services.notify.tokens import SECRET
from shared.bus.relay import Pending
from shared.client import Client
from shared.clock import SystemClock, to_text
from shared.errors import Forbidden, IllegalMove, NotFound, ValidationError
from shared.events import Event
from shared.mongo import Database
from tests.interface.feigned import on_the_bus
from tests.interface.notify.reference import apply
from tests.support import Stack, eventually

TEXTS = {
    "sms": {"default": {"text": "{% if replaces %}Correction: {% endif %}{{ broadcast_name }} {{ customer_name }}"}},
    "email": {
        "default": {
            "subject": "{{ broadcast_name }}",
            "text": "{{ broadcast_name }} {{ customer_name }}",
            "html": "<p>{{ broadcast_name }} {{ customer_name }}</p>",
        }
    },
}
PHONE = "+4416149600{:02d}"  # of these tests alone: what else such a customer gets and says is another's


@pytest.fixture(scope="module")
def desk(stack: Stack) -> Client:
    """Intake's caller."""
    return stack.client("importer")


@pytest.fixture(scope="module")
def supervisor(stack: Stack) -> Client:
    apply(stack)
    return stack.client("supervisor")


@pytest.fixture
def area() -> str:
    """One that no other test knows."""
    return f"area-{uuid4().hex[:8]}"


@pytest.fixture
def customers(stack: Stack, desk: Client, area: str) -> Callable[..., list[str]]:
    """Makes customers of the area, known to notify when it returns."""

    def make(number: int, **fields: Any) -> list[str]:
        known = {"language": "en", "area": area, **fields}
        made = [
            desk.command(
                *("intake", "save_customer"),
                **{"name": f"Customer {n}", "phone": PHONE.format(n % 100), **known},
            )["customer_id"]
            for n in range(number)
        ]
        rows = stack.database["notify_customers"]
        eventually(lambda: rows.count_documents({"_id": {"$in": made}}) == number)
        return made

    return make


class Sent:
    """A broadcast, and what has become of it."""

    def __init__(self, stack: Stack, client: Client, **given: Any) -> None:
        self.stack, self.client = stack, client
        plan = {"name": f"Notice {uuid4().hex[:8]}", "kind": "announcement", "channels": ["sms"], "texts": TEXTS}
        self.given = {**plan, "start": True, **given}
        if "template" in given:
            del self.given["texts"]
        self.made = client.command("notify", "broadcast", **self.given)
        self.id = self.made["broadcast_id"]

    def do(self, act: str, **given: Any) -> Any:
        return self.client.command("notify", act, broadcast_id=self.id, **given)

    def ask(self, what: str, **given: Any) -> Any:
        return self.client.call("notify", what, broadcast_id=self.id, **given)

    def is_(self, state: str) -> bool:
        return bool(self.ask("broadcast_progress")["state"] == state)

    def rows(self, **wanted: Any) -> list[dict[str, Any]]:
        return list(self.stack.database["notify_messages"].find({"broadcast": self.id, **wanted}))

    def texts(self) -> list[str]:
        """What has arrived by SMS, in order."""
        return [one["text"] for one in self.stack.texts() if one["text"].find(self.given["name"]) >= 0]

    def recount(self, edition: int = 1) -> dict[str, int]:
        """Reached, and to be reached, from the rows as they are, read one after the other."""
        reached, units = set(), set()
        for doc in self.rows(occurrence=f"notify_broadcasts/{self.id}/{edition}"):
            told = Told(*(doc.get(name) for name in Told._fields))
            if not refused(told):
                units.add(told.unit)
            if told.reached_at is not None:
                reached.add(told.unit)
        return {"to_reach": len(units), "reached": len(reached & units)}


def test_listed_recipients_are_told_once_each_and_a_bad_address_is_a_failed_message(
    stack: Stack, supervisor: Client
) -> None:
    recipients = [{"phone": PHONE.format(1)}, {"phone": PHONE.format(1)}, {"phone": "12"}, {"customer_id": "nobody"}]
    sent = Sent(stack, supervisor, audience={"recipients": recipients})
    assert sent.made["bad"] == [{"place": 2, "why": "bad_phone"}]
    eventually(lambda: len(sent.texts()) == 1)
    fates = {(row["recipient"], row["state"], row.get("detail")) for row in sent.rows(state="failed")}
    assert fates == {("address:12", "failed", "bad_phone"), ("customer:nobody", "failed", "unknown_customer")}
    assert len(sent.rows()) == 3


def test_the_customers_of_an_area_of_whom_a_condition_holds_are_told(
    stack: Stack, supervisor: Client, customers: Callable[..., list[str]], area: str
) -> None:
    gold, _ = customers(3, tier="gold"), customers(2)
    sent = Sent(stack, supervisor, audience={"areas": [area], "where": 'tier == "gold"'})
    eventually(lambda: sent.is_("told"))
    assert {row["recipient"] for row in sent.rows()} == {f"customer:{one}" for one in gold}
    assert sent.ask("broadcast_progress")["seen"] == 5


def test_proof_counts_households_by_area_and_equals_a_recount(
    stack: Stack, supervisor: Client, customers: Callable[..., list[str]], area: str
) -> None:
    customers(2, household="H-1")
    customers(1, household="H-2", phone=None, email=None)
    customers(3)
    begins = SystemClock().now() + timedelta(hours=25)
    outage = {area: {"from": to_text(begins), "to": to_text(begins + timedelta(hours=2))}}
    sent = Sent(stack, supervisor, kind="planned_outage", template="outage", audience={}, outages=outage)
    eventually(lambda: sent.is_("told") and sent.ask("broadcast_proof")["total"]["reached"] == 4)
    proof = sent.ask("broadcast_proof")
    whole = {"to_reach": 5, "reached": 4, "on_time": 4, "refused": 0, "reached_rate": 0.8, "on_time_rate": 0.8}
    assert proof["total"] == whole
    assert proof["areas"] == [{"area": area, **whole}]
    assert sent.recount() == {"to_reach": 5, "reached": 4}


def test_whoever_is_reached_later_than_promised_is_not_reached_in_time(
    stack: Stack, supervisor: Client, customers: Callable[..., list[str]], area: str
) -> None:
    customers(2)
    begins = SystemClock().now() + timedelta(hours=23)  # 24 were promised
    outage = {area: {"from": to_text(begins), "to": to_text(begins + timedelta(hours=2))}}
    sent = Sent(stack, supervisor, kind="planned_outage", template="outage", audience={}, outages=outage)
    eventually(lambda: sent.ask("broadcast_proof")["total"]["reached"] == 2)
    total = sent.ask("broadcast_proof")["total"]
    assert (total["on_time"], total["on_time_rate"]) == (0, 0.0)


def test_the_unreached_are_listed_page_by_page_and_become_call_tasks_once(
    stack: Stack, supervisor: Client, customers: Callable[..., list[str]], area: str
) -> None:
    people = customers(3)  # with a telephone, and told by e-mail only: nobody has an address
    customers(2, phone=None)
    sent = Sent(stack, supervisor, channels=["email"], audience={"areas": [area]})
    eventually(lambda: sent.is_("told"))
    first = sent.ask("find_unreached", limit=3)
    second = sent.ask("find_unreached", limit=3, after=first["next"])
    assert [len(first["unreached"]), len(second["unreached"]), second["next"]] == [3, 2, None]
    for _ in range(2):
        sent.do("call_the_unreached")
        eventually(lambda: sent.ask("broadcast_progress")["doing"] is None)
    calls = sent.rows(channel="call")
    assert {row["recipient"] for row in calls} == {f"customer:{one}" for one in people}
    assert [row["state"] for row in calls] == ["handed_over"] * 3


def test_the_unreached_without_a_telephone_are_listed_page_by_page(
    stack: Stack, supervisor: Client, desk: Client, customers: Callable[..., list[str]], area: str
) -> None:
    customers(2)
    without = customers(3, phone=None)
    (minds,) = customers(1)
    desk.command("notify", "set_preferences", customer_id=minds, unwanted=["call"])
    sent = Sent(stack, supervisor, channels=["email"], audience={"areas": [area]})
    eventually(lambda: sent.is_("told"))
    found, after = [], None
    for _ in range(2):
        page = sent.ask("find_unreached", uncallable=True, limit=3, after=after)
        found, after = [*found, *page["unreached"]], page["next"]
    whom = {(row["recipients"][0], row["why_no_call"]) for row in found}
    assert whom == {*((f"customer:{one}", "no_phone") for one in without), (f"customer:{minds}", "channel_not_wanted")}
    assert after is None


def test_a_broadcast_keeps_its_window_and_an_amendment_supersedes_the_rest(
    stack: Stack, supervisor: Client, customers: Callable[..., list[str]], area: str
) -> None:
    customers(8)
    stack.stop_process("sms-consumer")  # nobody takes anything: the window fills
    try:
        sent = Sent(stack, supervisor, audience={"areas": [area]}, window=3)
        eventually(lambda: len(sent.rows()) == 3)
        sent.do("amend_broadcast", why="another time", variables={"x": 1})
    finally:
        stack.start_process("sms-consumer")
    eventually(lambda: len(sent.texts()) == 11)
    corrections = [text for text in sent.texts() if text.startswith("Correction: ")]
    assert len(corrections) == 3
    assert len(sent.rows(occurrence=f"notify_broadcasts/{sent.id}/2")) == 8


def test_a_pause_keeps_the_others_untold_and_a_cancelled_one_tells_nobody_else(
    stack: Stack, supervisor: Client, customers: Callable[..., list[str]], area: str
) -> None:
    customers(6)
    sent = Sent(stack, supervisor, audience={"areas": [area]}, pace=0.2)  # one in five seconds
    eventually(lambda: sent.rows())
    sent.do("pause_broadcast")
    before = len(sent.rows())
    assert before < 6
    sent.do("resume_broadcast")
    eventually(lambda: len(sent.rows()) > before)
    sent.do("cancel_broadcast", why="not so")
    assert sent.ask("get_broadcast")["state"] == "cancelled"
    assert len(sent.rows()) < 6
    with pytest.raises(IllegalMove):
        sent.do("resume_broadcast")


class Died(BaseException):
    """The process is no more."""


def dies(_: Sequence[Pending]) -> Sequence[Pending]:
    raise Died


@pytest.mark.parametrize("act", [None, "pause_broadcast", "cancel_broadcast"])
def test_what_was_written_but_not_published_when_its_process_died_is_published_by_the_next_one(
    stack: Stack,
    supervisor: Client,
    customers: Callable[..., list[str]],
    area: str,
    monkeypatch: pytest.MonkeyPatch,
    act: str | None,
) -> None:
    customers(2)
    monkeypatch.setenv(SECRET, "only this test's own")
    broadcasts = stack.database["notify_broadcasts"]
    stack.stop_process("notify-broadcaster")
    try:
        sent = Sent(stack, supervisor, audience={"areas": [area]}, pace=0.2)
        uri = urlunsplit(urlsplit(stack.admin_mongo_uri)._replace(path=f"/{stack.database.name}"))
        with MongoClient[dict[str, Any]](uri, tz_aware=True, authSource="admin") as client:
            db = Database(client, SystemClock(), lambda _: None, deliver=dies)
            while not sent.rows():
                with suppress(Died):
                    NotifyStore(db).broadcasting.go_on()
        assert [(row["state"], row["outbox"]) for row in sent.rows()] == [("handed_over", [])]
        assert sent.texts() == []
        if act is not None:
            sent.do(act, **({"why": "not so"} if act == "cancel_broadcast" else {}))
    finally:
        stack.start_process("notify-broadcaster")
    eventually(lambda: len(sent.texts()) == (2 if act is None else 1))
    eventually(lambda: broadcasts.count_documents({"_id": sent.id, "publishing": []}))
    eventually(lambda: {row["state"] for row in sent.rows()} == {"sent"})
    assert len(sent.rows()) == len(sent.texts())


def test_a_draft_takes_recipients_in_chunks_and_begins_when_it_is_started(stack: Stack, supervisor: Client) -> None:
    sent = Sent(stack, supervisor, audience={"listed": True}, start=False)
    for place in range(3):
        added = sent.do("add_recipients", recipients=[{"phone": PHONE.format(place * 2 + n)} for n in range(2)])
    assert (added["chunk"], added["recipients"]) == (3, 6)
    assert sent.rows() == []
    sent.do("start_broadcast")
    eventually(lambda: len(sent.texts()) == 6)
    with pytest.raises(IllegalMove):
        sent.do("add_recipients", recipients=[{"phone": PHONE.format(9)}])


def test_who_does_not_want_it_is_not_told_and_need_not_be_reached(
    stack: Stack, supervisor: Client, desk: Client, customers: Callable[..., list[str]], area: str
) -> None:
    one, _ = customers(2)
    desk.command("notify", "set_preferences", customer_id=one, opted_out=["notice"])
    sent = Sent(stack, supervisor, audience={"areas": [area]})
    eventually(lambda: sent.ask("broadcast_proof")["total"]["reached"] == 1)
    total = sent.ask("broadcast_proof")["total"]
    assert (total["to_reach"], total["refused"], total["reached_rate"]) == (1, 1, 1.0)
    assert {row["recipient"]: row["state"] for row in sent.rows()}[f"customer:{one}"] == "cancelled"
    assert sent.ask("find_unreached")["unreached"] == []


def test_what_nobody_may_refuse_is_told_all_the_same(
    stack: Stack, supervisor: Client, desk: Client, customers: Callable[..., list[str]], area: str
) -> None:
    (one,) = customers(1)
    desk.command("notify", "set_preferences", customer_id=one, opted_out=["notice"])
    sent = Sent(stack, supervisor, kind="recall", audience={"areas": [area]})
    eventually(lambda: len(sent.texts()) == 1)


def test_a_listed_recipient_with_a_bad_telephone_is_told_by_the_next_channel(stack: Stack, supervisor: Client) -> None:
    address = f"{uuid4().hex[:10]}@example.com"
    recipients = [{"phone": "12", "email": address}]
    sent = Sent(stack, supervisor, channels=["sms", "email"], audience={"recipients": recipients})
    (row,) = eventually(lambda: sent.rows(state="sent"))
    assert (row["channel"], row["to"], row["content"]["subject"]) == ("email", address, sent.given["name"])


def test_the_fallback_of_a_listed_recipient_is_in_the_broadcast_s_own_words(
    stack: Stack, supervisor: Client, customers: Callable[..., list[str]], area: str
) -> None:
    address = f"{uuid4().hex[:10]}@example.com"
    recipients = [{"phone": PHONE.format(7), "email": address}]
    stack.stop_process("sms-consumer")
    try:
        sent = Sent(stack, supervisor, channels=["sms", "email"], audience={"recipients": recipients})
        (row,) = eventually(lambda: sent.rows())
        with on_the_bus(stack.admin_amqp_uri, "notify", subscriptions("notify")) as (world, _):
            world.tell(a_failure(row["_id"]))
        (mail,) = eventually(lambda: sent.rows(channel="email"))
    finally:
        stack.start_process("sms-consumer")
    assert (mail["previous"], mail["to"], mail["content"]["subject"]) == (row["_id"], address, sent.given["name"])


def a_failure(message_id: str) -> Event:
    """What a consumer says of an SMS that will not arrive."""
    now = SystemClock().now()
    data = {"message_id": message_id, "channel": "sms", "state": "failed", "detail": "no such number"}
    return Event(
        id=f"{message_id}/failed",
        type="receipt",
        source="consumers",
        aggregate_id=message_id,
        aggregate_version=3,
        number=3,
        at=now,
        recorded_at=now,
        data={**data, "consumer": "sms-consumer", "gateway_id": None, "parts": None},
    )


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({"kind": "picnic"}, "kind"),
        ({"texts": {"sms": {"en": {"text": "{{ nonsense }}"}}}}, "texts.sms.en.text"),
        ({"texts": {"sms": {"en": {"text": "{{ nonsense"}}}}, "texts.sms.en.text"),
        ({"channels": ["email"], "texts": {"sms": {"default": {"text": "x"}}}}, "channels.0"),
        ({"audience": {"where": "tier = 1"}}, "audience.where"),
        ({"audience": {"recipients": [{"name": "Nobody"}]}}, "audience.recipients.0.customer_id"),
        ({"kind": "payment_reminder", "audience": {"recipients": [{"phone": "1"}]}}, "recipients.0.variables.amount"),
        ({"kind": "payment_reminder", "audience": {"areas": ["x"]}}, "variables.amount"),
        ({"kind": "planned_outage"}, "outages"),
        ({"variables": {"area": "x"}}, "variables.area"),
    ],
)
def test_what_cannot_be_told_is_refused_by_place(
    supervisor: Client, given: dict[str, Any], place: str, stack: Stack
) -> None:
    with pytest.raises(ValidationError) as refused_:
        Sent(stack, supervisor, **{"audience": {"listed": True}, **given})
    assert place in refused_.value.fields


def an_outage(begins: timedelta, ends: timedelta) -> dict[str, str]:
    now = SystemClock().now()
    return {"from": to_text(now + begins), "to": to_text(now + ends)}


HOUR = timedelta(hours=1)


@pytest.mark.parametrize("given", [{}, {"start_at": 5}], ids=["at once", "when it begins"])
def test_an_outage_that_is_over_is_refused_by_its_place(
    stack: Stack, supervisor: Client, given: dict[str, int]
) -> None:
    later = {name: to_text(SystemClock().now() + hours * HOUR) for name, hours in given.items()}
    end = 4 * HOUR if later else -HOUR
    outages = {"north": an_outage(-2 * HOUR, end), "south": an_outage(HOUR, 9 * HOUR)}
    with pytest.raises(ValidationError) as refused_:
        Sent(stack, supervisor, kind="planned_outage", template="outage", audience={}, outages=outages, **later)
    assert refused_.value.fields == {"outages.north.to": ["It is over when the telling begins."]}


def time_passes(sent: Sent, area: str) -> dict[str, str]:
    """The outage of this area is over meanwhile; gives it."""
    broadcasts, now = sent.stack.database["notify_broadcasts"], SystemClock().now()
    fields = {"plan.outages.$.from": now - 2 * HOUR, "plan.outages.$.to": now - HOUR}
    broadcasts.update_one({"_id": sent.id, "plan.outages.area": area}, {"$set": fields})
    (edition,) = sent.ask("get_broadcast")["editions"]
    return dict(edition["outages"][area])


def test_an_amendment_may_leave_an_outage_that_is_over_as_it_was_but_sets_none(
    stack: Stack, supervisor: Client
) -> None:
    plan: dict[str, Any] = {"kind": "planned_outage", "template": "outage", "audience": {"listed": True}}
    begun = {"north": an_outage(HOUR, 2 * HOUR), "south": an_outage(HOUR, 2 * HOUR)}
    sent = Sent(stack, supervisor, **plan, outages=begun, start=False)
    over = time_passes(sent, "north")
    put_off = {"north": over, "south": an_outage(3 * HOUR, 4 * HOUR)}
    assert sent.do("amend_broadcast", why="put off", outages=put_off)["edition"] == 2
    with pytest.raises(ValidationError) as refused_:
        sent.do("amend_broadcast", why="earlier", outages={"north": over, "south": an_outage(-2 * HOUR, -HOUR)})
    assert refused_.value.fields == {"outages.south.to": ["It is over when the telling begins."]}


def test_a_draft_does_not_begin_when_all_that_it_tells_of_is_over(stack: Stack, supervisor: Client, area: str) -> None:
    plan: dict[str, Any] = {"kind": "planned_outage", "template": "outage", "audience": {}}
    sent = Sent(stack, supervisor, **plan, outages={area: an_outage(HOUR, 2 * HOUR)}, start=False)
    time_passes(sent, area)
    with pytest.raises(ValidationError) as refused_:
        sent.do("start_broadcast")
    assert refused_.value.fields == {f"outages.{area}.to": ["It is over when the telling begins."]}


def test_only_who_supervises_may_tell_many(stack: Stack, desk: Client) -> None:
    with pytest.raises(Forbidden):
        Sent(stack, stack.client("callcentre"), audience={"listed": True})
    with pytest.raises(NotFound):
        desk.call("notify", "get_broadcast", broadcast_id="none")
