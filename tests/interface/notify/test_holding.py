"""Messages that wait: why, until when, and what becomes of them. On the real database, by a clock that stands still."""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from services.notify.domain.quiet_hours import QuietHours
from services.notify.storage.holding import Holding
from shared.cause import Cause
from shared.clock import to_text
from shared.events import Event
from tests.interface.notify.indoors import NOON, Crash, Indoors, indoors
from tests.probe.store import a_call
from tests.support import Stack

NIGHT = timedelta(hours=11)  # 23:00
MORNING = datetime(2031, 3, 4, 8, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def shared_desk(stack: Stack) -> Iterator[Indoors]:
    with indoors(stack) as inside:
        yield inside


@pytest.fixture
def desk(shared_desk: Indoors) -> Indoors:
    """By day, with nothing in the ledger."""
    return shared_desk.begin_anew()


class Matter:
    """A customer with work, and what is told about it."""

    def __init__(self, desk: Indoors, **customer: Any) -> None:
        self.desk = desk
        self.id = uuid4().hex[:10]
        self.customer_id, self.order_no, self.ticket_no = f"C-{self.id}", f"W-{self.id}", f"T-{self.id}"
        self.recipient = f"customer:{self.customer_id}"
        self.mail = f"{self.id}@example.com"
        self.phone = f"+86138{random.randrange(10**8):08d}"
        self.number = 0
        self.saved(**customer)

    def saved(self, **customer: Any) -> None:
        """Intake tells who the customer is."""
        self._saves = getattr(self, "_saves", 0) + 1
        known: dict[str, Any] = {"customer_id": self.customer_id, "name": "Example Ltd", "tier": None, "language": "en"}
        known |= {"phone": self.phone, "email": self.mail, "preferred_channels": [], "area": None, "household": None}
        known |= {"time_zone": None, "dates": {}, **customer}
        self.desk.store.customers.save(self._event("intake", "customer_saved", self.customer_id, self._saves, known))

    def event(self, name: str, number: int | None = None, **said: Any) -> Event:
        """What dispatch says of the work, next."""
        self.number = number or self.number + 1
        data: dict[str, Any] = {"order_no": self.order_no, "ticket_no": self.ticket_no, "customer_id": self.customer_id}
        data |= {"type": "fault", "category": "x", "priority": "P2", "team": "x", "agent": "a-1", "round": 0}
        data |= {"step": None, "visit": None, "step_name": None, "accept_by": None, "principal": None, "watchers": []}
        return self._event("dispatch", name, self.order_no, self.number, data | said)

    def survey(self) -> Event:
        data: dict[str, Any] = {"case_no": f"{self.order_no}/0", "order_no": self.order_no, "ticket_no": self.ticket_no}
        data |= {"customer_id": self.customer_id, "team": "x", "priority": "P2", "round": 0, "token": self.id}
        data |= {"expires_at": NOON + timedelta(days=5)}
        return self._event("feedback", "survey_due", f"{self.order_no}/0", 1, data)

    def tell(self, name: str, **more: Any) -> Event:
        event = self.event(name, **more)
        self.desk.store.telling.tell(event)
        return event

    def states(self) -> list[tuple[str, str]]:
        """(channel, state) of all its messages."""
        return [(row["channel"], row["state"]) for row in self.desk.rows(ticket_no=self.ticket_no)]

    def _event(self, source: str, name: str, of: str, number: int, data: dict[str, Any]) -> Event:
        now = self.desk.clock.at
        return Event(
            id=f"{source}_x/{of}/{number}",
            type=name,
            source=source,
            aggregate_id=of,
            aggregate_version=number,
            number=number,
            at=now,
            recorded_at=now,
            data=data,
        )


# quiet hours


def test_at_night_a_message_waits_for_the_morning_and_goes_then(desk: Indoors) -> None:
    desk.pass_by(seconds=NIGHT.total_seconds())
    matter = Matter(desk)
    matter.tell("work_resolved")
    row = desk.row()
    assert (row["state"], row["held_for"], row["due_at"]) == ("held", "quiet_hours", MORNING)
    desk.until(hours=8)  # 07:00
    assert desk.sent() == []
    desk.until(hours=1)
    assert [one["to"] for one in desk.sent()] == [matter.phone]
    assert desk.row()["state"] == "handed_over"
    kept = [entry["type"] for entry in desk.store.messages.history(row["_id"])]
    assert kept == ["message_queued", "message_held", "message_handed_over"]


def test_urgent_messages_also_go_at_night(desk: Indoors) -> None:
    desk.pass_by(seconds=NIGHT.total_seconds())
    matter = Matter(desk)
    matter.tell("work_closed")
    assert matter.states() == [("sms", "handed_over")]


def test_it_is_night_where_the_customer_is(desk: Indoors) -> None:
    there = Matter(desk, time_zone="Asia/Shanghai")
    desk.pass_by(hours=3)  # 15:00 in London, 23:00 there
    there.tell("work_resolved")
    here = Matter(desk)
    here.tell("work_resolved")
    assert (there.states(), here.states()) == ([("sms", "held")], [("sms", "handed_over")])
    assert desk.row(ticket_no=there.ticket_no)["due_at"] == datetime(2031, 3, 4, 0, 0, tzinfo=UTC)


def test_a_customers_own_hours_win(desk: Indoors) -> None:
    matter = Matter(desk)
    siesta = {"quiet_hours": QuietHours.parse("11:30", "14:00")}
    desk.store.preferences.set(a_call("set_preferences"), matter.recipient, siesta, lambda state: {})
    matter.tell("work_resolved")
    assert desk.row()["due_at"] == NOON + timedelta(hours=2)


def test_what_is_not_worth_sending_in_the_morning_expires(desk: Indoors) -> None:
    def short(body: dict[str, Any]) -> None:
        body["rules"][0]["valid_for"] = "2h"

    desk.apply(short)
    desk.pass_by(seconds=NIGHT.total_seconds())
    matter = Matter(desk)
    matter.tell("work_resolved")
    desk.until(hours=12)
    assert matter.states() == [("sms", "expired")]
    assert desk.sent() == []


def test_replayed_work_is_held_by_the_clock_on_the_wall_and_released_by_it(desk: Indoors) -> None:
    desk.pass_by(seconds=NIGHT.total_seconds())
    matter = Matter(desk)
    past = NOON - timedelta(days=900)
    event = matter.event("work_resolved")
    desk.store.telling.tell(Event(**{**event.__dict__, "at": past, "replay_until": past}))
    assert matter.states() == [("sms", "held")]
    desk.until(hours=9)
    assert matter.states() == [("sms", "handed_over")]


# preferences


def test_who_says_stop_while_it_waits_is_told_by_the_other_channel(desk: Indoors) -> None:
    desk.pass_by(seconds=NIGHT.total_seconds())
    matter = Matter(desk)
    matter.tell("work_resolved")
    desk.store.preferences.opt_out(Cause(ref="STOP", key="stop"), f"address:{matter.phone}", None, "STOP")
    desk.until(hours=9)
    assert sorted(matter.states()) == [("email", "handed_over"), ("sms", "cancelled")]
    assert [one["to"] for one in desk.sent()] == [matter.mail]
    assert desk.row(channel="sms")["detail"] == "opted_out"


def test_who_has_opted_out_of_a_kind_is_told_by_no_channel_and_that_is_accounted_for(desk: Indoors) -> None:
    matter = Matter(desk)
    desk.store.preferences.opt_out(Cause(ref="click", key="click"), matter.recipient, "progress", "unsubscribe")
    matter.tell("work_resolved")
    desk.until(hours=9)
    assert matter.states() == [("sms", "cancelled")]
    assert desk.row()["detail"] == "opted_out"


def test_a_channel_that_is_not_wanted_is_passed_over(desk: Indoors) -> None:
    matter = Matter(desk)
    desk.store.preferences.set(a_call("set_preferences"), matter.recipient, {"unwanted": ("sms",)}, lambda state: {})
    matter.tell("work_resolved")
    assert matter.states() == [("email", "handed_over")]


def test_what_is_obligatory_goes_to_everybody(desk: Indoors) -> None:
    matter = Matter(desk)
    desk.store.preferences.opt_out(Cause(ref="STOP", key="all"), matter.recipient, None, "STOP")
    matter.tell("fee_voided", fee=1, amount="1.00", currency="CNY", reason="x")
    assert matter.states() == [("email", "handed_over")]


def test_a_held_message_goes_to_the_address_of_the_day_it_leaves(desk: Indoors) -> None:
    desk.pass_by(seconds=NIGHT.total_seconds())
    matter = Matter(desk)
    matter.tell("work_resolved")
    matter.saved(phone="+447911123456")
    desk.until(hours=9)
    assert [one["to"] for one in desk.sent()] == ["+447911123456"]


def work_held_till_morning(desk: Indoors, agent: str) -> None:
    """An agent has as many messages of the day as one may have: the next one waits for tomorrow."""

    def capped(body: dict[str, Any]) -> None:
        body["kinds"]["work"] |= {"per_day": 1, "digest": None}

    desk.apply(capped)
    matter = Matter(desk)
    for _ in range(2):
        matter.tell("work_assigned", agent=agent, team="it")
    assert sorted(matter.states()) == [("email", "handed_over"), ("email", "held")]


def moved_in_the_address_book(desk: Indoors, **staff: Any) -> None:
    desk.apply(lambda body: body.update(staff=staff))


def test_a_held_message_goes_to_the_address_that_staff_have_on_the_day_it_leaves(desk: Indoors) -> None:
    work_held_till_morning(desk, "it.01")
    moved_in_the_address_book(desk, agents={"it.01": {"email": "it.01@elsewhere.example.com"}}, teams={})
    desk.until(hours=12)
    assert sorted(one["to"] for one in desk.sent()) == ["it.01@elsewhere.example.com", "it.01@example.com"]


def test_a_held_message_of_an_agent_who_has_left_goes_to_the_team_that_has_the_work(desk: Indoors) -> None:
    work_held_till_morning(desk, "it.01")
    moved_in_the_address_book(desk, agents={}, teams={"it": {"email": "it-team@example.com"}})
    desk.until(hours=12)
    assert sorted(one["to"] for one in desk.sent()) == ["it-team@example.com", "it.01@example.com"]


def test_a_held_message_to_staff_who_have_no_address_any_more_is_for_a_person(desk: Indoors) -> None:
    work_held_till_morning(desk, "it.01")
    moved_in_the_address_book(desk, agents={}, teams={})
    desk.until(hours=12)
    row = desk.row(state="failed")
    assert (row["detail"], row["look"]) == ("no_address", True)


def test_a_digest_goes_to_the_team_whose_work_it_tells_where_the_agent_has_no_address(desk: Indoors) -> None:
    recipient = burst(desk, 5, team="it")
    desk.until(minutes=10)
    assert {one["to"] for one in desk.sent()} == {"it@example.com"}
    assert desk.row(recipient=recipient, event="digest")["state"] == "handed_over"


def test_a_held_message_whose_address_is_gone_goes_by_the_next_channel(desk: Indoors) -> None:
    desk.pass_by(seconds=NIGHT.total_seconds())
    matter = Matter(desk)
    matter.tell("work_resolved")
    matter.saved(phone=None)
    desk.until(hours=9)
    assert sorted(matter.states()) == [("email", "handed_over"), ("sms", "failed")]


# what waits, and the message before it


def a_night_after_silence(desk: Indoors) -> Matter:
    """Its SMS of noon has had no word for so long that it ends at 06:00; nobody has heard of that yet."""
    matter = Matter(desk)
    matter.tell("work_resolved")
    desk.until(hours=6)
    desk.pass_by(hours=12)
    desk.wake()
    return matter


def test_what_counts_as_having_reached_them_cancels_a_successor_that_waits_for_the_morning(desk: Indoors) -> None:
    matter = a_night_after_silence(desk)
    desk.hear()
    assert sorted(matter.states()) == [("email", "held"), ("sms", "unknown")]

    desk.told_of(desk.row(channel="sms")["_id"], "sent")
    desk.hear()

    assert (sorted(matter.states()), desk.row(channel="email")["detail"]) == (
        [("email", "cancelled"), ("sms", "sent")],
        "told_already",
    )


def _cut_off_before_the_successor_is_noted(desk: Indoors) -> None:
    for reads in range(1, 50):
        desk.clock.dies_in = reads
        with suppress(Crash):
            desk.hear()
        if desk.rows(channel="email"):
            break
    desk.clock.dies_in = None
    assert "followed_by" not in desk.row(channel="sms")


@pytest.mark.parametrize("again", [0, 1], ids=["word first", "the event first"])
def test_a_successor_of_which_a_crash_kept_the_note_is_cancelled_by_a_later_word(desk: Indoors, again: int) -> None:
    desk.apply(lambda body: body.update(reached={"sms": "delivered"}))
    matter = a_night_after_silence(desk)
    _cut_off_before_the_successor_is_noted(desk)
    sms = desk.row(channel="sms")["_id"]

    desk.told_of(sms, "sent")
    steps = [lambda: desk.told_of(sms, "delivered"), desk.hear]
    for step in (0, 1) if again == 0 else (1, 0):
        steps[step]()
    desk.hear()

    assert sorted(matter.states()) == [("email", "cancelled"), ("sms", "delivered")]


def test_what_had_reached_them_and_failed_after_all_is_for_a_person_once_the_other_was_called_off(
    desk: Indoors,
) -> None:
    matter = a_night_after_silence(desk)
    desk.hear()
    for word in ("sent", "failed"):
        desk.told_of(desk.row(channel="sms")["_id"], word)
        desk.hear()
    assert sorted(matter.states()) == [("email", "cancelled"), ("sms", "failed")]
    assert desk.row(look=True)["channel"] == "sms"


# obsolescence


def test_what_makes_a_held_message_obsolete_cancels_it_at_once(desk: Indoors) -> None:
    desk.pass_by(seconds=NIGHT.total_seconds())
    matter = Matter(desk)
    matter.tell("work_resolved")
    matter.tell("work_reopened", reason="x", cause="x")
    assert matter.states() == [("sms", "cancelled")]
    assert desk.row()["detail"] == "obsolete: work_reopened"


def test_an_obsolete_message_that_comes_late_is_cancelled(desk: Indoors) -> None:
    matter = Matter(desk)
    resolved = matter.event("work_resolved")
    matter.tell("work_reopened", reason="x", cause="x")
    desk.store.telling.tell(resolved)
    assert matter.states() == [("sms", "cancelled")]


def test_what_came_before_makes_nothing_obsolete(desk: Indoors) -> None:
    matter = Matter(desk)
    reopened = matter.event("work_reopened", reason="x", cause="x")
    matter.tell("work_resolved")
    desk.store.telling.tell(reopened)
    desk.store.telling.tell(reopened)
    assert matter.states() == [("sms", "handed_over")]


def test_what_somebody_was_told_makes_obsolete_without_being_written_down_once_more(desk: Indoors) -> None:
    matter = Matter(desk)
    survey = matter.survey()
    desk.pass_by(minutes=5)
    matter.tell("work_closed")
    desk.store.telling.tell(survey)
    assert desk.row(event="survey_due")["detail"] == "obsolete: work_closed"
    assert desk.db.collection("notify_matters").count_documents({}) == 0


# at most so many a day


def fees(matter: Matter, count: int) -> list[Event]:
    return [matter.event("fee_recorded", fee=1, amount="1.00", currency="CNY") for _ in range(count)]


def test_no_more_than_so_many_of_a_kind_go_a_day_however_many_come_at_once(desk: Indoors) -> None:
    matter = Matter(desk)
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(desk.store.telling.tell, fees(matter, 6)))
    assert sorted(state for _, state in matter.states()) == ["handed_over"] * 2 + ["held"] * 4
    assert {row["due_at"] for row in desk.rows(state="held")} == {datetime(2031, 3, 4, tzinfo=UTC)}
    desk.until(hours=12)
    assert (len(desk.sent()), len(desk.rows(state="held"))) == (4, 2)
    desk.until(hours=24)
    assert (len(desk.sent()), len(desk.rows(state="held"))) == (6, 0)


