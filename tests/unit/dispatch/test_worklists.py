from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings

from services.dispatch import domain
from services.dispatch.domain.work import supervising
from services.dispatch.domain.work.turn import place
from services.dispatch.domain.work.worklists import ACTIONS, LISTS, act_by, keys_of, lists_of, next_action
from services.dispatch.storage import worklists
from shared.errors import ValidationError
from tests.unit.dispatch.builders import a_policy, accepted, after, an_order, held, reference, resolved, with_updates
from tests.unit.dispatch.courses import given_out, open_steps, reported
from tests.unit.dispatch.random_work import rolled_timelines, timelines

LIMITED = reference(supervision={"hold_limits": {"waiting_for_customer": "2d", "waiting_for_parts": "1h"}})


def at(order, **elapsed):
    """The work so long after nine."""
    return domain.advance(order, after(**elapsed))[0]


def stranded(order, why="capacity"):
    """The same, nobody at all can take its steps."""
    return order.with_visits(*(replace(visit, stranded=why) for visit in order.visits))


def following(order):
    found = next_action(order)
    return found.action, found.by, found.who


# lists


def test_fresh_work_that_was_taken_up_stands_in_no_list():
    assert lists_of(accepted()) == {}
    assert keys_of(accepted()) == []


def test_work_is_near_from_its_warning_on_and_then_missed():
    order = accepted()

    assert [list(lists_of(at(order, minutes=minutes))) for minutes in (11, 12, 14, 15)] == [
        [],
        ["near"],
        ["near"],
        ["missed"],
    ]


def test_one_clock_may_be_near_while_another_has_missed():
    assert list(lists_of(at(accepted(), hours=3, minutes=30))) == ["near", "missed"]


def test_work_leaves_missed_when_what_was_missed_is_done():
    order, _ = domain.respond(at(accepted(), minutes=20), after(minutes=20))

    assert lists_of(order) == {}


def test_a_clock_that_stands_still_is_in_no_list():
    order, _ = domain.hold(at(accepted(), minutes=20), after(minutes=20), "waiting_for_customer")

    assert lists_of(order) == {}


def test_work_is_urged_until_its_owner_does_something():
    order, _ = supervising.urge(accepted(), after(), by="customer")
    assert list(lists_of(order)) == ["urged"]

    assert lists_of(domain.respond(order, after())[0]) == {}


def test_work_is_unaccepted_from_when_it_is_given_until_it_is_taken_up():
    assert list(lists_of(an_order())) == ["unaccepted"]
    assert lists_of(domain.accept(an_order(), after())[0]) == {}
    assert lists_of(an_order(agent=None)) == {}


def test_a_hold_is_too_long_from_its_limit_until_the_work_goes_on():
    order = held(book=LIMITED)
    assert lists_of(order) == {}

    order = at(order, days=2)
    assert list(lists_of(order)) == ["held_long"]

    assert list(lists_of(domain.resume(order, after(days=2))[0])) == ["unaccepted"]


def test_reopened_work_is_listed_until_it_is_resolved_again():
    order, _ = domain.reopen(resolved(), after(hours=1), reason="again", cause="customer")
    assert list(lists_of(order)) == ["reopened"]

    order, _ = domain.assign(order, after(hours=1), "a1")
    assert lists_of(domain.resolve(order, after(hours=2), "Done")[0]) == {}


def test_work_that_nobody_can_take_is_stranded_as_long_as_nobody_has_it():
    order = stranded(an_order(agent=None))
    assert list(lists_of(order)) == ["stranded"]

    assert list(lists_of(domain.assign(order, after(), "a1")[0])) == ["unaccepted"]


def test_work_that_is_over_stands_in_no_list():
    late, _ = supervising.urge(at(accepted(), hours=5), after(hours=5), by="customer")

    assert lists_of(domain.resolve(late, after(hours=5), "Done")[0]) == {}
    assert lists_of(domain.withdraw(late, after(hours=5), "found it")[0]) == {}


# keys


def test_each_list_has_a_key_for_itself_and_one_for_each_team_agent_type_and_tier():
    order = an_order(tier="gold")

    assert keys_of(order) == [
        "unaccepted",
        "unaccepted|team=it",
        "unaccepted|agent=a1",
        "unaccepted|type=fault",
        "unaccepted|tier=gold",
    ]


def test_a_list_is_of_the_teams_and_agents_of_the_steps_by_which_the_work_stands_in_it():
    order = domain.advance(given_out(reported()), after(minutes=30))[0]  # the survey has an hour, warned at half
    order, _ = domain.respond(order, after(minutes=30))

    assert open_steps(order) == ["survey", "approval"]
    assert [key for key in keys_of(order) if key.startswith("near")] == [
        "near",
        "near|team=it",
        "near|agent=surveyer",
        "near|type=fault",
    ]


def test_a_promise_of_the_whole_work_is_every_owners():
    order = at(given_out(reported()), minutes=12)

    assert {key for key in keys_of(order) if "team=" in key or "agent=" in key} == {
        "near|team=it",
        "near|team=desk",
        "near|agent=surveyer",
        "near|agent=approvaler",
    }


# what is next


def test_work_that_waits_is_to_be_given_to_somebody_by_its_first_deadline():
    assert following(an_order(agent=None)) == ("assign", after(minutes=15), ())


def test_work_that_nobody_can_take_is_the_duty_managers():
    assert following(stranded(an_order(agent=None))) == ("find_somebody", after(minutes=15), ("duty",))


