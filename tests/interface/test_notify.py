"""Notify on the real broker and database, its consumers behind it; intake, dispatch and feedback are feigned."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import yaml

from deploy.catalogue import subscriptions
from services.notify.storage.messages import _query
from shared.client import Client
from shared.clock import SystemClock, to_text
from shared.errors import Forbidden, NotFound, ValidationError
from shared.events import Event
from tests.interface.feigned import Feigned, on_the_bus
from tests.interface.notify.reference import apply
from tests.support import eventually
from tests.unit.notify.builders import CONFIG

ON_SITE = {"zh-CN": "现场处理", "en": "On site"}
LONG_AGO = datetime(2016, 2, 29, 1, 16, tzinfo=UTC)


@pytest.fixture(scope="module")
def desk(stack: Any) -> Client:
    """A system that may submit and read."""
    return stack.client("callcentre")


@pytest.fixture(scope="module")
def operator(stack: Any) -> Client:
    apply(stack)
    return stack.client("operator")


@pytest.fixture(scope="module")
def world(stack: Any, operator: Client) -> Iterator[Feigned]:
    """What the other services would say, heard by notify only."""
    with on_the_bus(stack.admin_amqp_uri, "notify", subscriptions("notify")) as (feigned, _):
        yield feigned


class Matter:
    """A customer with a ticket in a world without intake, dispatch and feedback."""

    def __init__(self, at: datetime | None = None, **customer: Any) -> None:
        self.name = uuid4().hex[:10]
        self.at = at or SystemClock().now()
        self.customer_id, self.ticket_no, self.order_no = f"C-{self.name}", f"T-{self.name}", f"W-{self.name}"
        self.number = 0
        self._customer = {
            "customer_id": self.customer_id,
            "name": "Example Ltd",
            "tier": "standard",
            "language": "en",
            "phone": "+441164960403",
            "email": f"{self.name}@example.com",
            "preferred_channels": [],
            **customer,
        }

    def customer_saved(self, number: int = 1, **changed: Any) -> Event:
        data = self._customer | changed
        return self._event("intake", "customer_saved", self.customer_id, number, data)

    def work(self, event_type: str, **data: Any) -> Event:
        self.number += 1
        common = {
            "order_no": self.order_no,
            "ticket_no": self.ticket_no,
            "customer_id": self.customer_id,
            "type": "fault",
            "category": "network",
            "priority": "P2",
            "team": "network",
            "agent": "agent-17",
            "round": 0,
        }
        return self._event("dispatch", event_type, self.order_no, self.number, common | data)

    def assigned(self, **data: Any) -> Event:
        return self.work("work_assigned", **data)

    def resolved(self) -> Event:
        at = to_text(self.at)
        return self.work("work_resolved", solution="New router 🙂", resolved_at=at, due=at, met=True, language="en")

    def closed(self) -> Event:
        return self.work("work_closed", closed_at=to_text(self.at), outcome="no_answer")

    def missed(self, **data: Any) -> Event:
        return self.work("deadline_missed", **self._deadline(), **data)

    def near(self, share: float) -> Event:
        due = to_text(self.at + timedelta(hours=1))
        return self.work("deadline_near", **{**self._deadline(), "due": due}, share=share)

    def escalated(self, *tell: str, **data: Any) -> Event:
        level = {"level": 2, "tell": tell, "supervisor": "it.super", "duty_manager": None, "why": "missed"}
        return self.work("work_escalated", **{**self._deadline(), **level, **data})

    def _deadline(self) -> dict[str, Any]:
        step = {"clock": "step", "part": "on_site", "visit": 4, "part_name": ON_SITE}
        return {**step, "due": to_text(self.at), "provisional": False}

    def survey(self) -> Event:
        data = {
            "case_no": f"{self.order_no}/0",
            "order_no": self.order_no,
            "ticket_no": self.ticket_no,
            "customer_id": self.customer_id,
            "team": "network",
            "priority": "P2",
            "round": 0,
            "token": self.name,
            "expires_at": to_text(self.at + timedelta(days=5)),
        }
        return self._event("feedback", "survey_due", f"{self.order_no}/0", 1, data)

    def _event(self, source: str, event_type: str, aggregate: str, number: int, data: dict[str, Any]) -> Event:
        return Event(
            id=f"{source}_feigned/{aggregate}/{number}",
            type=event_type,
            source=source,
            aggregate_id=aggregate,
            aggregate_version=number,
            number=number,
            at=self.at,
            recorded_at=SystemClock().now(),
            replay_until=self.at if self.at == LONG_AGO else None,
            data=data,
        )


def a_receipt(message_id: str, state: str, channel: str = "email") -> Event:
    now = SystemClock().now()
    data = {"message_id": message_id, "channel": channel, "state": state, "detail": None, "consumer": "email-consumer"}
    return Event(
        id=f"{message_id}/{state}/{uuid4().hex}",
        type="receipt",
        source="consumers",
        aggregate_id=message_id,
        aggregate_version=1,
        number=1,
        at=now,
        recorded_at=now,
        data=data,
    )


def ledger(desk: Client, matter: Matter, **filters: Any) -> list[dict[str, Any]]:
    page = desk.call("notify", "find_messages", ticket_no=matter.ticket_no, **filters)
    return list(reversed(page["messages"]))


def settled(desk: Client, matter: Matter, count: int, **filters: Any) -> list[dict[str, Any]]:
    """The ticket's messages once there are so many, and all of them have left."""

    def rows() -> list[dict[str, Any]] | None:
        found = ledger(desk, matter, **filters)
        assert len(found) == count, found
        return found if all(row["state"] not in ("queued", "handed_over") for row in found) else None

    return eventually(rows)