def test_the_same_event_again_takes_no_second_place(desk: Indoors) -> None:
    matter = Matter(desk)
    one, two = fees(matter, 2)
    for event in (one, one, one, two):
        desk.store.telling.tell(event)
    assert [state for _, state in matter.states()] == ["handed_over"] * 2


# digests


def assigned(matter: Matter, agent: str, count: int, **said: Any) -> list[Event]:
    return [matter.event("work_assigned", agent=agent, **said) for _ in range(count)]


def burst(desk: Indoors, count: int, **said: Any) -> str:
    """So many assignments of one agent; gives the recipient."""
    agent = f"a-{uuid4().hex[:8]}"
    for event in assigned(Matter(desk), agent, count, **said):
        desk.store.telling.tell(event)
    return f"agent:{agent}"


def test_beyond_a_few_messages_the_rest_is_told_as_one(desk: Indoors) -> None:
    recipient = burst(desk, 8)
    assert len(desk.sent()) == 3
    desk.until(minutes=10)
    digest = desk.row(event="digest")
    assert (digest["recipient"], digest["state"], len(digest["parts"])) == (recipient, "handed_over", 5)
    assert len(desk.sent()) == 4
    text = next(one["text"] for one in desk.sent() if "digest/" in one["occurrence"])
    told = desk.rows(digest=digest["_id"])
    assert [row["state"] for row in told] == ["handed_over"] * 5
    assert text.count(told[0]["ticket_no"]) == 5


