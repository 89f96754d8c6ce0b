from dataclasses import replace
from pathlib import Path

import pytest

from deploy.apply import load as read_files
from services.dispatch import domain
from services.dispatch.domain import Reference
from services.dispatch.domain.clocks.pin import Pin
from services.dispatch.domain.clocks.promise import Promise
from services.dispatch.domain.flows.flow import ONE_STEP
from services.dispatch.domain.flows.steps import Limit
from services.dispatch.domain.reference.policy import PROMISED
from services.dispatch.schemas.reference import ReferenceData
from shared.errors import NotFound, ValidationError
from shared.schemas import load
from tests.unit.dispatch.declared import a_body, a_policy, faults, read
from tests.unit.dispatch.times import hours

MATTER = {"type": "fault", "category": "network", "priority": "P1", "tier": "standard", "channel": "web", "team": "it"}


@pytest.fixture(scope="module")
def shipped():
    """The body that `loopdesk apply` puts together from deploy/config."""
    bodies, found = read_files(Path("deploy/config"))
    assert not [fault for fault in found if fault.file.startswith("dispatch")]
    return bodies["dispatch"]


# what is there


def test_what_is_not_there_is_not_found():
    for look in (read().team, read().calendar, read().policy, read().flow):
        with pytest.raises(NotFound):
            look("gardeners")


def test_everything_has_the_version_that_it_was_read_as():
    reference = read()

    assert (reference.version, reference.policy("standard").pin, reference.calendar("office").version) == (
        7,
        Pin("standard", 7),
        7,
    )


def test_a_category_goes_to_the_team_that_lists_it_and_any_other_to_the_default_team():
    assert (read().team_for("network").code, read().team_for("gardens").code) == ("it", "desk")


def test_a_team_knows_who_is_called_and_who_helps():
    desk, it = read().team("desk"), read().team("it")

    assert (desk.supervisor, desk.duty_manager, it.expert_team) == ("chief.desk", "duty", "desk")


def test_an_agent_is_a_specialist_without_skills_unless_declared_otherwise():
    agents = {
        "a1": {"name": "Agent 1", "teams": ["it"], "capacity": 1},
        "a2": {"name": "Agent 2", "teams": ["it"], "capacity": 1, "role": "expert", "skills": ["network"]},
    }
    declared = read(agents=agents).agents

    assert [(declared[agent_id].role, declared[agent_id].skills) for agent_id in agents] == [
        ("specialist", {}),
        ("expert", {"network": 3}),
    ]


def test_a_hold_reason_has_names():
    assert read().hold_reason("waiting_for_parts")["en"] == "Waiting for parts"


def test_an_unknown_hold_reason_is_refused_with_the_known_ones():
    with pytest.raises(ValidationError) as refused:
        read().hold_reason("lunch")

    assert refused.value.fields == {
        "reason": ["no hold reason 'lunch'; known are waiting_for_customer, waiting_for_parts"]
    }


def test_a_step_or_group_is_limited_in_its_own_calendar_or_in_that_of_the_policy():
    reference = read(calendars=a_body()["calendars"], policies=[a_policy(calendar="always")])
    policy = reference.policy("standard")
    flow = replace(ONE_STEP, code="fault", version=3)

    usual = reference.limit_terms(flow, Limit(within="2h", warn_at=(0.5,)), policy)
    own = reference.limit_terms(flow, Limit(within="1wd", calendar="office"), policy)

    assert (usual.target, usual.calendar.code, usual.source) == (hours(2), "always", Pin("fault", 3))
    assert [mark.key for mark in usual.marks] == ["near/0.5", "missed"]
    assert (own.target, own.calendar.code) == (hours(8), "office")
    assert reference.limit_terms(flow, None, policy) is None


# what does not fit together


def test_a_category_has_one_team():
    teams = {"desk": {"name": "A", "categories": ["x"]}, "b": {"name": "B", "categories": ["x"]}}

    assert faults(teams=teams) == {"teams.b.categories": ["'x' is with team 'desk' already"]}


def test_the_default_team_must_be_there():
    assert faults(default_team="gardeners") == {"default_team": ["no team 'gardeners'; known are desk, it"]}


@pytest.mark.parametrize("helper", ["gardeners", "desk"])
def test_an_expert_team_is_another_team_that_is_there(helper):
    assert list(faults(teams={"desk": {"name": "Desk", "expert_team": helper}})) == ["teams.desk.expert_team"]


def test_no_team_has_the_name_that_stands_for_any_expert_team():
    assert list(faults(teams={"desk": {"name": "Desk"}, "expert": {"name": "Experts"}})) == ["teams.expert"]


def test_a_declared_agent_is_on_teams_and_has_skills_that_are_there():
    agents = {"a1": {"name": "Agent 1", "teams": ["gardeners"], "capacity": 1, "skills": ["digging"]}}

    assert faults(agents=agents) == {
        "agents.a1.teams": ["no team 'gardeners'; known are desk, it"],
        "agents.a1.skills": ["no skill 'digging'; known are network"],
    }


def test_a_declared_agent_takes_channels_that_are_declared_where_any_are():
    agents = {"a1": {"name": "Agent 1", "teams": ["it"], "capacity": 1, "channels": ["fone"]}}

    assert faults(agents=agents, channels={"phone": "Phone"}) == {
        "agents.a1.channels": ["no channel 'fone'; known are phone"]
    }
    assert read(agents=agents).agents["a1"].channels == ("fone",)