def mails_to(stack: Any, address: str) -> list[Any]:
    return [mail for mail in stack.mails() if mail["To"] == address]


def texts_of(stack: Any, message_id: str) -> list[Any]:
    return [text for text in stack.texts() if text["message_id"] == message_id]


def test_an_assignment_is_told_to_the_agents_team_by_mail(stack: Any, world: Feigned, desk: Client) -> None:
    matter = Matter()
    world.tell(matter.assigned())
    (row,) = settled(desk, matter, 1)
    assert (row["recipient"], row["channel"], row["urgency"]) == ("agent:agent-17", "email", "urgent")
    assert (row["state"], row["to"], row["template"]) == ("sent", "service-desk@example.com", "work_assigned")
    assert [m for m in stack.mails() if row["message_id"] in m["Message-ID"]]


def test_every_warning_and_the_miss_are_told_by_themselves(world: Feigned, desk: Client) -> None:
    matter = Matter()
    for event in (lambda: matter.near(0.5), lambda: matter.near(0.8), matter.missed):
        world.tell(event())
        matter.at += timedelta(hours=1)
    rows = settled(desk, matter, 3)
    assert sorted(row["template"] for row in rows) == ["deadline_missed", "deadline_near", "deadline_near"]
    assert {row["recipient"] for row in rows} == {"agent:agent-17"}
    texts = [desk.call("notify", "get_message", message_id=row["message_id"])["content"]["text"] for row in rows]
    assert [share for share in ("50%", "80%") if any(share in text for text in texts)] == ["50%", "80%"]
    assert all("环节“现场处理”" in text for text in texts)


def test_an_escalation_goes_to_whom_it_names_and_once_to_each(world: Feigned, desk: Client) -> None:
    matter = Matter()
    at_the_miss = matter.escalated("owner", "supervisor", "duty_manager")
    world.tell(matter.missed(), at_the_miss, at_the_miss)
    told = settled(desk, matter, 3)
    assert sorted(row["recipient"] for row in told) == ["agent:agent-17", "duty_manager:network", "supervisor:network"]
    matter.at += timedelta(hours=1)
    world.tell(matter.escalated("owner", level=3))
    assert settled(desk, matter, 4)[-1]["recipient"] == "agent:agent-17"