def test_parts_share_the_digests_fate(desk: Indoors) -> None:
    burst(desk, 5)
    desk.until(minutes=10)
    digest = desk.row(event="digest")
    desk.delivered(digest["_id"])
    desk.hear()
    desk.hear()
    parts = desk.rows(digest=digest["_id"])
    assert [row["state"] for row in parts] == ["sent"] * 2
    kept = [entry["type"] for entry in desk.store.messages.history(parts[0]["_id"])]
    assert kept == ["message_queued", "message_held", "message_digested", "message_digested"]


def test_a_part_that_comes_when_its_digest_has_left_is_told_by_itself(desk: Indoors) -> None:
    agent = f"a-{uuid4().hex[:8]}"
    matter = Matter(desk)
    events = assigned(matter, agent, 5)
    for event in events[:4]:
        desk.store.telling.tell(event)
    late, at = desk.store.holding.digests.of, desk.clock.at

    desk.store.telling.tell(events[4])  # in time
    desk.until(minutes=10)
    digest = desk.row(event="digest")
    assert len(digest["parts"]) == 2
    desk.clock.at = at  # a replica whose clock is late
    (straggler,) = assigned(matter, agent, 1)
    desk.store.telling.tell(straggler)
    assert late(desk.store.messages.get(digest["parts"][0]), NOON + timedelta(minutes=10)).message_id == digest["_id"]
    desk.clock.at = at + timedelta(minutes=10)
    desk.until(minutes=2)
    assert len(desk.sent()) == 5  # three, the digest, and the straggler
    assert desk.row(occurrence=straggler.id)["state"] == "handed_over"


