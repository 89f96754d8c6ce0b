"""Bad input is refused with the name of the field; good input comes through as it was."""

from __future__ import annotations

from typing import Any

import pytest
from marshmallow import Schema

from services.intake import heard, schemas
from shared.errors import ValidationError
from shared.schemas import load
from tests.unit.intake.builders import NINE, a_contact

CONTACT = {**a_contact(), "customer_id": "C-1"}
CALLER = {"name": "Caller", "phone": "+1 202-555-0143", "email": "caller@example.com"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("subject", None),
        ("subject", ""),
        ("subject", 7),
        ("subject", "x" * 201),
        ("subject", "bell \x07"),
        ("subject", "nul \x00"),
        ("text", "x" * 20_001),
        ("text", ["a"]),
        ("type", "wish"),
        ("type", {"$gt": ""}),
        ("impact", "urgent"),
        ("urgency", "HIGH"),
        ("channel", "phone$"),
        ("category", "c" * 65),
        ("reference", "r" * 65),
        ("reference", ""),
        ("reference", 45),
        ("reference", "INC$45"),
        ("customer_id", {"$ne": None}),
        ("confidence", -0.1),
        ("confidence", 1.01),
        ("confidence", "0.5"),
        ("confidence", float("nan")),
        ("sensitive", 1),
        ("wanted_agent", "a$1"),
        ("complained_of", ""),
        ("incident", "T" * 33),
        ("occurred_at", "2016-02-29"),
        ("occurred_at", "2016-02-30T00:00:00Z"),
        ("occurred_at", "2016-02-29T01:16:00"),
        ("occurred_at", 1456708560),
        ("customer.name", "x"),
        ("$where", "1"),
        ("a.b", "1"),
        ("colour", "red"),
    ],
)
def test_bad_contact_is_refused_by_the_name_of_the_field(field: str, value: Any) -> None:
    with pytest.raises(ValidationError) as refused:
        load(schemas.SubmitTicket, {**CONTACT, field: value})
    assert list(refused.value.fields) == [field]


