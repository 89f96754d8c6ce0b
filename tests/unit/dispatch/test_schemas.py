from datetime import UTC, datetime

import pytest

from services.dispatch import heard, schemas
from services.dispatch.domain.work.turn import place
from shared.errors import ValidationError
from shared.schemas import load

PERIOD = {"from": "2016-01-01T00:00:00Z", "to": "2017-01-01T00:00:00Z"}


def faults(schema, data):
    """The fields that are refused."""
    with pytest.raises(ValidationError) as refused:
        load(schema, data)
    return sorted(refused.value.fields)


@pytest.mark.parametrize(
    ("schema", "data", "wrong"),
    [
        (schemas.Accept, {}, ["order_no"]),
        (schemas.Accept, {"order_no": 7}, ["order_no"]),
        (schemas.Accept, {"order_no": "W-1", "agent": "a1"}, ["agent"]),
        (schemas.Accept, {"order_no": "W-$1"}, ["order_no"]),
        (schemas.Accept, {"order_no": "W-1\0"}, ["order_no"]),
        (schemas.Hold, {"order_no": "W-1"}, ["reason"]),
        (schemas.Hold, {"order_no": "W-1", "reason": ""}, ["reason"]),
        (schemas.Hold, {"order_no": "W-1", "reason": "x" * 65}, ["reason"]),
        (schemas.Hold, {"order_no": "W-1", "reason": "other", "note": "x" * 501}, ["note"]),
        (schemas.Hold, {"order_no": "W-1", "reason": "\x1b[31m"}, ["reason"]),
        (schemas.Transfer, {"order_no": "W-1"}, ["team"]),
        (schemas.Transfer, {"order_no": "W-1", "team": None}, ["team"]),
        (schemas.CompleteStep, {"order_no": "W-1", "fields": {"$where": 1}}, ["fields.$where"]),
        (schemas.CompleteStep, {"order_no": "W-1", "fields": [1]}, ["fields"]),
        (schemas.CompleteStep, {"order_no": "W-1", "fee": {"amount": 1, "tip": 2}}, ["fee.tip"]),
        (schemas.CompleteStep, {"order_no": "W-1", "step": 3}, ["step"]),
        (schemas.SkipStep, {"order_no": "W-1"}, ["reason"]),
        (schemas.Reroute, {"order_no": "W-1", "reason": "x"}, ["to"]),
        (schemas.Prioritise, {"order_no": "W-1", "priority": "P0"}, ["priority", "reason"]),
        (schemas.VoidFee, {"order_no": "W-1", "fee": "1", "reason": "x"}, ["fee"]),
        (schemas.Resolve, {"order_no": "W-1", "solution": "ok", "language": "tlh"}, ["language"]),
        (schemas.Reopen, {"order_no": "W-1", "reason": "x", "cause": "dissatisfied"}, ["cause"]),
        (schemas.Rerate, PERIOD | {"version": 2**31}, ["version"]),
        (schemas.Rerate, PERIOD | {"version": -1}, ["version"]),
        (schemas.Rerate, PERIOD | {"version": 1, "body": {}}, ["body"]),
        (schemas.Rerate, PERIOD | {"after": "zzzz"}, ["after"]),
        (schemas.Rerate, PERIOD | {"after": "9" * 14 + "W-1"}, ["after"]),
        (schemas.Rerate, {"from": PERIOD["to"], "to": PERIOD["from"]}, ["to"]),
        (schemas.ApplyToOpen, {"reason": "x", "version": 2**70}, ["version"]),
        (schemas.GetWork, {}, ["order_no"]),
        (schemas.GetWork, {"order_no": "W-1", "ticket_no": "T-1"}, ["order_no"]),
        (schemas.FindWork, {"state": "lost"}, ["state"]),
        (schemas.FindWork, {"priority": "P9", "limit": 0}, ["limit", "priority"]),
        (schemas.FindWork, {"team": {"$gt": ""}}, ["team"]),
        (heard.TicketSubmitted, {"ticket_no": "T-1"}, ["category", "customer_id", "priority", "subject", "type"]),
    ],
)
def test_bad_input_is_refused_by_the_name_of_the_field(schema, data, wrong):
    assert faults(schema, data) == wrong


def test_the_place_of_work_in_a_list_is_the_next_page_of_a_rerating():
    after = place(datetime(2016, 3, 1, tzinfo=UTC), "W-100001")

    assert load(schemas.Rerate, PERIOD | {"after": after, "version": 2**31 - 1})["after"] == after


def test_what_is_not_said_has_a_meaning():
    assert load(schemas.Reopen, {"order_no": "W-1", "reason": "x"})["cause"] == "agent"
    assert load(schemas.FindWork, {}) == {"limit": 50, "after": None}
    assert load(schemas.CompleteStep, {"order_no": "W-1"}) == {
        "order_no": "W-1",
        "step": None,
        "fields": {},
        "fee": None,
        "solution": None,
        "language": None,
    }


def test_what_intake_did_not_know_of_a_ticket_is_empty():
    ticket = {
        "ticket_no": "T-1",
        "customer_id": "C-1",
        "type": "fault",
        "category": "x",
        "priority": "P1",
        "subject": "x",
    }

    assert {"channel": "", "tier": "", "reference": ""}.items() <= load(heard.TicketSubmitted, ticket).items()


def test_an_event_may_carry_more_than_dispatch_reads():
    told = {"order_no": "W-1", "round": 0, "outcome": "satisfied", "team": "it", "new": 1}

    assert load(heard.CaseClosed, told) == {"order_no": "W-1", "round": 0, "outcome": "satisfied"}
