"""Intake's entrypoints on the real broker and database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import combinations, count
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

import pytest
import yaml
from pymongo import DESCENDING

from deploy.catalogue import subscriptions
from services.intake.listing import query
from shared.client import Client, Request
from shared.errors import Conflict, Forbidden, IllegalMove, NotFound, ValidationError
from shared.events import Event
from tests.interface.feigned import Ear, Feigned, on_the_bus
from tests.support import Stack, eventually

CONFIG = Path(__file__).parents[2] / "deploy" / "config" / "intake.yaml"
_PHONES = count(1000)
LONG_AGO = datetime(2016, 2, 29, 1, 16, tzinfo=UTC)
CONTACT = {
    "channel": "phone",
    "subject": "断网了 😡",
    "text": "第一行\n\tзвонок 👩🏽‍🔧 תודה",
    "type": "fault",
    "category": "network",
    "impact": "high",
    "urgency": "medium",
}


@pytest.fixture(scope="module")
def importer(stack: Stack) -> Client:
    client = stack.client("importer")
    body = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    client.command("intake", "apply_reference", body=body)
    in_force = lambda: client.call("intake", "get_reference")["body"] == body  # noqa: E731
    eventually(in_force)
    customer = client.command("intake", "save_customer", name="Probe")["customer_id"]
    # every replica trusts what it read of the reference data for up to a second
    eventually(lambda: client.command("intake", "submit_ticket", customer_id=customer, **CONTACT))
    return client


@pytest.fixture
def customer(importer: Client) -> str:
    saved = importer.command("intake", "save_customer", name="示例客户", phone=_a_phone(), tier="gold")
    return str(saved["customer_id"])


@pytest.fixture
def ticket(importer: Client, customer: str) -> dict[str, Any]:
    return dict(importer.command("intake", "submit_ticket", customer_id=customer, **CONTACT))


@pytest.fixture(scope="module")
def bus(stack: Stack) -> Iterator[tuple[Feigned, Ear]]:
    """A feigned dispatch that only intake hears, and an ear on intake."""
    with on_the_bus(stack.admin_amqp_uri, "intake", subscriptions("intake")) as both:
        yield both


def _a_phone() -> str:
    """A number that is valid in form; each call another, and no other module's."""
    return f"+1202555{next(_PHONES)}"


def _an_email() -> str:
    return f"{uuid4().hex}@example.com"


def _news(ticket: dict[str, Any], kind: str, number: int, **data: Any) -> Event:
    """What dispatch would tell of the ticket's work order as its fact `number`."""
    order_no = ticket["ticket_no"].replace("T-", "W-")
    at = datetime.fromisoformat(ticket["created_at"]) + timedelta(seconds=number)
    data = {"order_no": order_no, "ticket_no": ticket["ticket_no"], "agent": "A-1", "round": 0, **data}
    return Event(
        id=f"dispatch_orders/{order_no}/{number}",
        type=kind,
        source="dispatch",
        aggregate_id=order_no,
        aggregate_version=number,
        number=number,
        at=at,
        recorded_at=at,
        data=data,
    )


def test_customer_is_created_and_changed_field_by_field(importer: Client) -> None:
    phone, email = _a_phone(), _an_email()
    made = importer.command("intake", "save_customer", name="示例客户", phone=phone, email=email, language="en")
    home = {"area": "north", "household": "H-1", "time_zone": "Asia/Shanghai", "dates": {"birthday": "1984-02-29"}}
    importer.command(
        "intake", "save_customer", customer_id=made["customer_id"], phone=None, preferred_channels=["email"], **home
    )
    assert importer.call("intake", "get_customer", customer_id=made["customer_id"]) == {
        "customer_id": made["customer_id"],
        "name": "示例客户",
        "tier": "standard",
        "language": "en",
        "phone": None,
        "email": email,
        "preferred_channels": ["email"],
        **home,
        "version": 2,
    }


