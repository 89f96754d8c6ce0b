import phonenumbers

from deploy.demo import rules
from deploy.demo.log import read
from deploy.demo.reference import CAPACITY, DEFAULT_TEAM, bodies, people, routes
from tests.unit.demo.builders import a_row, an_incident

SAMPLE = {
    "intake": {"categories": {"printer": {}}, "priorities": {"kept": True}},
    "dispatch": {
        "teams": {"sample": {}},
        "default_team": "sample",
        "policies": [{"code": "sample"}],
        "calendars": {"always": {"zone": "Asia/Shanghai"}, "office": {"zone": "Asia/Shanghai"}},
        "flows": {"incident": {"start": "register", "for": "type == 'fault'"}, "complaint": {"start": "acknowledge"}},
    },
    "feedback": {"survey_days": 5},
    "notify": {
        "rules": [{"event": "work_assigned", "obsolete": ["work_resolved"]}],
        "kinds": {"work": {"quiet": False, "digest": {"after": 20}}},
        "quiet_hours": {"from": "22:00", "to": "08:00"},
        "staff": {"teams": {"sample": {"email": "a@example.com"}, "default": {"email": "b@example.com"}}},
    },
}


def test_a_category_leads_to_the_group_that_had_it_first_most_often():
    groups = ["Group 70", "Group 9", "Group 70"]
    assert routes(an_incident(a_row(group=group)) for group in groups) == {"Category 1/Subcategory 2": "Group 70"}


def test_among_equals_the_lowest_number_has_the_category():
    assert routes(an_incident(a_row(group=g)) for g in ("Group 70", "Group 9")) == {
        "Category 1/Subcategory 2": "Group 9"
    }


def test_a_category_without_any_recorded_group_leads_to_the_default_team():
    assert routes([an_incident(a_row(group=None))]) == {"Category 1/Subcategory 2": DEFAULT_TEAM}


def test_a_group_has_as_many_agents_as_people_were_seen_in_it_and_at_least_one():
    rows = a_row(person="Resolver 1"), a_row(person="Resolver 2"), a_row(person="Resolver 1"), a_row(group="Group 5")
    assert people([an_incident(*rows)]) == {"Group 5": 1, "Group 70": 2, DEFAULT_TEAM: 1}


def test_the_logs_codes_replace_the_samples_teams_and_categories_and_nothing_else():
    made = bodies([an_incident(a_row(person="Resolver 1"))], SAMPLE)
    category = "Category 1/Subcategory 2"
    assert made["intake"] == {
        "categories": {category: {"name": {"en": category, "zh-CN": category}}},
        "priorities": {"kept": True},
    }
    assert made["dispatch"]["default_team"] == DEFAULT_TEAM
    assert made["dispatch"]["teams"]["Group 70"] == {
        "name": "Group 70",
        "categories": [category],
        "supervisor": "group-70.supervisor",
    }
    assert made["dispatch"]["agents"]["group-70.01"] == {
        "name": "Group 70, agent 1",
        "teams": ["Group 70"],
        "capacity": CAPACITY,
        "role": "specialist",
    }
    assert made["dispatch"]["agents"]["group-70.supervisor"]["capacity"] == 0
    assert made["feedback"] == SAMPLE["feedback"]
    assert made["notify"] == {
        "rules": [{"event": "work_assigned"}],
        "kinds": {"work": {"quiet": False, "digest": None}},
        "quiet_hours": None,
        "staff": {"teams": {"default": {"email": "b@example.com"}}},
    }


def test_every_caller_has_an_address_and_a_number_of_its_own_that_nobody_has():
    callers = {incident.caller for incident in read()}
    phones = {rules.phone_of(caller) for caller in callers}
    assert rules.email_of("Caller 2403") == "caller-2403@example.com"
    assert rules.phone_of("Caller 2403") == "+441164960403"
    assert len(phones) == len(callers) == 639
    assert all(phonenumbers.is_valid_number(phonenumbers.parse(phone)) for phone in phones)


def test_the_promises_are_near_the_logs_own_and_the_rest_of_the_sample_is_left_out():
    rows = a_row("New"), a_row("Awaiting User Info", 2), a_row("Resolved", 3)
    dispatch = bodies([an_incident(*rows)], SAMPLE)["dispatch"]
    assert dispatch["calendars"] == {"always": {"zone": "UTC"}}
    assert dispatch["flows"] == {"incident": {"start": "register"}}
    assert dispatch["hold_reasons"] == {
        "awaiting_user_info": {"zh-CN": "Awaiting User Info", "en": "Awaiting User Info"}
    }
    [policy] = dispatch["policies"]
    assert {priority: target["resolution"] for priority, target in policy["targets"].items()} == {
        "P1": "15m",
        "P2": "15m",
        "P3": "90h",
        "P4": "90h",
    }
    assert "pause" not in policy
    assert policy["reopening"] == "resume"