@pytest.mark.parametrize("named", ["supervisor", "duty_manager"])
def test_whom_a_team_names_is_declared_where_agents_are(named):
    teams = a_body()["teams"]
    teams["it"] |= {named: "nobody"}
    agents = {"a1": {"name": "Agent 1", "teams": ["it"], "capacity": 1}}

    assert faults(teams=teams, agents=agents) == {
        f"teams.it.{named}": ["no agent 'nobody'; known are chief.desk, duty, a1"],
    }
    assert getattr(read(teams=teams).team("it"), named) == "nobody"


def test_faults_of_teams_agents_calendars_policies_and_flows_are_told_together():
    flow = {
        "name": {"zh-CN": "流", "en": "Flow"},
        "start": "work",
        "steps": {"work": {"name": {"zh-CN": "做", "en": "Work"}, "who": {"team": "gardeners"}, "next": "end"}},
    }

    found = faults(
        default_team="gardeners",
        agents={"a1": {"name": "Agent 1", "teams": ["gardeners"], "capacity": 1}},
        calendars=a_body()["calendars"] | {"nights": {"name": "Nights", "zone": "UTC", "week": {}}},
        policies=[a_policy(calendar="nights", pause={"lunch": ["resolution"]})],
        flows={"gardening": flow},
    )

    assert sorted({path.split(".")[0] for path in found}) == [
        "agents",
        "calendars",
        "default_team",
        "flows",
        "policies",
    ]
    assert all(path.startswith(("calendars.nights", "flows.gardening.")) for path in found if path[:2] in ("ca", "fl"))


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"teams": {"desk": {}}}, "teams.desk.name"),
        ({"teams": {}}, "teams"),
        ({"policies": []}, "policies"),
        ({"policies": None}, "policies"),
        ({"targets": {}}, "targets"),
        ({"agents": {"a1": {"name": "A", "teams": ["it"], "capacity": "3"}}}, "agents.a1.capacity"),
        ({"agents": {"a1": {"name": "A", "teams": ["it"], "capacity": 1, "role": "chief"}}}, "agents.a1.role"),
        ({"hold_reasons": {"lunch": {"en": "Lunch"}}}, "hold_reasons.lunch"),
        ({"calendars": {"office": "nine to five"}}, "calendars.office"),
    ],
)
def test_what_has_another_form_is_refused_at_its_place(changes, path):
    assert list(faults(**changes)) == [path]


# what is shipped


def test_what_holds_before_anything_is_applied_is_valid():
    load(ReferenceData, domain.BEFORE_FIRST_APPLY)
    reference = Reference.from_dict(domain.BEFORE_FIRST_APPLY)

    terms = reference.policy_for(MATTER).terms(Promise.RESOLUTION, "P1", reference.calendars)
    assert (terms.target, reference.flow_for(MATTER)) == (hours(4), None)


def test_every_shipped_reason_to_hold_has_a_limit(shipped):
    assert set(shipped["supervision"]["hold_limits"]) == set(shipped["hold_reasons"])


def test_what_is_shipped_is_valid(shipped):
    load(ReferenceData, shipped)

    assert Reference.from_dict(shipped, 1).team_for("network").code == "it"


@pytest.mark.parametrize(
    ("matter", "policy"),
    [
        ({"type": "complaint", "tier": "vip"}, "complaint"),
        ({"type": "fault", "tier": "gold"}, "vip"),
        ({"type": "enquiry", "tier": "vip"}, "vip"),
        ({"type": "suggestion", "tier": "vip"}, "enquiry"),
        ({"type": "enquiry"}, "enquiry"),
        ({"type": "fault"}, "standard"),
        ({"type": "request"}, "standard"),
        ({"type": ""}, "standard"),
    ],
)
def test_the_shipped_policies_are_chosen_by_type_and_tier(shipped, matter, policy):
    assert Reference.from_dict(shipped, 1).policy_for(MATTER | matter).code == policy


def test_the_shipped_policies_tell_before_it_is_late_and_climb_to_the_duty_manager(shipped):
    reference = Reference.from_dict(shipped, 1)
    told, moved, raised = set(), set(), set()
    for policy in reference.policies:
        for promise in PROMISED:
            for limit in filter(None, (limits.get(promise) for limits in policy.targets.values())):
                told |= {audience for level in limit.escalations for audience in level.tell}
                moved |= {level.move_to for level in limit.escalations if level.move_to}
                raised |= {policy.code for level in limit.escalations if level.raise_priority}

    assert (told, moved, raised) == (
        {"owner", "team", "supervisor", "duty_manager"},
        {"expert"},
        {"standard"},
    )
    assert {policy.reopening for policy in reference.policies} == {"restart", "resume"}


def test_every_shipped_team_has_a_duty_manager_who_is_declared(shipped):
    reference = Reference.from_dict(shipped, 1)

    assert {team.duty_manager for team in reference.teams.values()} <= set(reference.agents)
    assert {team.supervisor for team in reference.teams.values()} <= set(reference.agents)


def test_an_agent_of_each_role_is_shipped(shipped):
    roles = {agent.role for agent in Reference.from_dict(shipped, 1).agents.values()}

    assert roles == {"intern", "specialist", "expert", "supervisor"}