def test_ticket_comes_back_as_it_was_submitted(importer: Client, customer: str) -> None:
    made = importer.command("intake", "submit_ticket", customer_id=customer, occurred_at=LONG_AGO, **CONTACT)
    got = importer.call("intake", "get_ticket", ticket_no=made["ticket_no"])
    assert {name: got[name] for name in CONTACT} == CONTACT
    assert (got["priority"], got["status"], got["customer_id"]) == ("P2", "submitted", customer)
    assert got["occurred_at"] == "2016-02-29T01:16:00.000Z"
    assert got["history"][0]["type"] == "ticket_submitted"


def test_same_request_makes_one_ticket_and_gives_the_same_answer(importer: Client, customer: str, stack: Stack) -> None:
    request = Request.command("intake", "submit_ticket", customer_id=customer, **CONTACT)
    first, *others = importer.call_many([request] * 10)
    assert others == [first] * 9
    assert stack.database["intake_tickets"].count_documents({"customer_id": customer}) == 1
    with pytest.raises(Conflict):
        importer.call("intake", "submit_ticket", **{**request.fields, "subject": "something else"})


def test_ticket_numbers_are_never_drawn_twice(importer: Client, customer: str) -> None:
    requests = [Request.command("intake", "submit_ticket", customer_id=customer, **CONTACT) for _ in range(300)]
    numbers = [answer["ticket_no"] for answer in importer.call_many(requests)]
    assert len(set(numbers)) == 300
    assert all(number.startswith("T-") and len(number) < 12 for number in numbers)


def test_first_contact_makes_a_customer_whom_the_next_one_finds(importer: Client) -> None:
    phone, email = _a_phone(), _an_email()
    known = []
    for addresses in ({"phone": phone, "email": email}, {"phone": phone}, {"email": email}):
        contact = {**CONTACT, "customer": {"name": "Caller", **addresses}}
        known.append(importer.command("intake", "submit_ticket", **contact)["customer_id"])
    assert len(set(known)) == 1
    assert importer.call("intake", "get_customer", customer_id=known[0])["email"] == email


def test_contacts_of_one_new_address_at_once_make_one_customer(importer: Client, stack: Stack) -> None:
    email = _an_email()
    contact = {**CONTACT, "customer": {"name": "Caller", "email": email}}
    answers = importer.call_many([Request.command("intake", "submit_ticket", **contact) for _ in range(20)])
    assert len({answer["customer_id"] for answer in answers}) == 1
    assert stack.database["intake_customers"].count_documents({"email": email}) == 1


def test_one_mailbox_is_one_customer_however_it_is_written(importer: Client, stack: Stack) -> None:
    email = _an_email()
    spellings = [email, email.upper(), email.title()] * 7
    asked = [{**CONTACT, "customer": {"name": "Caller", "email": spelling}} for spelling in spellings]
    answers = importer.call_many([Request.command("intake", "submit_ticket", **contact) for contact in asked])
    assert len({answer["customer_id"] for answer in answers}) == 1
    assert stack.database["intake_customers"].count_documents({"claim": email}) == 1


def test_customers_from_before_that_have_one_mailbox_between_them_are_one_for_what_comes_in(
    importer: Client, stack: Stack
) -> None:
    email = _an_email()
    made = [
        importer.command("intake", "save_customer", name="Caller", email=spelling)["customer_id"]
        for spelling in (email.upper(), email, email.title())
    ]
    found = [
        importer.command("intake", "submit_ticket", **CONTACT, customer={"name": "Caller", "email": spelling})
        for spelling in (email, email.upper())
    ]
    assert [answer["customer_id"] for answer in found] == [min(made)] * 2
    # alike for the index, another mailbox for all that
    strasse = [f"stra{sharp}e{email}" for sharp in ("ss", "\u00df")]
    two = [
        importer.command("intake", "submit_ticket", **CONTACT, customer={"name": "Caller", "email": spelling})
        for spelling in strasse
    ]
    assert len({answer["customer_id"] for answer in two}) == 2