def test_a_change_of_course_is_told_to_whom_it_concerns(world: Feigned, desk: Client) -> None:
    matter = Matter()
    step = {"step": "on_site", "visit": 4, "step_name": ON_SITE}
    world.tell(
        matter.assigned(held=False, **step),
        matter.work("work_prioritised", **{"from": "P3", "to": "P2"}, reason="a whole district", by="actor"),
        matter.work("step_skipped", **step, reason="done by phone", missed=True),
        matter.work("work_rerouted", from_steps=["triage"], to="on_site", to_name=ON_SITE, reason="not software"),
        matter.work("step_opened", **step, due=None),
        matter.work("work_queued", **step, agent=None, need="network#expert"),
        matter.work("fee_recorded", fee=1, step="fee", amount="120.00", currency="CNY"),
        matter.work("deadline_moved", clock="resolution", **{"from": None, "to": None}, why="horizon"),
    )
    rows = settled(desk, matter, 5)
    assert sorted((row["template"], row["recipient"]) for row in rows) == [
        ("step_skipped", "supervisor:network"),
        ("work_assigned", "agent:agent-17"),
        ("work_prioritised", "agent:agent-17"),
        ("work_queued", "team:network"),
        ("work_rerouted", "supervisor:network"),
    ]


def test_what_happens_among_people_is_told_to_whom_it_concerns(world: Feigned, desk: Client) -> None:
    matter = Matter()
    step = {"step": "on_site", "visit": 4, "step_name": ON_SITE}
    held = {"reason": "other", "reason_name": {}, "since": to_text(LONG_AGO), "limit_at": to_text(matter.at)}
    world.tell(
        matter.work("work_lapsed", **step, offers=1),
        matter.work("work_lapsed", **step, offers=3),
        matter.work("work_declined", **step, reason="I know the customer"),
        matter.work("work_stranded", **step, agent=None, need="network", cause="shift, capacity"),
        matter.work("work_handed_over", **step, from_agent="agent-18", principal="agent-18", why="stands_in"),
        matter.work("work_urged", count=3, by="customer", note=None, tell=["owner", "supervisor"]),
        matter.work("work_intervened", reason="in circles", instruction="call today"),
        matter.work("work_held_long", **held),
        matter.work("work_deescalated", **{"from": 2}, level=0, tell=["duty_manager"], why="done"),
        matter.work("mass_incident_declared", eta=None, match=None, reason="a cable"),
        matter.missed(watchers=["desk.02", "agent-17"]),
    )
    rows = settled(desk, matter, 13)
    assert sorted((row["template"], row["recipient"]) for row in rows) == [
        ("deadline_missed", "agent:agent-17"),
        ("mass_incident_declared", "duty_manager:network"),
        ("mass_incident_declared", "team:network"),
        ("watched_missed", "agent:desk.02"),
        ("work_declined", "supervisor:network"),
        ("work_deescalated", "duty_manager:network"),
        ("work_handed_over", "agent:agent-17"),
        ("work_held_long", "agent:agent-17"),
        ("work_intervened", "agent:agent-17"),
        ("work_lapsed", "supervisor:network"),
        ("work_stranded", "duty_manager:network"),
        ("work_urged", "agent:agent-17"),
        ("work_urged", "supervisor:network"),
    ]


def test_a_late_reporter_is_told_the_eta_of_the_mass_incident(stack: Any, world: Feigned, desk: Client) -> None:
    matter = Matter(email=None)
    parent = {"parent_no": "W-1", "parent_ticket_no": "T-1", "eta": to_text(LONG_AGO), "eta_note": None}
    world.tell(matter.customer_saved(), matter.work("work_linked", **parent, reason="the same cable"))
    settled(desk, matter, 1)  # heard of the other one first, it would be obsolete
    world.tell(matter.work("work_eta_announced", eta=None, note="It takes longer.", parent_no="W-1"))
    rows = {row["event"]: texts_of(stack, row["message_id"])[0]["text"] for row in settled(desk, matter, 2)}
    assert "expected to be over by Feb 29, 2016 09:16" in rows["work_linked"]
    assert rows["work_eta_announced"].endswith("we cannot say yet how long. It takes longer.")


