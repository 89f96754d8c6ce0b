"""Customers: created, changed, claimed by address."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.intake import events
from services.intake.domain import customer as customers
from services.intake.errors import MadeBefore
from shared.events import Fact
from tests.unit.intake.builders import NINE

PHONE, EMAIL = "+15550100", "a@example.com"


def test_new_customer_has_the_usual_tier_and_language() -> None:
    customer, facts = customers.create("C-1", {"name": "示例客户"}, NINE)
    assert (customer.tier, customer.language, customer.preferred_channels) == ("standard", "zh-CN", ())
    assert facts == [Fact("customer_saved", NINE, {"fields": ["name"]})]


def test_change_takes_only_the_given_fields() -> None:
    before, _ = customers.create("C-1", {"name": "Caller", "phone": PHONE, "email": EMAIL}, NINE)
    after, facts = customers.change(before, {"email": None, "preferred_channels": ["sms"]}, NINE)
    assert (after.name, after.phone, after.email, after.preferred_channels) == ("Caller", PHONE, None, ("sms",))
    assert facts == [Fact("customer_saved", NINE, {"fields": ["email", "preferred_channels"]})]


def test_nothing_happens_when_all_is_as_it_was() -> None:
    before, _ = customers.create("C-1", {"name": "Caller", "preferred_channels": ["sms"]}, NINE)
    assert customers.change(before, {"name": "Caller", "preferred_channels": ["sms"]}, NINE) == (before, [])


def test_customer_says_where_it_lives_and_which_days_are_its_own() -> None:
    home = {"area": "north", "household": "H-1", "time_zone": "Asia/Shanghai", "dates": {"birthday": "1984-02-29"}}
    customer, (fact,) = customers.create("C-1", {"name": "Caller", **home}, NINE)
    assert {name: events.customer_saved(customer, fact)[name] for name in home} == home


def test_history_never_holds_a_person_s_data() -> None:
    _, facts = customers.create_from_contact("C-1", {"name": "Caller", "phone": PHONE, "email": EMAIL}, NINE)
    assert facts[0].data == {"fields": ["email", "name", "phone"]}


def test_customer_from_a_first_contact_claims_the_phone_else_the_email() -> None:
    by_phone, _ = customers.create_from_contact("C-1", {"name": "Caller", "phone": PHONE, "email": EMAIL}, NINE)
    by_email, _ = customers.create_from_contact("C-1", {"name": "Caller", "email": EMAIL}, NINE)
    assert (by_phone.claim, by_email.claim) == (PHONE, EMAIL)


def test_claim_goes_with_the_address() -> None:
    before, _ = customers.create_from_contact("C-1", {"name": "Caller", "phone": PHONE, "email": EMAIL}, NINE)
    renamed, _ = customers.change(before, {"name": "Anne"}, NINE)
    moved, _ = customers.change(before, {"phone": None}, NINE)
    assert (renamed.claim, moved.claim) == (PHONE, None)


def test_claim_is_the_same_for_one_mailbox_however_its_owner_writes_it() -> None:
    one, _ = customers.create_from_contact("C-1", {"name": "Caller", "email": "Caller@Example.com"}, NINE)
    other, _ = customers.create_from_contact("C-2", {"name": "Caller", "email": "caller@example.COM"}, NINE)
    respelt, _ = customers.change(one, {"email": "CALLER@example.com"}, NINE)
    moved, _ = customers.change(one, {"email": EMAIL}, NINE)
    assert (one.email, one.claim) == ("Caller@Example.com", other.claim)
    assert (respelt.claim, moved.claim) == (one.claim, None)


def test_claim_from_before_spellings_were_one_stays_while_its_address_does() -> None:
    known, _ = customers.create_from_contact("C-1", {"name": "Caller", "email": "Caller@Example.com"}, NINE)
    before = replace(known, claim="Caller@Example.com")
    assert customers.change(before, {"name": "Other"}, NINE)[0].claim == "Caller@Example.com"


def test_saved_event_says_how_to_reach_the_customer() -> None:
    customer, (fact,) = customers.create("C-1", {"name": "Caller", "phone": PHONE, "preferred_channels": ["sms"]}, NINE)
    assert events.customer_saved(customer, fact) == {
        "customer_id": "C-1",
        "name": "Caller",
        "tier": "standard",
        "language": "zh-CN",
        "phone": PHONE,
        "email": None,
        "preferred_channels": ["sms"],
        "area": None,
        "household": None,
        "time_zone": None,
        "dates": {},
    }


def test_a_customer_begins_once_and_in_the_replay_that_it_was_begun_in() -> None:
    blank = replace(customers.blank("C-1"), replay_until=NINE)
    customer, _ = customers.begin(blank, {"name": "Caller"}, NINE)
    assert (customer.name, customer.replay_until) == ("Caller", NINE)
    with pytest.raises(MadeBefore):
        customers.begin(replace(customer, version=1), {"name": "Caller"}, NINE)