def test_refused_contact_leaves_nothing_behind(importer: Client, stack: Stack) -> None:
    email = _an_email()
    with pytest.raises(ValidationError) as refused:
        importer.command(
            "intake",
            "submit_ticket",
            **{**CONTACT, "category": "plumbing"},
            customer={"name": "Caller", "email": email},
        )
    assert list(refused.value.fields) == ["category"]
    assert stack.database["intake_customers"].count_documents({"email": email}) == 0
    with pytest.raises(NotFound):
        importer.command("intake", "submit_ticket", customer_id="C-nobody", **CONTACT)


@pytest.mark.parametrize(
    ("field", "value"),
    [("subject", "nul \x00"), ("type", {"$gt": ""}), ("$where", "1"), ("a.b", 1), ("occurred_at", "29-02-2016")],
)
def test_bad_input_is_refused_by_the_name_of_the_field(importer: Client, customer: str, field: str, value: Any) -> None:
    with pytest.raises(ValidationError) as refused:
        importer.command("intake", "submit_ticket", **{**CONTACT, "customer_id": customer, field: value})
    assert list(refused.value.fields) == [field]


def test_what_a_caller_knows_beside_is_shown_and_told_with_the_customers_language(
    importer: Client, bus: tuple[Feigned, Ear]
) -> None:
    mass = importer.command("intake", "submit_ticket", **CONTACT, customer={"name": "First", "email": _an_email()})
    known = {"confidence": 0.4, "sensitive": True, "wanted_agent": "a1", "complained_of": "a2"}
    known["incident"] = mass["ticket_no"]
    new = {"name": "Caller", "email": _an_email(), "language": "en"}

    made = [importer.command("intake", "submit_ticket", **CONTACT, **known, customer=new) for _ in range(2)]

    for ticket_no in (one["ticket_no"] for one in made):  # the second's customer is known by then
        assert known.items() <= importer.call("intake", "get_ticket", ticket_no=ticket_no).items()
        (told,) = eventually(lambda no=ticket_no: bus[1].heard("ticket_submitted", ticket_no=no))
        assert {**known, "language": "en"}.items() <= told.data.items()


def test_a_mass_incident_is_named_by_a_ticket_that_there_is(importer: Client, stack: Stack) -> None:
    email = _an_email()

    with pytest.raises(NotFound) as refused:
        importer.command(
            "intake", "submit_ticket", **CONTACT, incident="T-999999", customer={"name": "Caller", "email": email}
        )

    assert refused.value.details == {"what": "ticket", "key": "T-999999", "field": "incident"}
    assert stack.database["intake_customers"].count_documents({"email": email}) == 0


def test_urging_is_told_and_refused_once_it_is_over(importer: Client, ticket: dict[str, Any], bus: Any) -> None:
    ticket_no = ticket["ticket_no"]

    importer.command("intake", "urge_ticket", ticket_no=ticket_no, note="It is cold here")

    (told,) = eventually(lambda: bus[1].heard("ticket_urged", ticket_no=ticket_no))
    assert told.data["note"] == "It is cold here"
    with pytest.raises(IllegalMove, match="may be urged again at") as refused:
        importer.command("intake", "urge_ticket", ticket_no=ticket_no)
    assert (refused.value.details["rule"], "again_at" in refused.value.details) == ("urge", True)
    importer.command("intake", "withdraw_ticket", ticket_no=ticket_no, reason="moved out")
    with pytest.raises(IllegalMove, match="is withdrawn"):
        importer.command("intake", "urge_ticket", ticket_no=ticket_no)


