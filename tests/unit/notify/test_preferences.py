"""What recipients want, whoever says it."""

from itertools import permutations

import pytest

from services.notify.domain.preferences import (
    ALL_KINDS,
    NO_WISHES,
    NOT_WANTED,
    OPTED_OUT,
    Preferences,
    Wishes,
    opt_in,
    opt_out,
    say,
    set_to,
)
from services.notify.domain.quiet_hours import QuietHours
from services.notify.errors import Obligatory
from services.notify.storage.preferences import from_document, to_document
from tests.unit.notify.builders import NOON, a_customer

PHONE, MAIL = "+441164960403", "customer@example.com"
LEGAL = frozenset({"legal"})


def said(**given):
    return Preferences(recipient="customer:c-7", **given)


def at_the_phone(**given):
    return {PHONE: Preferences(recipient=f"address:{PHONE}", **given)}


def refuses(wishes, kind="progress", channel="sms", address=PHONE):
    return wishes.refuse(kind, kind in LEGAL, channel, address)


def test_who_has_said_nothing_is_told_everything():
    assert refuses(NO_WISHES) is None


def test_an_opt_out_is_of_one_kind_by_every_channel():
    wishes = Wishes(said(opted_out=frozenset({"survey"})))
    assert refuses(wishes, "survey") == refuses(wishes, "survey", "email", MAIL) == OPTED_OUT
    assert refuses(wishes, "progress") is None


def test_an_opt_out_of_everything_leaves_what_is_obligatory():
    wishes = Wishes(said(opted_out=frozenset({ALL_KINDS})))
    assert (refuses(wishes), refuses(wishes, "legal")) == (OPTED_OUT, None)


def test_stop_from_a_number_counts_for_that_number_only():
    wishes = Wishes(None, at_the_phone(opted_out=frozenset({ALL_KINDS})))
    assert (refuses(wishes), refuses(wishes, channel="email", address=MAIL)) == (OPTED_OUT, None)


def test_stop_from_a_mail_address_counts_for_it_in_any_case():
    stopped = Preferences(recipient="address:ann.lee@example.com", opted_out=frozenset({ALL_KINDS}))
    wishes = Wishes(None, {"ann.lee@example.com": stopped})
    assert refuses(wishes, channel="email", address="Ann.Lee@example.com") == OPTED_OUT


def test_a_channel_that_is_not_wanted_is_used_for_what_is_obligatory_only():
    wishes = Wishes(said(unwanted=("sms",)))
    assert (refuses(wishes), refuses(wishes, "legal"), refuses(wishes, channel="email", address=MAIL)) == (
        NOT_WANTED,
        None,
        None,
    )


def test_nobody_can_opt_out_of_what_is_obligatory():
    with pytest.raises(Obligatory, match="nobody can opt out of legal"):
        opt_out(said(), NOON, "legal", "unsubscribe", LEGAL)
    with pytest.raises(Obligatory, match="nobody can opt out of legal"):
        set_to(said(), NOON, {"opted_out": ["legal"]}, LEGAL)


def test_opting_out_twice_is_once():
    once, facts = opt_out(said(), NOON, None, "STOP", LEGAL)
    assert [(fact.type, fact.data) for fact in facts] == [
        ("contact_unsubscribed", {"kind": ALL_KINDS, "cause": "STOP"})
    ]
    assert opt_out(once, NOON, None, "STOP", LEGAL) == (once, [])


def test_who_comes_back_gets_everything_again_and_who_comes_back_to_a_kind_that():
    out = said(opted_out=frozenset({"survey", "care"}))
    assert opt_in(out, NOON, None, "START")[0].opted_out == frozenset()
    assert opt_in(out, NOON, "care", "preferences")[0].opted_out == {"survey"}
    assert opt_in(said(), NOON, "care", "preferences") == (said(), [])


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_of_stop_and_start_what_was_said_last_counts_in_whatever_order_it_is_heard(order):
    words = [("stop", "1"), ("start", "2"), ("stop", "3")]
    now = Preferences(recipient=f"address:{PHONE}")
    for at in order:
        now, _ = say(now, NOON, *words[at], LEGAL)
    assert now.opted_out == {ALL_KINDS}
    assert say(now, NOON, "start", "2", LEGAL) == (now, [])


def test_what_is_not_named_stays_and_null_takes_back():
    before = said(channels=("sms",), language="en", opted_out=frozenset({"survey"}))
    after, facts = set_to(before, NOON, {"language": None, "unwanted": ("email",)}, LEGAL)
    assert after == said(channels=("sms",), unwanted=("email",), opted_out=frozenset({"survey"}))
    assert [(fact.type, fact.data) for fact in facts] == [("preferences_set", {"what": ["language", "unwanted"]})]


def test_a_list_of_opt_outs_is_the_whole_list():
    before = said(opted_out=frozenset({"survey"}))
    after, facts = set_to(before, NOON, {"opted_out": ["care"]}, LEGAL)
    assert after.opted_out == {"care"}
    assert [(fact.type, fact.data.get("kind")) for fact in facts] == [
        ("preferences_set", None),
        ("contact_unsubscribed", "care"),
        ("contact_resubscribed", "survey"),
    ]


def test_what_a_customer_says_here_stands_above_what_intake_knows():
    customer = a_customer(preferred_channels=("sms",), time_zone="Asia/Shanghai")
    wishes = Wishes(said(channels=("email",), language="zh-CN"))
    known = wishes.customer(customer)
    assert (known.preferred_channels, known.language, known.time_zone) == (("email",), "zh-CN", "Asia/Shanghai")
    assert NO_WISHES.customer(customer) is customer


def test_unwanted_channels_come_last():
    known = Wishes(said(unwanted=("sms",))).customer(a_customer(preferred_channels=("sms",)))
    assert known.preferred_channels == ("email", "call")


def test_the_smallest_number_a_day_counts():
    wishes = Wishes(said(per_day={"care": 3}), at_the_phone(per_day={"care": 2}))
    assert (wishes.per_day("care"), wishes.per_day("survey")) == (2, None)


def test_preferences_are_stored_and_read_back_alike():
    whole = said(
        channels=("email", "sms"),
        unwanted=("call",),
        opted_out=frozenset({"survey"}),
        language="en",
        time_zone="Europe/London",
        quiet_hours=QuietHours.parse("21:30", "07:00"),
        per_day={"care": 1},
    )
    kernel = {"_id": "customer:c-7", "version": 0, "last_at": None, "replay_until": None}
    for one in (whole, said()):
        assert from_document({**to_document(one), **kernel}) == one