def test_given_work_is_to_be_accepted_by_its_first_deadline_or_its_offers_end():
    order = an_order()
    offered = order.with_visit(replace(order.visits[0], accept_by=after(minutes=5)))

    assert following(order) == ("accept", after(minutes=15), ("a1",))
    assert following(offered) == ("accept", after(minutes=5), ("a1",))


def test_accepted_work_wants_a_response_first_and_then_a_solution():
    assert following(accepted()) == ("respond", after(minutes=15), ("a1",))

    assert following(domain.respond(accepted(), after())[0]) == ("resolve", after(hours=4), ("a1",))


def test_the_next_update_comes_before_a_later_deadline():
    order, _ = domain.respond(accepted(book=reference(with_updates("1h"))), after(minutes=5))

    assert following(order) == ("update_customer", after(minutes=65), ("a1",))


def test_a_step_is_to_be_completed_by_its_own_limit_before_that_of_the_whole():
    order, _ = domain.respond(given_out(reported()), after())

    assert following(order) == ("complete_step", after(hours=1), ("surveyer",))


def test_an_urge_is_to_be_answered_before_the_next_one_may_come():
    order, _ = domain.respond(accepted(), after())
    order, _ = supervising.urge(order, after(minutes=10), by="customer")

    assert following(order) == ("answer_urge", after(minutes=40), ("a1",))


def test_what_is_late_already_comes_first():
    order, _ = supervising.urge(at(accepted(), hours=1), after(hours=1), by="customer")

    found = next_action(order)

    assert (found.action, found.by, found.late(after(hours=1)), found.late(after(minutes=15))) == (
        "respond",
        after(minutes=15),
        True,
        False,
    )


def test_held_work_is_to_be_resumed_before_the_hold_is_too_long_or_a_clock_that_goes_on_is_due():
    assert following(held(book=LIMITED)) == ("resume", after(days=2), ("a1",))
    assert following(held(reason="other")) == ("respond", after(minutes=15), ("a1",))
    assert following(domain.respond(held(reason="other"), after())[0]) == ("resume", after(hours=4), ("a1",))
    assert following(held()) == ("resume", None, ("a1",))


def test_work_in_triage_is_to_be_said_what_it_is_by_whoever_took_it_up():
    assert following(replace(accepted(), triage=True))[0] == "respond"
    answered, _ = domain.respond(replace(accepted(), triage=True), after())

    assert following(answered) == ("triage", after(hours=4), ("a1",))


def test_nothing_is_next_for_work_that_is_over():
    assert next_action(resolved()) is None


def test_every_action_has_a_name_in_both_languages():
    assert all(set(names) == {"zh-CN", "en"} and all(names.values()) for names in ACTIONS.values())


# as stored and asked for


def test_a_document_is_found_by_its_keys_in_order_of_when_something_is_to_be_done():
    order = an_order()

    assert worklists.listed(order) == {"lists": keys_of(order), "act_by": place(after(minutes=15), order.order_no)}
    assert worklists.listed(accepted()) == {"lists": [], "act_by": None}


def test_work_that_has_no_time_stands_last():
    order, _ = supervising.urge(an_order(), after(), by="customer")
    timeless = replace(order, clocks={}, pressure=replace(order.pressure, unanswered=0))

    assert worklists.listed(timeless)["act_by"] > worklists.listed(order)["act_by"]


@pytest.mark.parametrize(
    ("filters", "wanted"),
    [
        ({}, {"lists": "missed"}),
        ({"team": "it"}, {"lists": "missed|team=it"}),
        (
            {"tier": "gold", "agent": "a1"},
            {"lists": "missed|agent=a1", "$expr": {"$setIsSubset": [["missed|tier=gold"], "$lists"]}},
        ),
        (
            {"type": "fault", "tier": "gold", "team": "it"},
            {
                "lists": "missed|team=it",
                "$expr": {"$setIsSubset": [["missed|type=fault", "missed|tier=gold"], "$lists"]},
            },
        ),
    ],
)
def test_of_several_filters_the_narrowest_chooses_what_is_read(filters, wanted):
    assert worklists.query("missed", filters, None) == wanted


@pytest.mark.parametrize("after", ["x", "W-1", "🙂", "MDYzOTA4MDY3NjAwMDAw", "", "%%%"])
def test_a_cursor_that_no_page_gave_is_refused(after):
    with pytest.raises(ValidationError) as refused:
        worklists.query("missed", {}, after)
    assert list(refused.value.fields) == ["after"]


def test_a_row_says_what_is_next_in_both_languages_and_whether_it_is_late():
    row = worklists.row(at(accepted(), minutes=20), after(minutes=20))

    assert row["next"] == {
        "action": "respond",
        "name": {"zh-CN": "首次响应客户", "en": "respond to the customer"},
        "by": after(minutes=15),
        "late": True,
        "team": "it",
        "who": ["a1"],
    }
    assert (row["order_no"], row["lists"], row["urges"]) == ("W-100001", ["missed"], 0)


# whatever happens


@given(timelines() | rolled_timelines())
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_open_work_always_has_something_next_and_what_is_over_stands_nowhere(timeline):
    for _, order in timeline.stood:
        over = order.state in ("resolved", "closed", "withdrawn")
        assert (next_action(order) is None) == over
        assert set(lists_of(order)) <= (set() if over else set(LISTS))
        assert ("missed" in lists_of(order)) == any(c.missed and c.since for c in order.clocks.values() if not over)
        assert act_by(order) == ((found.by if (found := next_action(order)) else None) or act_by(resolved()))
        assert len(keys_of(order)) == len(set(keys_of(order)))


def test_a_policy_that_never_warns_never_lists_as_near():
    order = accepted(book=reference(a_policy(warn_at=[])))

    assert lists_of(at(order, minutes=14)) == {}