def test_tier_of_the_customer_is_told_with_the_ticket(importer: Client, bus: tuple[Feigned, Ear]) -> None:
    known = importer.command("intake", "save_customer", name="Caller", tier="gold")["customer_id"]
    new = {"name": "Caller", "email": _an_email(), "tier": "silver"}
    made = [importer.command("intake", "submit_ticket", **CONTACT, customer_id=known)]
    made += [importer.command("intake", "submit_ticket", **CONTACT, customer=new) for _ in range(2)]
    importer.command("intake", "save_customer", customer_id=known, tier="standard")

    def tier_of(ticket_no: str) -> str:
        (submitted,) = eventually(lambda: bus[1].heard("ticket_submitted", ticket_no=ticket_no))
        return str(submitted.data["tier"])

    assert [tier_of(one["ticket_no"]) for one in made] == ["gold", "silver", "silver"]
    # every replica trusts what it read of a customer for up to a second
    again = lambda: importer.command("intake", "submit_ticket", **CONTACT, customer_id=known)["ticket_no"]  # noqa: E731
    eventually(lambda: tier_of(again()) == "standard")


def test_account_without_permission_may_only_read(stack: Stack, ticket: dict[str, Any]) -> None:
    operator = stack.client("operator")
    assert operator.call("intake", "get_ticket", ticket_no=ticket["ticket_no"])["status"] == "submitted"
    with pytest.raises(Forbidden):
        operator.command("intake", "add_note", ticket_no=ticket["ticket_no"], text="hello")


def test_note_is_added_to_the_history(importer: Client, ticket: dict[str, Any]) -> None:
    importer.command("intake", "add_note", ticket_no=ticket["ticket_no"], text="please call ☎️", actor="agent 7")
    entries = importer.call("intake", "get_ticket", ticket_no=ticket["ticket_no"])["history"]
    (note,) = (entry for entry in entries if entry["type"] == "note_added")
    assert (note["data"], note["actor"]) == ({"text": "please call ☎️"}, "agent 7")


def test_ticket_is_withdrawn_once(importer: Client, ticket: dict[str, Any]) -> None:
    answer = importer.command("intake", "withdraw_ticket", ticket_no=ticket["ticket_no"], reason="it works again")
    assert answer["status"] == "withdrawn"
    with pytest.raises(IllegalMove):
        importer.command("intake", "withdraw_ticket", ticket_no=ticket["ticket_no"], reason="again")


def test_stale_version_is_refused(importer: Client, ticket: dict[str, Any]) -> None:
    note = {"ticket_no": ticket["ticket_no"], "text": "first"}
    importer.command("intake", "add_note", **note)
    with pytest.raises(Conflict):
        importer.command("intake", "add_note", **note, expected_version=1)


def test_ticket_is_found_by_the_callers_own_number(importer: Client, customer: str) -> None:
    number = f"INC{uuid4().hex[:12]}"
    contact = {**CONTACT, "customer_id": customer, "reference": number}
    made = [importer.command("intake", "submit_ticket", **contact)["ticket_no"] for _ in range(2)]
    other = importer.command("intake", "submit_ticket", **{**contact, "reference": f"{number}-b"})["ticket_no"]
    found = importer.call("intake", "find_tickets", reference=number)["tickets"]
    assert [(ticket["ticket_no"], ticket["reference"]) for ticket in found] == [(no, number) for no in made[::-1]]
    assert other not in made
    assert importer.call("intake", "get_ticket", ticket_no=other)["reference"] == f"{number}-b"
    assert importer.call("intake", "find_tickets", reference=number, status="closed")["tickets"] == []