def test_a_shift_log_is_told_to_its_team_and_is_about_no_ticket(world: Feigned, desk: Client) -> None:
    matter = Matter()
    team, at = f"team-{matter.name}", to_text(matter.at)
    left = {"counts": {"open": 2, "near": 1, "missed": 0, "queued": 2}, "notes": 1}
    data = {"team": team, "log_id": f"{team}/{at}", "ended_at": at, "shifts": ["early"], "to": [], "next_at": None}
    log = matter._event("dispatch", "shift_log_written", data["log_id"], 1, data | left)
    world.tell(log, log)
    (row,) = eventually(lambda: desk.call("notify", "find_messages", recipient=f"team:{team}")["messages"])
    assert (row["template"], row["ticket_no"], row["order_no"]) == ("shift_log_written", "", "")
    assert "未完工单 2 件" in desk.call("notify", "get_message", message_id=row["message_id"])["content"]["text"]


def test_a_customer_is_told_of_resolution_survey_and_closing(stack: Any, world: Feigned, desk: Client) -> None:
    matter = Matter()
    world.tell(matter.customer_saved(), matter.resolved(), matter.survey(), matter.closed())
    rows = {row["event"]: row for row in settled(desk, matter, 3)}
    assert {event: row["channel"] for event, row in rows.items()} == {
        "work_resolved": "email",
        "survey_due": "sms",
        "work_closed": "email",
    }
    assert {row["state"] for row in rows.values()} == {"sent"}
    assert len(mails_to(stack, f"{matter.name}@example.com")) == 2
    (text,) = texts_of(stack, rows["survey_due"]["message_id"])
    assert f"https://desk.example.com/survey/{matter.name}" in text["text"]


def test_a_customer_without_mail_is_told_by_the_fallback(stack: Any, world: Feigned, desk: Client) -> None:
    matter = Matter(email=None)
    world.tell(matter.customer_saved(), matter.resolved())
    (row,) = settled(desk, matter, 1)
    assert (row["channel"], row["state"]) == ("sms", "sent")
    assert "New router 🙂" in texts_of(stack, row["message_id"])[0]["text"]


def test_a_customer_without_any_address_is_a_failed_row(world: Feigned, desk: Client) -> None:
    matter = Matter(email=None, phone=None)
    world.tell(matter.customer_saved(), matter.closed())
    (row,) = settled(desk, matter, 1)
    assert (row["state"], row["detail"], row["to"]) == ("failed", "no_address", None)


def test_every_event_twice_and_shuffled_tells_nobody_twice(stack: Any, world: Feigned, desk: Client) -> None:
    matter = Matter()
    world.tell(matter.customer_saved())
    escalated = matter.escalated("supervisor")
    events = [matter.assigned(), matter.missed(), escalated, matter.resolved(), matter.survey(), matter.closed()] * 2
    random.Random(7).shuffle(events)
    world.tell(*events)
    rows = settled(desk, matter, 6)
    assert {row["state"] for row in rows} == {"sent"}
    handled = ("notify.dispatch.", "notify.feedback.", "notify.email.", "notify.sms.")
    eventually(lambda: not [name for name, left in stack.queues().items() if name.startswith(handled) and left])
    assert len(ledger(desk, matter)) == 6
    assert len(mails_to(stack, f"{matter.name}@example.com")) == 2
    (survey,) = [row for row in rows if row["channel"] == "sms"]
    assert len(texts_of(stack, survey["message_id"])) == 1