def test_a_digest_of_which_nothing_is_left_is_not_sent(desk: Indoors) -> None:
    def obsoleted(body: dict[str, Any]) -> None:
        body["rules"][4]["obsolete"] = ["work_withdrawn"]

    desk.apply(obsoleted)
    agent, matter = f"a-{uuid4().hex[:8]}", Matter(desk)
    for event in assigned(matter, agent, 5):
        desk.store.telling.tell(event)
    matter.tell("work_withdrawn", reason="x")
    desk.until(minutes=12)
    assert len(desk.sent()) == 3
    assert (desk.row(event="digest")["state"], desk.row(event="digest")["detail"]) == ("cancelled", "nothing_left")


def test_a_digest_does_not_tell_what_its_broadcast_tells_no_more(desk: Indoors) -> None:
    burst(desk, 5)
    digest, store = desk.row(event="digest"), desk.store
    parts = desk.rows(digest=digest["_id"])
    desk.db.collection("notify_messages").update_one({"_id": parts[0]["_id"]}, {"$set": {"broadcast": "B-1"}})
    desk.pass_by(minutes=10)
    over = Holding(
        *(desk.db, store.reference, store.messages, store.customers, store.preferences), lambda part: "superseded"
    )

    over.look(digest["_id"], Cause.tick(desk.clock.at))

    assert desk.row(event="digest")["parts"] == [parts[1]["_id"]]
    assert desk.row(_id=parts[0]["_id"])["state"] == "cancelled"