@pytest.mark.parametrize("field", ["channel", "subject", "type", "category", "impact", "urgency"])
def test_missing_field_is_named(field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        load(schemas.SubmitTicket, {name: value for name, value in CONTACT.items() if name != field})
    assert list(refused.value.fields) == [field]


def test_contact_has_one_customer() -> None:
    for contact in (a_contact(), {**CONTACT, "customer": CALLER}):
        with pytest.raises(ValidationError) as refused:
            load(schemas.SubmitTicket, contact)
        assert list(refused.value.fields) == ["customer_id"]


@pytest.mark.parametrize(
    ("customer", "field"),
    [
        ({"name": "Caller"}, "customer.phone"),
        ({"phone": "+12025550143"}, "customer.name"),
        ({**CALLER, "phone": "555"}, "customer.phone"),
        ({**CALLER, "phone": "2025550143"}, "customer.phone"),
        ({**CALLER, "email": "caller@"}, "customer.email"),
        ({**CALLER, "language": "fr"}, "customer.language"),
        ({**CALLER, "preferred_channels": ["fax"]}, "customer.preferred_channels.0"),
        ({**CALLER, "preferred_channels": ["sms", "sms"]}, "customer.preferred_channels"),
        ({**CALLER, "area": "north$"}, "customer.area"),
        ({**CALLER, "time_zone": "Mars/Olympus"}, "customer.time_zone"),
        ({**CALLER, "time_zone": "../etc/passwd"}, "customer.time_zone"),
        ({**CALLER, "dates": {"birthday": "1984-02-30"}}, "customer.dates.birthday.value"),
        ({**CALLER, "dates": {"birthday": "19840229"}}, "customer.dates.birthday.value"),
        ({**CALLER, "dates": {"birthday": "1884-02-29"}}, "customer.dates.birthday.value"),
        ({**CALLER, "dates": {"a.b": "1984-02-29"}}, "customer.dates.a.b.key"),
        ({**CALLER, "dates": {f"d{n}": "1984-02-29" for n in range(17)}}, "customer.dates"),
        ({**CALLER, "vip": True}, "customer.vip"),
    ],
)
def test_bad_customer_is_refused_by_the_path_of_the_field(customer: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        load(schemas.SubmitTicket, {**a_contact(), "customer": customer})
    assert list(refused.value.fields) == [field]


def test_phone_is_normalised_and_text_is_not() -> None:
    text = "第一行\n\tзвонок 👩🏽‍🔧 \u200f"
    loaded = load(
        schemas.SubmitTicket, {**a_contact(text=text), "customer": CALLER, "occurred_at": "2026-03-02T17:00+08:00"}
    )
    assert (loaded["customer"]["phone"], loaded["text"], loaded["occurred_at"]) == ("+12025550143", text, NINE)


def test_change_of_a_customer_may_clear_an_address_but_not_the_name() -> None:
    assert load(schemas.SaveCustomer, {"customer_id": "C-1", "phone": None}) == {"customer_id": "C-1", "phone": None}
    for bad in ({"customer_id": "C-1", "name": None}, {"tier": "gold"}):
        with pytest.raises(ValidationError) as refused:
            load(schemas.SaveCustomer, bad)
        assert list(refused.value.fields) == ["name"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("limit", 0),
        ("limit", 201),
        ("limit", "50"),
        ("after", "T-1"),
        ("status", "open"),
        ("created_from", "yesterday"),
    ],
)
def test_bad_filter_is_refused_by_name(field: str, value: Any) -> None:
    with pytest.raises(ValidationError) as refused:
        load(schemas.FindTickets, {field: value})
    assert list(refused.value.fields) == [field]


def test_page_has_its_usual_length() -> None:
    assert load(schemas.FindTickets, {}) == {"limit": 50, "after": None}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"categories": {"net": {"name": {}}}}, "categories.net.value.name"),
        ({"categories": {"$net": {"name": {"en": "Network"}}}}, "categories.$net.key"),
        ({"categories": {}}, "categories"),
        ({"priorities": {"high": {"high": "P9", "medium": "P2", "low": "P3"}}}, "priorities.high.high"),
        ({"urge_every": "often"}, "urge_every"),
        ({"urge_every": "0m"}, "urge_every"),
        ({"urge_every": "2wd"}, "urge_every"),
        ({"urge_every": 30}, "urge_every"),
    ],
)
def test_bad_reference_data_are_refused_by_path(body: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        load(schemas.ReferenceData, body)
    assert field in refused.value.fields


@pytest.mark.parametrize(
    "schema",
    [
        heard.WorkAssigned,
        heard.WorkHeld,
        heard.WorkResumed,
        heard.WorkResolved,
        heard.WorkReopened,
        heard.WorkClosed,
        heard.WorkWithdrawn,
    ],
)
def test_news_may_carry_fields_that_intake_does_not_read(schema: type[Schema]) -> None:
    told = {
        "order_no": "W-1",
        "ticket_no": "T-1",
        "team": "net",
        "reason": "r",
        "solution": "s",
        "outcome": "satisfied",
    }
    assert "team" not in load(schema, told)
    with pytest.raises(ValidationError):
        load(schema, {"order_no": "W-1"})


def test_what_colleagues_write_to_each_other_is_not_read() -> None:
    news = {"order_no": "W-1", "ticket_no": "T-1"}
    assert load(heard.WorkHeld, {**news, "reason": "other", "reason_name": {"en": "Other"}, "note": "between us"}) == {
        **news,
        "reason": "other",
        "reason_name": {"en": "Other"},
    }
    changed = load(heard.WorkPrioritised, {**news, "from": "P3", "to": "P1", "reason": "between us", "by": "actor"})
    assert changed == {**news, "before": "P3", "after": "P1"}