def test_an_event_that_comes_before_its_customer_waits_for_it(world: Feigned, desk: Client) -> None:
    matter = Matter()
    world.tell(matter.closed())
    world.tell(matter.customer_saved())
    assert settled(desk, matter, 1)[0]["state"] == "sent"


def test_the_newest_word_of_a_customer_counts(stack: Any, world: Feigned, desk: Client) -> None:
    matter = Matter()
    newest = matter.customer_saved(3, email=f"new-{matter.name}@example.com")
    world.tell(newest, matter.customer_saved(2), matter.customer_saved(1))
    eventually(lambda: not stack.ready("notify.intake.customer_saved.keep_customer"))
    world.tell(matter.closed())
    assert settled(desk, matter, 1)[0]["to"] == f"new-{matter.name}@example.com"


def test_messages_of_a_replay_are_written_and_sent(world: Feigned, desk: Client) -> None:
    matter = Matter(at=LONG_AGO)
    world.tell(matter.customer_saved(), matter.resolved())
    (row,) = settled(desk, matter, 1)
    assert (row["created_at"], row["state"]) == ("2016-02-29T01:16:00.000Z", "sent")
    assert row["expires_at"] > to_text(SystemClock().now())


def test_nobody_is_hurried_by_a_replay_of_what_is_long_over(world: Feigned, desk: Client) -> None:
    matter = Matter(at=LONG_AGO)
    world.tell(matter.missed(), matter.assigned())
    ids = [row["message_id"] for row in settled(desk, matter, 2)]
    texts = [desk.call("notify", "get_message", message_id=one)["content"]["text"] for one in ids]
    assert ["补录" in text for text in texts] == [True, True]


def test_a_message_shows_its_texts_and_its_whole_history(world: Feigned, desk: Client) -> None:
    matter = Matter(name="示例 <客户>")
    world.tell(matter.customer_saved(), matter.closed())
    (row,) = settled(desk, matter, 1)
    message = desk.call("notify", "get_message", message_id=row["message_id"])
    assert message["content"]["subject"] == f"Your ticket {matter.ticket_no} is closed"
    assert "示例 <客户>" in message["content"]["text"]
    assert "示例 &lt;客户&gt;" in message["content"]["html"]
    told = [(entry["number"], entry["type"]) for entry in message["history"]]
    assert told == [(1, "message_queued"), (2, "message_handed_over"), (3, "message_sent")]
    assert message["history"][2]["data"]["consumer"] == "email-consumer"


def test_receipts_in_any_order_and_twice_end_in_what_knows_most(world: Feigned, desk: Client) -> None:
    matter = Matter()
    world.tell(matter.assigned())
    (row,) = settled(desk, matter, 1)
    delivered = a_receipt(row["message_id"], "delivered")
    world.tell(delivered, a_receipt(row["message_id"], "sent"), delivered, a_receipt(row["message_id"], "unknown"))

    def history() -> Any:
        message = desk.call("notify", "get_message", message_id=row["message_id"])
        return message if len(message["history"]) == 6 else None

    message = eventually(history)
    assert message["state"] == "delivered"
    assert sum(entry["type"] == "message_delivered" for entry in message["history"]) == 1


def test_receipts_that_fit_no_message_are_dropped(stack: Any, world: Feigned, desk: Client) -> None:
    matter = Matter()
    world.tell(matter.assigned())
    (row,) = settled(desk, matter, 1)
    dropped = [a_receipt("nosuch", "sent"), a_receipt(row["message_id"], "failed", channel="sms")]
    world.tell(*dropped)
    eventually(lambda: all(one.id in stack.log_text("notify-worker") for one in dropped))
    assert ledger(desk, matter)[0]["state"] == "sent"
    assert [body for body in stack.parked("notify") if b"nosuch" in body or row["message_id"].encode() in body] == []