def test_where_digests_are_switched_off_meanwhile_the_parts_go_by_themselves(desk: Indoors) -> None:
    burst(desk, 5)

    def off(body: dict[str, Any]) -> None:
        body["kinds"]["work"]["digest"] = None

    desk.apply(off)
    desk.until(minutes=10)
    desk.until(minutes=2)
    assert len(desk.sent()) == 5
    assert {row["state"] for row in desk.rows(event="work_assigned")} == {"handed_over"}


def test_a_digest_that_has_no_text_any_more_tells_the_lines(desk: Indoors) -> None:
    recipient = burst(desk, 5)
    digest = desk.row(event="digest")
    desk.store.messages.collection.update_one({"_id": digest["_id"]}, {"$set": {"template": "gone"}})
    desk.until(minutes=10)
    assert desk.row(recipient=recipient, event="digest")["content"]["text"].count("T-") == 2


def test_a_digest_lists_a_hundred_and_counts_the_rest(desk: Indoors) -> None:
    burst(desk, 3 + 103)
    desk.until(minutes=10)
    text = next(one["text"] for one in desk.sent() if "digest/" in one["occurrence"])
    assert "There were 103 messages" in text
    assert text.count("  T-") == 100
    assert "3 more are not listed" in text


# what it costs


def asked(desk: Indoors, event: Event) -> list[tuple[str, str]]:
    """What telling of an event asks of the database; what a process asks once a second has been asked already."""
    desk.store.telling.tell(Matter(desk).event(event.type))
    desk.store.reference.as_of_now()
    desk.commands.seen.clear()
    desk.store.telling.tell(event)
    return [(name, of.removeprefix("notify_")) for name, of in desk.commands.seen]


