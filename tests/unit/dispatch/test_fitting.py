"""What an agent may have of the work that waits, as filters of the database."""

import re
from dataclasses import replace

import pytest

from services.dispatch.domain.assigning.assignment import Assignment, UnitsRule
from services.dispatch.domain.assigning.limits import speaks
from services.dispatch.domain.reference.matter import MATTER
from services.dispatch.storage.fitting import Fitting, for_any, within_limits
from shared.conditions import condition
from tests.unit.dispatch.builders import an_agent, an_order

HEAVY_P1 = Assignment(units=(UnitsRule(units=5, when=condition("priority == 'P1'", MATTER)),))
INTERNS = Assignment(roles={"intern": condition("type == 'enquiry' && team != 'desk'", MATTER)})
ALL_THE_SAME = Assignment(units=(UnitsRule(units=5),))


def passed_over(assignment, limits, role="specialist", asking=None):
    """What else is asked of waiting work, once those limits have excluded the agent from a step for that role."""
    order = an_order(agent=None)
    visit = replace(order.visits[0], need=replace(order.visits[0].need, role=asking))
    fitting = Fitting(an_agent(role=role), assignment)
    for _ in range(2):
        fitting.refused(order, visit, limits)
    return fitting.wanted().get("$nor")


def test_an_agent_without_limits_of_its_own_may_have_what_it_did_not_decline_and_is_not_about_it():
    assert within_limits(an_agent("a1")) == {
        "asked.subject": {"$ne": "a1"},
        "declined.agent": {"$ne": "a1"},
        "visits": {"$elemMatch": {"agent": None, "$or": [{"need.skill": None}]}},
    }


def test_what_an_agent_cannot_do_does_not_serve_or_has_enough_of_is_not_for_it():
    agent = an_agent(skills={"radio": 2}, channels=("phone",), at_once={"fault": 2, "visit": 1}, kinds={"fault": 2})

    wanted = within_limits(agent)

    skilled = [{"need.skill": None}, {"need.skill": "radio", "need.level": {"$lte": 2}}]
    assert wanted["visits"] == {"$elemMatch": {"agent": None, "$or": skilled}}
    assert wanted["channel"] == {"$in": ["", "phone"]}
    assert wanted["type"] == {"$nin": ["fault"]}


@pytest.mark.parametrize("spoken", [("en",), ("en-GB",), ("zh-CN", "en"), ("e",)])
@pytest.mark.parametrize("asked", ["en", "en-GB", "en-US", "zh", "zh-CN", "zh-TW", "eng", "de"])
def test_the_languages_of_a_filter_are_those_that_will_do(spoken, asked):
    patterns = within_limits(an_agent(languages=spoken))["asked.language"]["$in"]

    found = any(one.match(asked) if isinstance(one, re.Pattern) else one == asked for one in patterns)

    assert found is speaks(spoken, asked)


def test_of_several_any_may_have_it():
    both = an_agent("a1"), an_agent("a2", channels=("phone",))

    assert for_any(both) == {"$or": [within_limits(agent) for agent in both]}


def test_what_is_too_heavy_is_passed_over_with_all_that_weighs_the_same():
    assert passed_over(HEAVY_P1, ["capacity"]) == [{"priority": "P1"}]


def test_what_a_role_may_not_do_is_passed_over_with_all_that_is_alike():
    assert passed_over(INTERNS, ["role"], role="intern") == [{"type": "fault", "own_team": "it"}]


def test_without_conditions_what_is_too_heavy_leaves_nothing():
    assert passed_over(ALL_THE_SAME, ["capacity"]) == [{}]


@pytest.mark.parametrize("limits", [[], ["declined"], ["serves", "level"]])
def test_what_other_limits_exclude_says_nothing_of_other_work(limits):
    assert passed_over(HEAVY_P1, limits) is None


def test_a_step_for_another_role_says_nothing_of_the_matter():
    assert passed_over(HEAVY_P1, ["role"], role="intern", asking="expert") is None