def test_messages_are_found_by_any_combination_of_filters_in_pages(world: Feigned, desk: Client) -> None:
    matter = Matter()
    world.tell(matter.customer_saved())
    world.tell(*(matter.closed() for _ in range(5)), matter.survey(), matter.missed(), matter.escalated("supervisor"))
    rows = settled(desk, matter, 8)
    assert len(settled(desk, matter, 5, template="work_closed")) == 5
    assert len(ledger(desk, matter, channel="sms")) == 1
    assert len(ledger(desk, matter, recipient="supervisor:network")) == 1
    assert ledger(desk, matter, state="failed") == []
    assert len(desk.call("notify", "find_messages", customer_id=matter.customer_id)["messages"]) == 6

    paged, after = [], None
    while after is not None or not paged:
        page = desk.call("notify", "find_messages", ticket_no=matter.ticket_no, limit=3, after=after)
        paged, after = paged + page["messages"], page["next"]
    assert [row["message_id"] for row in paged] == [row["message_id"] for row in reversed(rows)]


def test_the_newest_messages_of_all_come_first(world: Feigned, desk: Client) -> None:
    newer = Matter()
    older = Matter(at=newer.at - timedelta(seconds=1))
    world.tell(newer.assigned(), older.assigned())
    for matter in (newer, older):
        settled(desk, matter, 1)
    found = [row["ticket_no"] for row in desk.call("notify", "find_messages", limit=200)["messages"]]
    assert found.index(newer.ticket_no) < found.index(older.ticket_no)


@pytest.mark.parametrize(
    "filters",
    [
        {},
        {"state": "failed"},
        {"channel": "sms"},
        {"template": "survey_due"},
        {"template": "survey_due", "state": "sent"},
        {"ticket_no": "T-1", "state": "sent"},
        {"customer_id": "C-1", "channel": "sms"},
    ],
)
def test_every_list_is_read_in_order_from_an_index(stack: Any, filters: dict[str, Any]) -> None:
    wanted, index = _query(filters)
    rows = stack.database["notify_messages"].find(wanted).hint(index).sort("_id", -1).limit(51)
    plan = str(rows.explain()["queryPlanner"]["winningPlan"])
    assert "COLLSCAN" not in plan
    assert "'stage': 'SORT'" not in plan


@pytest.mark.parametrize(
    ("field", "filters"),
    [
        ("state", {"state": "lost"}),
        ("limit", {"limit": "many"}),
        ("ticket_no", {"ticket_no": {"$gt": ""}}),
        ("nosuch", {"nosuch": "x"}),
    ],
)
def test_a_bad_search_is_refused_by_field(desk: Client, field: str, filters: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        desk.call("notify", "find_messages", **filters)
    assert field in refused.value.fields


def test_an_unknown_message_is_not_found(desk: Client) -> None:
    with pytest.raises(NotFound):
        desk.call("notify", "get_message", message_id="nosuch")


def test_only_operators_change_who_is_told(desk: Client) -> None:
    with pytest.raises(Forbidden):
        desk.call("notify", "apply_reference", body={}, request_id=uuid4().hex)


def test_a_template_with_a_fault_is_refused_by_its_place_and_nothing_changes(operator: Client) -> None:
    body = yaml.safe_load(CONFIG.read_text())
    body["templates"]["work_closed"]["email"]["en"]["html"] = "{{ ticket_nr }}"
    before = operator.call("notify", "get_reference")
    for method, more in (("check_reference", {}), ("apply_reference", {"request_id": uuid4().hex})):
        with pytest.raises(ValidationError) as refused:
            operator.call("notify", method, body=body, **more)
        assert refused.value.fields == {"templates.work_closed.email.en.html": ["unknown variable 'ticket_nr'"]}
    assert operator.call("notify", "get_reference") == before


def test_the_same_reference_again_is_the_same_version(operator: Client) -> None:
    body = operator.call("notify", "get_reference")["body"]
    first = operator.call("notify", "apply_reference", body=body, request_id=uuid4().hex)
    again = operator.call("notify", "apply_reference", body=body, request_id=uuid4().hex)
    assert first["version"] == again["version"]
    assert not again["changed"]
