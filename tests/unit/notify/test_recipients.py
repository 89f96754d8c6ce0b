"""Recipients of broadcasts: who is one, and who of a household is called."""

from __future__ import annotations

from typing import Any

import pytest

from services.notify.domain.preferences import NO_WISHES, Preferences, Wishes
from services.notify.domain.recipients import Entry, Target, of_customer, of_entry, to_call, why_not_called
from tests.unit.notify.builders import a_customer

PHONE = "+441164960403"


def somebody(customer_id: str, phone: str | None = PHONE) -> Target:
    return of_customer(a_customer(customer_id=customer_id, phone=phone))


def who(people: list[Target], obligatory: bool = False, **said: Wishes) -> str | None:
    wishes = {one.recipient: said.get(one.contact.customer_id, NO_WISHES) for one in people}
    found = to_call(people, wishes, "outage", obligatory)
    return found.contact.customer_id if found else None


def wish(**given: Any) -> Wishes:
    return Wishes(Preferences(recipient="customer:a", **given))


def test_one_mailbox_is_one_recipient_and_is_written_to_as_it_was_listed() -> None:
    listed = [of_entry(Entry(email=email), {}) for email in ("Ann@example.com", "ann@example.com")]
    assert [(one.recipient, one.contact.email) for one in listed] == [
        ("address:ann@example.com", "Ann@example.com"),
        ("address:ann@example.com", "ann@example.com"),
    ]


def test_the_first_with_a_telephone_is_called() -> None:
    assert who([somebody("a", phone=None), somebody("b"), somebody("c")]) == "b"


def test_where_nobody_has_a_telephone_nobody_is() -> None:
    assert who([somebody("a", phone=None)]) is None


@pytest.mark.parametrize("said", [{"unwanted": ("call",)}, {"opted_out": frozenset({"outage"})}])
def test_who_minds_being_called_is_passed_over(said: dict[str, Any]) -> None:
    assert who([somebody("a"), somebody("b")], a=wish(**said)) == "b"


def test_about_what_is_obligatory_anybody_is_called() -> None:
    assert who([somebody("a"), somebody("b")], obligatory=True, a=wish(unwanted=("call",))) == "a"


@pytest.mark.parametrize(("phone", "why"), [(None, "no_phone"), (PHONE, "channel_not_wanted")])
def test_who_is_not_called_has_no_telephone_or_minds(phone: str | None, why: str) -> None:
    assert why_not_called([somebody("a", phone=None), somebody("b", phone=phone)]) == why