def test_priority_and_step_follow_the_work(importer: Client, ticket: dict[str, Any], bus: tuple[Feigned, Ear]) -> None:
    on_site, survey = {"zh-CN": "现场处理", "en": "On site"}, {"zh-CN": "勘察", "en": "Survey"}
    held = {"zh-CN": "等待备件", "en": "Waiting for parts"}
    news = [
        _news(ticket, "step_opened", 101, step="survey", visit=1, step_name=survey, due=None),
        _news(ticket, "work_prioritised", 102, **{"from": "P2", "to": "P1", "reason": "between us", "by": "actor"}),
        _news(ticket, "work_held", 103, reason="waiting_for_parts", reason_name=held, note="between us"),
        _news(ticket, "work_resumed", 104),
        _news(ticket, "step_opened", 105, step="on_site", visit=2, step_name=on_site, due=None),
        _news(ticket, "work_prioritised", 106, **{"from": "P1", "to": "P3", "reason": "between us", "by": "actor"}),
        _news(ticket, "step_opened", 107, step="bill", visit=3, step_name=None, due=None),
        _news(ticket, "step_completed", 108, step="bill", visit=3, step_name=None, due=None, met=None),
        _news(ticket, "work_assigned", 109),
        _news(ticket, "work_assigned", 110),
    ]
    twice = news * 2
    Random(7).shuffle(twice)
    bus[0].tell(*twice)
    got = lambda: importer.call("intake", "get_ticket", ticket_no=ticket["ticket_no"])  # noqa: E731
    on_bill = lambda now: now["status"] != "assigned" or now["progress"]["step"] == "bill"  # noqa: E731
    own = lambda now: [entry for entry in now["history"] if entry["data"].get("number", 0) > 100]  # noqa: E731
    now = eventually(lambda: (found := got()) and len(own(found)) == 7 and not on_bill(found) and found)
    assert (now["priority"], now["progress"]["step"], now["progress"]["step_name"]) == ("P3", "on_site", "现场处理")
    assert [entry["type"] for entry in own(now)] == [
        "step_begun",
        "priority_changed",
        "status_changed",
        "status_changed",
        "step_begun",
        "priority_changed",
        "step_begun",
    ]
    assert own(now)[2]["data"]["reason_name"] == "等待备件"
    assert "between us" not in str(now)


def test_ticket_follows_news_that_come_twice_and_in_any_order(
    importer: Client, ticket: dict[str, Any], bus: tuple[Feigned, Ear]
) -> None:
    news = [
        _news(ticket, "work_assigned", 101),
        _news(ticket, "work_held", 102, reason="waiting for parts"),
        _news(ticket, "work_resumed", 103),
        _news(ticket, "work_resolved", 104, solution="换了网线"),
        _news(ticket, "work_reopened", 105, reason="still slow"),
        _news(ticket, "work_assigned", 106, round=1),
        _news(ticket, "work_resolved", 107, solution="new router", round=1),
        _news(ticket, "work_closed", 108, outcome="satisfied", round=1),
    ]
    twice = news * 2
    Random(7).shuffle(twice)
    bus[0].tell(*twice)

    def told() -> list[tuple[str, Any]]:
        now = importer.call("intake", "get_ticket", ticket_no=ticket["ticket_no"])
        assert now["status"] == "closed"
        entries = [entry["data"] for entry in now["history"] if entry["data"].get("number", 0) > 100]
        assert len(entries) == 8
        return [(entry["status"], entry.get("solution") or entry.get("reason")) for entry in entries]

    assert eventually(told) == [
        ("assigned", None),
        ("on_hold", "waiting for parts"),
        ("assigned", None),
        ("resolved", "换了网线"),
        ("reopened", "still slow"),
        ("assigned", None),
        ("resolved", "new router"),
        ("closed", None),
    ]
    assert importer.call("intake", "get_ticket", ticket_no=ticket["ticket_no"])["order_no"] is not None


