from services.notify.domain.audience import AddressBook, Contact
from services.notify.domain.rules import needs_customer, notices, rules_for
from shared.conditions import condition
from tests.unit.notify.builders import a_customer, a_rule, work

BOOK = AddressBook(
    agents={
        "agent-17": Contact(email="agent-17@example.com", language="en"),
        "agent-18": Contact(phone="+441164960001"),
    },
    teams={"network": Contact(email="network@example.com"), "default": Contact(email="desk@example.com")},
    supervisors={"default": Contact(email="supervisors@example.com", phone="+441164960002")},
    duty_managers={"network": Contact(email="duty@example.com")},
)


def told(rule, data=None, customer=None):
    (notice,) = notices([rule], BOOK, data or work(), customer)
    return notice.recipient, notice.channel, notice.to


def test_only_the_rules_of_the_event_are_followed():
    assert rules_for([a_rule(), a_rule(event="survey_due")], "survey_due", {}) == [a_rule(event="survey_due")]


def test_a_customer_is_told_by_the_channel_of_the_rule():
    assert told(a_rule(channels=("sms",)), customer=a_customer()) == ("customer:c-7", "sms", "+441164960403")


def test_a_customer_without_that_address_is_told_by_the_fallback():
    customer = a_customer(phone=None)
    assert told(a_rule(channels=("sms", "email")), customer=customer) == (
        "customer:c-7",
        "email",
        "customer@example.com",
    )


def test_a_customer_without_any_address_of_the_rule_is_told_nowhere():
    assert told(a_rule(channels=("sms",)), customer=a_customer(phone=None)) == ("customer:c-7", "sms", None)


def test_a_customers_preference_decides_between_the_channels_of_the_rule():
    customer = a_customer(preferred_channels=("phone", "email"))
    assert told(a_rule(channels=("sms", "email")), customer=customer)[1] == "email"


def test_a_preference_for_a_channel_outside_the_rule_changes_nothing():
    assert told(a_rule(channels=("sms",)), customer=a_customer(preferred_channels=("email",)))[1] == "sms"


def test_an_agent_is_told_at_the_own_address():
    rule = a_rule(audience="agent", channels=("email",))
    assert told(rule) == ("agent:agent-17", "email", "agent-17@example.com")


def test_an_agent_without_an_address_is_told_at_the_teams():
    rule = a_rule(audience="agent", channels=("email",))
    assert told(rule, work(agent="agent-99")) == ("agent:agent-99", "email", "network@example.com")


def test_the_teams_mailbox_comes_before_the_agents_own_fallback():
    rule = a_rule(audience="agent", channels=("email", "sms"))
    assert told(rule, work(agent="agent-18"))[2] == "network@example.com"


def test_work_that_nobody_has_yet_is_told_to_the_team():
    rule = a_rule(audience="agent", channels=("email",))
    assert told(rule, work(agent=None)) == ("team:network", "email", "network@example.com")


def test_a_team_without_a_mailbox_uses_the_default_one():
    rule = a_rule(audience="team", channels=("email",))
    assert told(rule, work(team="Group 70")) == ("team:Group 70", "email", "desk@example.com")


def test_a_supervisor_is_told_of_the_own_team():
    rule = a_rule(audience="supervisor", channels=("sms",))
    assert told(rule) == ("supervisor:network", "sms", "+441164960002")


def test_a_duty_manager_is_told_of_the_own_team():
    rule = a_rule(audience="duty_manager", channels=("email",))
    assert told(rule) == ("duty_manager:network", "email", "duty@example.com")
    assert told(rule, work(team="Group 70")) == ("duty_manager:Group 70", "email", None)


def named(*tell, **given):
    return [
        notice.recipient
        for notice in notices([a_rule(audience="told", channels=("email",))], BOOK, work(tell=tell, **given), None)
    ]


def test_an_event_that_names_its_audience_is_told_to_exactly_those():
    assert named("supervisor", "owner") == ["supervisor:network", "agent:agent-17"]
    assert named("duty_manager") == ["duty_manager:network"]
    assert named() == []


def test_owner_and_team_are_one_where_nobody_has_the_work():
    assert named("owner", "team", agent=None) == ["team:network"]


def test_an_event_of_several_steps_is_told_to_all_whom_it_names():
    both = {"teams": ["network", "accounts"], "owners": ["agent-17", "agent-18"]}
    assert named("owner", **both) == ["agent:agent-17", "agent:agent-18"]
    assert named("team", "supervisor", "duty_manager", **both) == [
        *("team:network", "team:accounts", "supervisor:network", "supervisor:accounts"),
        *("duty_manager:network", "duty_manager:accounts"),
    ]


def test_a_step_that_nobody_has_is_told_to_its_team_beside_the_owners_of_the_others():
    assert named("owner", agent=None, teams=["network", "accounts"], owners=["agent-18"]) == [
        *("team:network", "agent:agent-18"),
    ]
    assert named("owner", agent=None, teams=["network", "accounts"], owners=[]) == ["team:network", "team:accounts"]


def test_who_has_a_step_of_another_team_is_not_told_at_the_first_ones_mailbox():
    both = work(teams=["network", "accounts"], owners=["agent-17", "agent-99"])
    rule = a_rule(audience="agent", channels=("email",))
    assert [notice.to for notice in notices([rule], BOOK, both, None)] == ["agent-17@example.com", "desk@example.com"]


def test_an_event_that_names_no_others_is_about_who_has_the_work():
    assert named("owner", "supervisor", teams=[], owners=[]) == ["agent:agent-17", "supervisor:network"]


def test_the_same_people_are_not_told_twice_as_two_audiences():
    owed = [a_rule(audience="agent", channels=("email",)), a_rule(audience="team", channels=("email",))]
    assert [notice.recipient for notice in notices(owed, BOOK, work(agent=None), None)] == ["team:network"]


def test_a_fallback_tells_nobody_what_another_rule_tells_by_that_channel():
    fallen = a_rule(audience="agent", channels=("sms", "email"))
    both = [fallen, a_rule(audience="team", channels=("email",))]
    assert [(n.recipient, n.channel) for n in notices(both, BOOK, work(agent=None), None)] == [
        ("team:network", "email")
    ]


def test_the_language_is_the_recipients_own():
    (notice,) = notices([a_rule(audience="agent", channels=("email",))], BOOK, work(), None)
    assert notice.language == "en"


def test_a_customer_is_needed_only_where_a_rule_tells_one():
    assert needs_customer([a_rule()])
    assert not needs_customer([a_rule(audience="team")])


def test_those_who_watch_the_work_are_told_at_their_own_addresses_only():
    rule = a_rule(audience="watchers", channels=("email",))
    owed = notices([rule], BOOK, work(watchers=["agent-17", "agent-99"]), None)
    assert [(notice.recipient, notice.to) for notice in owed] == [
        ("agent:agent-17", "agent-17@example.com"),
        ("agent:agent-99", None),
    ]


def test_who_has_the_work_and_watches_it_too_is_told_once():
    owed = [
        a_rule(audience="agent", channels=("email",)),
        a_rule(audience="watchers", channels=("email",), template="watched"),
    ]
    told_ = notices(owed, BOOK, work(watchers=["agent-17"]), None)
    assert [notice.rule.template for notice in told_] == ["work_closed"]


def test_a_rule_with_a_condition_is_followed_only_where_that_holds():
    rule = a_rule(event="work_lapsed", when=condition("offers >= 3", {"offers": "number"}))
    assert rules_for([rule], "work_lapsed", {"offers": 2}) == []
    assert rules_for([rule], "work_lapsed", {"offers": 3}) == [rule]
