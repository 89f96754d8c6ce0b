"""What the rules would do, and why the others do not."""

from dataclasses import replace

import pytest

from services.notify.addresses import usable
from services.notify.domain.audience import AddressBook, Contact
from services.notify.domain.previews import ANOTHER_EVENT, CONDITION, NOBODY, preview
from services.notify.samples import event_data
from services.notify.store import build
from shared.conditions import condition
from shared.errors import ValidationError
from tests.unit.notify.builders import a_customer, a_rule, the_config, work

BOOK = AddressBook(agents={"agent-17": Contact(email="agent@example.com")})


def previews(*rules, event="work_closed", data=None, customer=None):
    return list(preview(rules, BOOK, event, data or work(), customer or a_customer(), usable))


def test_a_rule_that_acts_names_whom_it_tells_by_what():
    (one,) = previews(a_rule(channels=("sms", "email", "call")))
    (meant,) = one.considered
    assert (one.why_not, meant.notice.recipient, meant.notice.channel) == (None, "customer:c-7", "sms")
    assert (meant.notice.to, meant.notice.then) == ("+441164960403", ("email", "call"))


def test_a_rule_for_another_event_says_so():
    assert [one.why_not for one in previews(a_rule(event="work_resolved"))] == [ANOTHER_EVENT]


def test_a_condition_that_does_not_hold_is_why():
    names = {"priority": "string"}
    rules = [a_rule(when=condition(f"priority == '{code}'", names)) for code in ("P1", "P2")]
    assert [one.why_not for one in previews(*rules)] == [CONDITION, None]


def test_a_rule_that_means_nobody_says_so():
    watchers = a_rule(audience="watchers")
    assert [one.why_not for one in previews(watchers, data=work(watchers=[]))] == [NOBODY]


def test_whoever_an_earlier_rule_tells_shows_at_the_later_one():
    agent, watcher = (a_rule(audience=audience, channels=("email",)) for audience in ("agent", "watchers"))
    first, second = previews(agent, watcher, data=work(watchers=["agent-17"]))
    assert first.considered[0].told_by is None
    assert second.considered[0].told_by == agent


def test_a_bad_address_is_why_a_channel_is_out_of_the_question():
    (one,) = previews(a_rule(channels=("sms", "email")), customer=a_customer(phone="12345"))
    notice = one.considered[0].notice
    assert (notice.channel, notice.refused) == ("email", (("sms", "bad_phone"),))


def test_everybody_out_of_reach_is_told_why_by_channel():
    nowhere = a_customer(phone="12345", email=None)
    (one,) = previews(a_rule(channels=("email", "sms")), customer=nowhere)
    notice = one.considered[0].notice
    assert (notice.to, notice.refused) == (None, (("email", "no_address"), ("sms", "bad_phone")))


def test_what_an_event_says_may_be_changed_for_a_preview():
    assert event_data("work_lapsed", {"offers": 5, "team": "it"})["offers"] == 5


@pytest.mark.parametrize(
    ("given", "place"),
    [({"colour": "red"}, "data.colour"), ({"offers": "5"}, "data.offers"), ({"priority": None}, "data.priority")],
)
def test_what_it_does_not_say_is_refused_by_name(given, place):
    with pytest.raises(ValidationError) as refused:
        event_data("work_lapsed", given)
    assert list(refused.value.fields) == [place]


def test_lists_of_the_reference_data_are_an_audience():
    body = the_config()
    body["lists"] = {"press": {"desk": {"email": "press@example.com"}}}
    rule = body["rules"][4] | {"audience": "list:press", "channels": ["email"], "template": "work_resolved"}
    body["rules"] = [rule | {"template": "watched_resolved"}]
    reference = build(body, 1)
    found = list(preview(reference.rules, reference.staff, "work_resolved", work(), a_customer(), usable))
    assert [meant.notice.recipient for meant in found[0].considered] == ["list:press/desk"]


def test_an_unknown_list_is_refused_at_its_rule():
    body = the_config()
    body["rules"][7] |= {"audience": "list:nobody"}
    with pytest.raises(ValidationError) as refused:
        build(body, 1)
    assert refused.value.fields == {"rules.7.audience": ["unknown list 'nobody'"]}


def test_an_unknown_kind_is_refused_at_its_rule():
    body = the_config()
    body["rules"][7] |= {"kind": "gossip"}
    with pytest.raises(ValidationError) as refused:
        build(body, 1)
    assert refused.value.fields == {"rules.7.kind": ["unknown kind 'gossip'"]}


def test_a_rule_is_named_by_event_and_audience():
    assert replace(a_rule(), event="work_closed").name == "work_closed/customer"