def test_ticket_follows_triage_and_the_mass_incident_that_it_is_part_of(
    importer: Client, ticket: dict[str, Any], bus: tuple[Feigned, Ear]
) -> None:
    parent = {"parent_no": "W-1", "parent_ticket_no": "T-1", "reason": "between us"}
    to = {"type": "complaint", "category": "network", "priority": "P1", "team": "it"}
    news = [
        _news(ticket, "work_triaged", 101, **{"from": to | {"priority": "P3"}}, to=to, reasons="between us"),
        _news(ticket, "step_opened", 102, step="survey", visit=1, step_name=None, due=None),
        _news(ticket, "work_linked", 103, **parent, eta="2026-03-02T12:00:00.000Z", eta_note="a cable"),
        _news(ticket, "work_eta_announced", 104, eta="2026-03-02T13:00:00.000Z", note=None, parent_no="W-1"),
    ]
    twice = news * 2
    Random(7).shuffle(twice)
    bus[0].tell(*twice)

    def told(most: int) -> dict[str, Any]:
        now = importer.call("intake", "get_ticket", ticket_no=ticket["ticket_no"])
        own = [entry for entry in now["history"] if entry["data"].get("number", 0) > 100]
        assert len(own) == most
        assert "between us" not in str(now)
        return {**now, "own": [entry["type"] for entry in own]}

    now = eventually(lambda: told(4))
    assert now["own"] == ["triaged", "step_begun", "linked_to_incident", "eta_announced"]
    assert (now["type"], now["priority"], now["status"], now["progress"]) == ("complaint", "P1", "assigned", None)
    assert (now["eta"], now["eta_note"]) == ("2026-03-02T13:00:00.000Z", None)

    bus[0].tell(_news(ticket, "work_unlinked", 105, agent=None, parent_no="W-1", reason="between us"))
    now = eventually(lambda: told(5))
    assert (now["status"], now["eta"]) == ("assigned", None)


def test_work_that_dispatch_stopped_withdraws_the_ticket(
    importer: Client, ticket: dict[str, Any], bus: tuple[Feigned, Ear]
) -> None:
    bus[0].tell(_news(ticket, "work_withdrawn", 101, reason="by mistake"))
    got = lambda: importer.call("intake", "get_ticket", ticket_no=ticket["ticket_no"])  # noqa: E731
    eventually(lambda: got()["status"] == "withdrawn")


def test_replayed_ticket_goes_live_by_an_account_that_may_backdate(
    importer: Client, stack: Stack, customer: str
) -> None:
    ticket_no = importer.command("intake", "submit_ticket", customer_id=customer, at=LONG_AGO, **CONTACT)["ticket_no"]
    replayed = importer.call("intake", "get_ticket", ticket_no=ticket_no)
    assert (replayed["created_at"], replayed["replay_until"]) == ("2016-02-29T01:16:00.000Z",) * 2
    with pytest.raises(Forbidden):
        stack.client("callcentre").command("intake", "end_replay", ticket_no=ticket_no)
    importer.command("intake", "end_replay", ticket_no=ticket_no)
    assert importer.call("intake", "get_ticket", ticket_no=ticket_no)["replay_until"] is None
    with pytest.raises(IllegalMove):
        importer.command("intake", "end_replay", ticket_no=ticket_no)


def test_pages_are_newest_first_and_leave_nothing_out(importer: Client, customer: str) -> None:
    times = [LONG_AGO + timedelta(minutes=minute) for minute in (0, 1, 1, 2, 3)]
    for at in times:
        importer.command("intake", "submit_ticket", customer_id=customer, at=at, **CONTACT)
    found, after = [], None
    while True:
        page = importer.call("intake", "find_tickets", customer_id=customer, limit=2, after=after)
        found += page["tickets"]
        after = page["next"]
        if after is None:
            break
        assert len(page["tickets"]) == 2
    created = [ticket["created_at"] for ticket in found]
    assert (len(found), created) == (5, sorted(created, reverse=True))
    assert len({ticket["ticket_no"] for ticket in found}) == 5
    some = {
        "customer_id": customer,
        "created_from": times[1],
        "created_to": times[3],
        "type": "fault",
        "priority": "P2",
    }
    assert len(importer.call("intake", "find_tickets", **some)["tickets"]) == 2
    assert importer.call("intake", "find_tickets", customer_id=customer, status="closed") == {
        "tickets": [],
        "next": None,
    }