def test_a_mail_to_the_staff_costs_its_write_and_one_read_where_bursts_become_digests(desk: Indoors) -> None:
    matter = Matter(desk)
    assert asked(desk, matter.event("work_assigned")) == [("find", "messages"), ("insert", "messages")]

    def off(body: dict[str, Any]) -> None:
        body["kinds"]["work"]["digest"] = None

    desk.apply(off)
    assert asked(desk, matter.event("work_assigned")) == [("insert", "messages")]


def test_a_message_to_a_customer_costs_one_read_of_what_they_want(desk: Indoors) -> None:
    assert asked(desk, Matter(desk).event("work_closed")) == [
        ("find", "customers"),
        ("find", "preferences"),
        ("insert", "messages"),
    ]


# whatever happens, in any order

steps = st.lists(
    st.one_of(
        st.tuples(
            st.just("tell"), st.sampled_from(["work_resolved", "work_reopened", "fee_recorded", "work_assigned"])
        ),
        st.tuples(st.just("again"), st.integers(0, 30)),
        st.tuples(st.just("pass"), st.integers(1, 600)),
        st.tuples(st.just("crash"), st.integers(1, 12)),
        st.tuples(st.just("stop"), st.none()),
        st.tuples(st.just("come back"), st.none()),
        st.tuples(st.just("hear"), st.none()),
    ),
    min_size=4,
    max_size=40,
)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(steps=steps)
def test_whatever_happens_everything_is_told_at_most_once_and_nothing_is_lost(
    desk: Indoors, steps: list[tuple[str, Any]]
) -> None:
    """Events, repetitions, crashes, time and changes of mind in any order."""
    desk.db.collection("notify_messages").delete_many({})
    desk.db.collection("notify_tallies").delete_many({})
    desk.clock.at, desk.clock.dies_in = NOON, None
    life = Life(desk, Matter(desk))
    for name, value in steps:
        life.step(name, value)
    life.finish()
    life.check()


