"""Bad input, to every service: a typed error that names the field or the rule; nothing is stored; nothing restarts."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pika
import pytest

from shared.errors import Conflict, Forbidden, IllegalMove, LoopdeskError, NotFound, ValidationError
from tests.journey.outside import CONTACT, Case, Outside, a_customer
from tests.support import Stack, eventually

PHONE = "+441164960999"


@dataclass(frozen=True)
class Bad:
    """One call that must be refused: by whom, of what, and what the refusal names (a field, or a detail's value)."""

    service: str
    method: str
    fields: dict[str, Any]
    error: type[LoopdeskError]
    names: str
    account: str = "importer"

    def __str__(self) -> str:
        return f"{self.service}.{self.method}: {self.error.__name__} {self.names}"


def contact(**changes: Any) -> dict[str, Any]:
    """A good contact, changed; None takes a field away."""
    made = {**CONTACT, "category": "network", "customer": a_customer(phone=PHONE), **changes}
    return {name: value for name, value in made.items() if value is not None}


def person(**changes: Any) -> dict[str, Any]:
    return {"customer": a_customer(phone=PHONE) | changes}


def an_agent(**changes: Any) -> dict[str, Any]:
    return {"agent_id": "x", "name": "x", "teams": ["it"], "capacity": 1} | changes


SUBMIT = ("intake", "submit_ticket")
IN_2190 = {"since": "2190-01-01T00:00:00Z", "until": "2190-01-02T00:00:00Z"}
LEAVE = {"agent_id": "hotline.01", "reason": "x", **IN_2190}
AN_EARLY, A_DAY_OF_REST = "2034-01-03", "2034-01-09"  # of hotline.01, whose pattern of eight days began on 2026-01-05
DUTY = {"agent_id": "hotline.01", "date": AN_EARLY, "shift": "early", "reason": "x"}
SWAP = {"agent_id": "hotline.01", "date": AN_EARLY, "with_agent": "hotline.02", "with_date": AN_EARLY, "reason": "x"}
PRESENT = {"agent_id": "desk.01", "status": "available"}
OPEN, NOBODY = "W-open", "W-999999999"  # OPEN stands for a work order that is there
BAD = [
    # wrong types
    Bad(*SUBMIT, contact(subject=5), ValidationError, "subject"),
    Bad(*SUBMIT, contact(subject=["a"]), ValidationError, "subject"),
    Bad(*SUBMIT, contact(subject={"$gt": ""}), ValidationError, "subject"),
    Bad(*SUBMIT, contact(customer="C-1"), ValidationError, "customer"),
    Bad(*SUBMIT, contact(customer=None, customer_id={"$ne": None}), ValidationError, "customer_id"),
    Bad("dispatch", "save_agent", an_agent(teams="it"), ValidationError, "teams"),
    Bad(
        "dispatch",
        "save_agent",
        an_agent(capacity="1"),
        ValidationError,
        "capacity",
    ),
    Bad("dispatch", "set_presence", {"agent_id": "desk.01", "status": "asleep"}, ValidationError, "status"),
    Bad("dispatch", "save_agent", an_agent(skills={"network": "4"}), ValidationError, "skills.network"),
    Bad("feedback", "answer_survey", {"token": "x" * 24, "score": "5"}, ValidationError, "score"),
    Bad("feedback", "answer_survey", {"token": "x" * 24, "score": 5.5}, ValidationError, "score"),
    Bad("feedback", "answer_survey", {"token": "x" * 24, "score": True}, ValidationError, "score"),
    Bad("notify", "find_messages", {"limit": "10"}, ValidationError, "limit"),
    # missing, unknown and contradicting fields
    Bad(*SUBMIT, contact(type=None), ValidationError, "type"),
    Bad(*SUBMIT, contact(customer=None), ValidationError, "customer_id"),
    Bad(*SUBMIT, contact(customer_id="C-1"), ValidationError, "customer_id"),
    Bad(*SUBMIT, contact(colour="red"), ValidationError, "colour"),
    Bad(*SUBMIT, contact(**person(colour="red")), ValidationError, "customer.colour"),
    Bad("dispatch", "resolve", {"order_no": OPEN}, ValidationError, "solution"),
    Bad("dispatch", "transfer", {"order_no": OPEN}, ValidationError, "team"),
    Bad("dispatch", "get_work", {}, ValidationError, "order_no"),
    Bad("dispatch", "get_roster", {**IN_2190}, ValidationError, "team"),
    Bad("dispatch", "record_leave", LEAVE | {"until": LEAVE["since"]}, ValidationError, "until"),
    Bad("dispatch", "swap_shifts", SWAP | {"with_agent": "hotline.01"}, ValidationError, "with_agent"),
    Bad("feedback", "get_case", {}, ValidationError, "case_no"),
    Bad("feedback", "kpi", {"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"}, ValidationError, "to"),
    # too long, too short, out of range
    Bad(*SUBMIT, contact(subject="x" * 201), ValidationError, "subject"),
    Bad(*SUBMIT, contact(subject=""), ValidationError, "subject"),
    Bad(*SUBMIT, contact(text="x" * 20_001), ValidationError, "text"),
    Bad(*SUBMIT, contact(impact="huge"), ValidationError, "impact"),
    Bad("dispatch", "hold", {"order_no": OPEN, "reason": "x" * 501}, ValidationError, "reason"),
    Bad("dispatch", "hold", {"order_no": OPEN, "reason": "sleepy"}, ValidationError, "reason"),
    Bad("dispatch", "save_agent", an_agent(capacity=-1), ValidationError, "capacity"),
    Bad("dispatch", "save_agent", an_agent(skills={"network": 6}), ValidationError, "skills.network"),
    Bad("dispatch", "save_agent", an_agent(role="agent"), ValidationError, "role"),
    Bad("dispatch", "save_agent", an_agent(at_once={"nope": 1}), ValidationError, "at_once.nope"),
    Bad("dispatch", "save_agent", an_agent(languages=["klingon-xx"]), ValidationError, "languages.0"),
    Bad("dispatch", "save_agent", an_agent(rota="four-crews", rota_offset=8), ValidationError, "rota_offset"),
    Bad("dispatch", "set_presence", PRESENT | {"expires_in": 0}, ValidationError, "expires_in"),
    Bad("dispatch", "add_duty", DUTY | {"date": "9999-01-01"}, ValidationError, "date"),
    Bad(*SUBMIT, contact(reference="x" * 65), ValidationError, "reference"),
    Bad("feedback", "answer_survey", {"token": "x" * 24, "score": 6}, ValidationError, "score"),
    Bad("feedback", "answer_survey", {"token": "x" * 24, "score": 0}, ValidationError, "score"),
    Bad("intake", "find_tickets", {"limit": 201}, ValidationError, "limit"),
    Bad("intake", "find_tickets", {"after": "$where"}, ValidationError, "after"),
    # control characters, keys with $, dots or NUL, half a surrogate pair
    Bad(*SUBMIT, contact(subject="a\x00b"), ValidationError, "subject"),
    Bad(*SUBMIT, contact(subject="a\x1bb"), ValidationError, "subject"),
    Bad(*SUBMIT, contact(channel="pho$ne"), ValidationError, "channel"),
    Bad(*SUBMIT, contact(**{"$where": "1"}), ValidationError, "$where"),
    Bad(*SUBMIT, contact(**{"a.b": "1"}), ValidationError, "a.b"),
    Bad(*SUBMIT, contact(**{"a\x00b": "1"}), ValidationError, "a\x00b"),
    Bad("dispatch", "resolve", {"order_no": OPEN, "solution": "a\x07b"}, ValidationError, "solution"),
    Bad(
        "dispatch",
        "save_agent",
        an_agent(agent_id="$a"),
        ValidationError,
        "agent_id",
    ),
    Bad("intake", "save_customer", {"name": "a\x9fb"}, ValidationError, "name"),
    # phone, e-mail, dates
    Bad(*SUBMIT, contact(**person(phone="12345")), ValidationError, "customer.phone"),
    Bad(*SUBMIT, contact(**person(phone="+999123456789")), ValidationError, "customer.phone"),
    Bad(*SUBMIT, contact(**person(email="nobody@")), ValidationError, "customer.email"),
    Bad(*SUBMIT, contact(**person(email="a@b@example.com")), ValidationError, "customer.email"),
    Bad(*SUBMIT, contact(occurred_at="2026-02-30T00:00:00Z"), ValidationError, "occurred_at"),
    Bad(*SUBMIT, contact(occurred_at="2026-02-20T00:00:00"), ValidationError, "occurred_at"),
    Bad(*SUBMIT, contact(occurred_at="2999-01-01T00:00:00Z"), ValidationError, "occurred_at"),
    Bad(*SUBMIT, contact(at="2999-01-01T00:00:00Z"), ValidationError, "at"),
    Bad(*SUBMIT, contact(category="no such"), ValidationError, "category"),
    # unknown ids and methods
    Bad(*SUBMIT, contact(customer=None, customer_id="C-0"), NotFound, "C-0"),
    Bad("intake", "get_ticket", {"ticket_no": "T-0"}, NotFound, "T-0"),
    Bad("intake", "withdraw_ticket", {"ticket_no": "T-0", "reason": "x"}, NotFound, "T-0"),
    Bad("dispatch", "accept", {"order_no": NOBODY}, NotFound, NOBODY),
    Bad("dispatch", "set_presence", {"agent_id": "nobody", "status": "available"}, NotFound, "nobody"),
    Bad("dispatch", "transfer", {"order_no": OPEN, "team": "no such"}, NotFound, "no such"),
    Bad("dispatch", "save_agent", an_agent(teams=["none"]), NotFound, "none"),
    Bad("dispatch", "save_agent", an_agent(skills=["none"]), NotFound, "none"),
    Bad("dispatch", "save_agent", an_agent(rota="none"), NotFound, "none"),
    Bad("dispatch", "heartbeat", {"agent_id": "nobody"}, NotFound, "nobody"),
    Bad("dispatch", "add_duty", DUTY | {"shift": "none"}, NotFound, "none"),
    Bad("dispatch", "cancel_duty", {"agent_id": "hotline.01", "duty_id": "on-0", "reason": "x"}, NotFound, "on-0"),
    Bad("dispatch", "set_subject", {"order_no": OPEN, "agent": "nobody", "reason": "x"}, NotFound, "nobody"),
    Bad("dispatch", "swap_shifts", SWAP | {"date": A_DAY_OF_REST}, NotFound, A_DAY_OF_REST),
    Bad("dispatch", "who_is_on", {"team": "none"}, NotFound, "none"),
    Bad("feedback", "answer_survey", {"token": "x" * 24, "score": 5}, NotFound, "survey"),
    Bad("feedback", "get_case", {"case_no": "W-0/0"}, NotFound, "W-0/0"),
    Bad("notify", "get_message", {"message_id": "0"}, NotFound, "0"),
    Bad("notify", "send_everything", {}, NotFound, "method"),
    # illegal moves and stale versions
    Bad("dispatch", "add_duty", DUTY | {"agent_id": "desk.01"}, IllegalMove, "rota"),
    Bad("dispatch", "add_duty", DUTY, IllegalMove, "two_duties"),
    Bad("dispatch", "add_duty", DUTY | {"shift": "late"}, IllegalMove, "rest"),
    Bad("dispatch", "swap_shifts", SWAP | {"date": "2026-01-05"}, IllegalMove, "duty_begun"),
    Bad("dispatch", "reopen", {"order_no": OPEN, "reason": "x"}, IllegalMove, "transition"),
    Bad("dispatch", "resume", {"order_no": OPEN}, IllegalMove, "transition"),
    Bad("dispatch", "accept", {"order_no": OPEN, "expected_version": 99}, Conflict, "expected_version"),
    Bad("dispatch", "accept", {"order_no": OPEN, "at": "2016-01-01T00:00:00Z"}, IllegalMove, "order_of_time"),
    # accounts without permission
    Bad(*SUBMIT, contact(), Forbidden, "submit", "supervisor"),
    Bad("dispatch", "accept", {"order_no": OPEN}, Forbidden, "work", "callcentre"),
    Bad(
        "dispatch",
        "save_agent",
        {"agent_id": "x", "name": "x", "teams": ["it"], "capacity": 1},
        Forbidden,
        "supervise",
        "workbench",
    ),
    Bad("feedback", "apply_reference", {"body": {}}, Forbidden, "administer", "supervisor"),
    Bad("intake", "end_replay", {"ticket_no": "T-0"}, Forbidden, "backdate", "operator"),
    Bad(*SUBMIT, contact(at="2016-01-01T00:00:00Z"), Forbidden, "backdate", "callcentre"),
    # reference data
    Bad("intake", "apply_reference", {"body": {"categories": {}}}, ValidationError, "categories", "operator"),
    Bad("dispatch", "apply_reference", {"body": {"teams": 5}}, ValidationError, "teams", "operator"),
    Bad(
        "feedback",
        "apply_reference",
        {"body": {"survey_days": "five", "dissatisfied_at_most": 2}},
        ValidationError,
        "survey_days",
        "operator",
    ),
    Bad("notify", "apply_reference", {"body": {"time_zone": "Mars/Olympus"}}, ValidationError, "time_zone", "operator"),
]
QUERIES = ("get_", "find_", "kpi", "send_", "who_")


@pytest.fixture(scope="module")
def work(outside: Outside) -> Case:
    """Work that somebody has."""
    team = "journey 37"
    outside.come("somebody", team)
    case = outside.submit(team)
    outside.when_work(case, state="assigned")
    eventually(lambda: "sent" in {message["state"] for message in outside.messages(case)[:1]})
    return case


def without_a_trace(stack: Stack, act: Callable[[], object]) -> None:
    """Do it: everything stored is as before then, and every process is still the same.

    Time does its work whoever does what: a shift ends, earlier tests' work is late. So it is done again, as something
    new each time, until nothing else happens beside it.
    """

    def done() -> bool:
        before = stored(stack), processes(stack)
        act()
        assert (stored(stack), processes(stack)) == before
        return True

    eventually(done)


def stored(stack: Stack) -> dict[str, Any]:
    """How many documents there are, and how often each kind was changed."""
    names = sorted(stack.database.list_collection_names())
    return {name: stack.database[name].count_documents({}) for name in names} | {
        f"{name} changes": sum(row.get("version", 0) for row in stack.database[name].find({}, {"version": 1}))
        for name in names
    }


def processes(stack: Stack) -> dict[str, list[int]]:
    return {process: stack.pids(process) for process in stack.state["processes"]}


def anew(bad: Bad, work: Case) -> dict[str, Any]:
    """Its fields by a request of its own, about a customer of whom nothing can be stored yet."""
    fields = {name: work.order_no if value == OPEN else value for name, value in bad.fields.items()}
    if not bad.method.startswith(QUERIES):
        fields["request_id"] = uuid4().hex
    if isinstance(fields.get("customer"), dict):
        fresh = {name: value for name, value in a_customer().items() if bad.names != f"customer.{name}"}
        fields["customer"] = fields["customer"] | {name: fresh[name] for name in ("phone", "email") if name in fresh}
    return fields


@pytest.mark.parametrize("bad", BAD, ids=str)
def test_bad_input_is_refused_by_name_and_stores_nothing(stack: Stack, outside: Outside, work: Case, bad: Bad) -> None:
    client = outside.importer if bad.account == "importer" else getattr(outside, bad.account, None)
    refusals: list[LoopdeskError] = []

    def ask() -> None:
        with pytest.raises(LoopdeskError) as refused:
            (client or stack.client(bad.account)).call(bad.service, bad.method, **anew(bad, work))
        refusals.append(refused.value)

    without_a_trace(stack, ask)

    refused = refusals[-1]
    assert type(refused) is bad.error, f"{refused.code}: {refused}"
    named = refused.fields if bad.error is ValidationError else refused.details.values()
    assert bad.names in named, refused.details


@pytest.mark.usefixtures("work")
@pytest.mark.parametrize("service", ["intake", "dispatch", "feedback", "notify"])
@pytest.mark.parametrize(
    ("body", "properties", "field"),
    [
        (b"\x00\xff not JSON", {}, "body"),
        (b"[]", {}, "body"),
        (b'{"args": [1], "kwargs": {}}', {}, "args"),
        (b'{"args": [], "kwargs": {}}', {"content_type": "text/plain"}, "content_type"),
        (b'{"args": [], "kwargs": {"surprise": "\\ud800"}}', {}, "surprise"),
    ],
    ids=["not JSON", "no object", "by position", "another content type", "half a surrogate"],
)
def test_a_body_that_cannot_be_read_is_answered(
    stack: Stack, service: str, body: bytes, properties: dict[str, str], field: str
) -> None:
    replies: list[dict[str, Any]] = []

    without_a_trace(stack, lambda: replies.append(sent(stack, service, body, properties)))

    assert replies[-1]["error"]["exc_type"] == "ValidationError"
    assert field in replies[-1]["error"]["details"]["fields"]


def sent(stack: Stack, service: str, body: bytes, properties: dict[str, str]) -> dict[str, Any]:
    """What is answered to a call of that body."""
    with pika.BlockingConnection(pika.URLParameters(stack.amqp_uri("workbench"))) as connection:
        channel = connection.channel()
        address = f"reply.workbench.{uuid4().hex}"
        channel.queue_declare(address, exclusive=True, auto_delete=True)
        channel.queue_bind(address, "nameko-rpc", address)
        usual = {"content_type": "application/json", "reply_to": address, "correlation_id": "1", "user_id": "workbench"}
        channel.basic_publish("nameko-rpc", f"{service}.ping", body, pika.BasicProperties(**usual | properties))
        return dict(json.loads(eventually(lambda: channel.basic_get(address, auto_ack=True)[2])))


def test_the_same_request_twice_is_one_ticket_and_with_other_content_a_conflict(outside: Outside, work: Case) -> None:
    asked = {**contact(), "request_id": uuid4().hex}
    first = outside.callcentre.call("intake", "submit_ticket", **asked)
    assert outside.callcentre.call("intake", "submit_ticket", **asked) == first
    with pytest.raises(Conflict) as refused:
        outside.callcentre.call("intake", "submit_ticket", **asked | {"subject": "another"})
    assert refused.value.details["rule"] == "request_id"