FILTERS = {
    "status": "closed",
    "customer_id": "C-1",
    "type": "fault",
    "category": "network",
    "priority": "P1",
    "reference": "INC0000045",
}
SUBSETS = [dict(some) for count in range(7) for some in combinations(FILTERS.items(), count)]


@pytest.mark.parametrize("filters", SUBSETS, ids=lambda filters: "+".join(filters) or "none")
def test_every_combination_of_filters_reads_an_index_in_order(stack: Stack, filters: dict[str, str]) -> None:
    wanted, index = query({**filters, "created_from": LONG_AGO}, None)
    rows = stack.database["intake_tickets"].find(wanted).hint(index).sort("place", DESCENDING).limit(51)
    plan = json.dumps(rows.explain()["queryPlanner"]["winningPlan"])
    assert f'"indexName": "{index}"' in plan
    assert '"stage": "SORT"' not in plan
    assert "COLLSCAN" not in plan


def test_reference_data_are_checked_before_they_are_taken(stack: Stack, importer: Client) -> None:
    operator = stack.client("operator")
    before = operator.call("intake", "get_reference")
    bad = {**before["body"], "priorities": {"high": {"high": "P0"}}}
    for refuse in (
        lambda: operator.call("intake", "check_reference", body=bad),
        lambda: operator.command("intake", "apply_reference", body=bad),
    ):
        with pytest.raises(ValidationError) as refused:
            refuse()
        assert "priorities.high.high" in refused.value.fields
    assert operator.command("intake", "apply_reference", body=before["body"])["changed"] is False
    assert operator.call("intake", "get_reference") == before


def test_what_happened_is_told_to_the_other_services(importer: Client, bus: tuple[Feigned, Ear]) -> None:
    customer_id = importer.command("intake", "save_customer", name="Caller", email=_an_email())["customer_id"]
    ticket_no = importer.command("intake", "submit_ticket", customer_id=customer_id, at=LONG_AGO, **CONTACT)[
        "ticket_no"
    ]
    importer.command("intake", "withdraw_ticket", ticket_no=ticket_no, reason="it works again")
    importer.command("intake", "end_replay", ticket_no=ticket_no)
    (saved,) = eventually(lambda: bus[1].heard("customer_saved", customer_id=customer_id))
    assert (saved.aggregate_id, saved.data["name"], saved.data["tier"]) == (customer_id, "Caller", "standard")
    (submitted,) = eventually(lambda: bus[1].heard("ticket_submitted", ticket_no=ticket_no))
    assert (submitted.data["tier"], submitted.data["reference"]) == ("standard", "")
    assert (submitted.aggregate_id, submitted.number, submitted.at, submitted.replay_until) == (
        ticket_no,
        1,
        LONG_AGO,
        LONG_AGO,
    )
    assert "text" not in submitted.data
    (withdrawn,) = eventually(lambda: bus[1].heard("ticket_withdrawn", ticket_no=ticket_no))
    assert withdrawn.data["reason"] == "it works again"
    (live,) = eventually(lambda: bus[1].heard("ticket_replay_ended", ticket_no=ticket_no))
    assert live.replay_until is None


def test_log_never_holds_what_a_customer_said_or_how_to_reach_one(stack: Stack, importer: Client) -> None:
    phone, email, text = _a_phone(), _an_email(), uuid4().hex
    contact = {**CONTACT, "text": text, "customer": {"name": "Caller", "phone": phone, "email": email}}
    importer.command("intake", "submit_ticket", **contact)
    with pytest.raises(ValidationError):
        importer.command("intake", "submit_ticket", **{**contact, "subject": f"{text}\x00"})
    for process in ("intake", "intake-worker"):
        said = stack.log_text(process)
        assert not [secret for secret in (phone, email, text) if secret in said]