class Life:
    """A customer's and an agent's messages, through whatever happens; keeps when each one left."""

    def __init__(self, desk: Indoors, matter: Matter) -> None:
        self.desk, self.matter = desk, matter
        self.told: list[Event] = []
        self.left: dict[str, datetime] = {}

    def step(self, name: str, value: Any) -> None:
        with suppress(Crash):  # the next one takes over: a replica, or the same process started again
            self._step(name, value)
        self._note()

    def _step(self, name: str, value: Any) -> None:
        desk, matter = self.desk, self.matter
        if name == "tell":
            said: dict[str, Any] = {
                "reason": "x",
                "cause": "x",
                "fee": 1,
                "amount": "1",
                "currency": "CNY",
                "agent": matter.id,
            }
            self.told.append(matter.event(value, **said))
            desk.store.telling.tell(self.told[-1])
        elif name == "again" and self.told:
            desk.store.telling.tell(self.told[value % len(self.told)])
        elif name == "pass":
            desk.pass_by(minutes=value)
            desk.store.messages.wake(desk.clock.now(), act=desk.store.holding.look)
        elif name == "crash":
            desk.clock.dies_in = value
        elif name == "stop":
            cause = Cause(ref="STOP", key=uuid4().hex)
            desk.store.preferences.opt_out(cause, f"address:{matter.phone}", None, "STOP")
        elif name == "come back":
            cause = Cause(ref="START", key=uuid4().hex)
            desk.store.preferences.opt_in(cause, f"address:{matter.phone}", None, "START")
        elif name == "hear":
            desk.hear()

    def _note(self) -> None:
        """What has left since, and the consumers' word on it: what had none for long would go by another channel."""
        dies_in, self.desk.clock.dies_in = self.desk.clock.dies_in, None
        for one in self.desk.sent():
            if one["message_id"] not in self.left:
                self.left[one["message_id"]] = self.desk.clock.at
                self.desk.delivered(one["message_id"])
        self.desk.clock.dies_in = dies_in

    def finish(self) -> None:
        """What was not acknowledged comes again; then time goes by until nothing waits."""
        self.desk.clock.dies_in = None
        for event in self.told:
            self.desk.store.telling.tell(event)
        for _ in range(60):
            self.desk.pass_by(minutes=130)
            self.desk.wake()
            self.desk.hear()
            self._note()
            if not self.desk.rows(state="held"):
                return
        raise AssertionError("something waits for ever")

    def check(self) -> None:
        rows = {row["_id"]: row for row in self.desk.rows()}
        sent = [one["message_id"] for one in self.desk.sent()]
        assert len(sent) == len(set(sent))
        self._everything_is_told_once(rows)
        for message_id, at in self.left.items():
            row = rows[message_id]
            if row["kind"] == "progress":
                assert 8 <= at.hour < 22, (row["_id"], to_text(at))
        days = [self.left[row["_id"]].date() for row in rows.values() if row["kind"] == "capped" and row["_id"] in sent]
        assert max((days.count(day) for day in days), default=0) <= 2

    def _everything_is_told_once(self, rows: dict[str, dict[str, Any]]) -> None:
        digests = [row for row in rows.values() if row["event"] == "digest"]
        listed = [part for row in digests for part in row.get("parts", ())]
        assert len(listed) == len(set(listed))
        for event in self.told:
            if event.type == "work_reopened":
                continue
            mine = [row for row in rows.values() if row["occurrence"] == event.id]
            by_itself = [row for row in mine if row["_id"] in self.left]
            by_digest = [row for row in mine if row["_id"] in listed]
            assert len(by_itself) + len(by_digest) <= 1, event.id
            assert mine, event.id
            if not by_itself and not by_digest:
                assert {row["state"] for row in mine} <= {"cancelled", "expired", "failed"}, mine
