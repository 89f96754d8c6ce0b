"""Open work follows the stand-ins of those who have it."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.dispatch.domain import Order, Stage, State
from services.dispatch.domain.people.stand_ins import HandOver, Register, hand_over, resolve
from services.dispatch.domain.work.facets import Asked, Declined
from services.dispatch.domain.work.standing_in import acting, follow_stand_ins
from services.dispatch.errors import CycleOfStandIns, OverlappingHandOver
from tests.unit.dispatch.builders import NINE, accepted, after, an_order, held, types
from tests.unit.dispatch.courses import given_out, reported
from tests.unit.dispatch.people.test_stand_ins import a_register

AGENTS = ("a1", "a2", "a3", "a4")


def away(agent: str, to: str, since: float = 0, until: float = 10) -> HandOver:
    """Of that agent's work, from and to so many hours after nine."""
    return HandOver(
        id=f"{agent}-{to}-{since}",
        agent=agent,
        to=to,
        since=after(hours=since),
        until=after(hours=until),
        reason="on leave",
        by="head",
    )


def standing_in(*hand_overs: HandOver) -> Register:
    return a_register(*hand_overs, at=NINE)


def holders(order: Order) -> list[tuple[str | None, str | None]]:
    """(who has it, for whom) of each open step."""
    return [(visit.agent, visit.principal) for visit in order.visits]


def test_work_of_an_absent_agent_goes_to_the_stand_in():
    order, (fact,) = follow_stand_ins(an_order(), NINE, standing_in(away("a1", "a2")))

    assert holders(order) == [("a2", "a1")]
    assert (fact.type, fact.at) == ("work_handed_over", NINE)
    assert {name: fact.data[name] for name in ("from_agent", "agent", "principal", "why")} == {
        "from_agent": "a1",
        "agent": "a2",
        "principal": "a1",
        "why": "stands_in",
    }


def test_it_comes_back_at_the_end():
    register = standing_in(away("a1", "a2", until=10))
    order, _ = follow_stand_ins(an_order(), NINE, register)

    order, (fact,) = follow_stand_ins(order, after(hours=10), register)

    assert holders(order) == [("a1", None)]
    assert (fact.data["from_agent"], fact.data["agent"], fact.data["why"]) == ("a2", "a1", "returned")


def test_the_stand_in_has_still_to_accept_what_was_accepted():
    order, _ = follow_stand_ins(accepted(), NINE, standing_in(away("a1", "a2")))

    assert (order.state, order.visits[0].state) == (State.ASSIGNED, Stage.ASSIGNED)


def test_no_offer_runs_out_for_who_gets_work_by_a_hand_over():
    order = an_order()
    order = order.with_visit(replace(order.visits[0], accept_by=after(minutes=5)))

    order, _ = follow_stand_ins(order, NINE, standing_in(away("a1", "a2")))

    assert order.visits[0].accept_by is None


def test_held_work_is_handed_over_and_stays_held():
    order, (fact,) = follow_stand_ins(held(), NINE, standing_in(away("a1", "a2")))

    assert (order.state, holders(order), fact.data["held"]) == (State.HELD, [("a2", "a1")], True)


def test_work_goes_to_the_end_of_a_chain():
    order, _ = follow_stand_ins(an_order(), NINE, standing_in(away("a1", "a2"), away("a2", "a3")))

    assert holders(order) == [("a3", "a1")]


def test_work_that_a_stand_in_hands_on_stays_its_owners():
    register = standing_in(away("a1", "a2", until=3), away("a2", "a3", 1, 10))
    order, _ = follow_stand_ins(an_order(), NINE, register)

    passed_on, _ = follow_stand_ins(order, after(hours=1), register)
    back, _ = follow_stand_ins(passed_on, after(hours=3), register)

    assert [holders(passed_on), holders(back)] == [[("a3", "a1")], [("a1", None)]]


def test_nothing_happens_to_work_that_is_where_it_belongs():
    register = standing_in(away("a1", "a2"))
    order, _ = follow_stand_ins(an_order(), NINE, register)

    again, facts = follow_stand_ins(order, after(hours=1), register)

    assert (again is order, facts) == (True, [])


def test_work_of_others_and_work_that_waits_stay_as_they_are():
    register = standing_in(away("a1", "a2"))

    assert follow_stand_ins(an_order(agent="a3"), NINE, register)[1] == []
    assert follow_stand_ins(an_order(agent=None), NINE, register)[1] == []


def test_every_open_step_follows_for_itself():
    order = given_out(reported())  # two steps, both given to the same agent
    owner = str(order.visits[0].agent)
    order = order.with_visit(replace(order.visits[1], agent="a9"))

    order, facts = follow_stand_ins(order, NINE, standing_in(away(owner, "a2")))

    assert holders(order) == [("a2", owner), ("a9", None)]
    assert types(facts) == ["work_handed_over"]


def test_whom_the_work_complains_about_does_not_get_it_as_a_stand_in():
    order = replace(an_order(), asked=Asked(subject="a2"))

    order, (fact,) = follow_stand_ins(order, NINE, standing_in(away("a1", "a2")))

    assert (order.state, holders(order), fact.data["why"]) == (State.QUEUED, [(None, None)], "barred")


def test_who_has_declined_the_work_does_not_get_it_as_a_stand_in():
    declined = Declined(agent="a2", visit=1, at=NINE, reason="no time")

    order, (fact,) = follow_stand_ins(replace(accepted(), declined=(declined,)), NINE, standing_in(away("a1", "a2")))

    assert (order.state, holders(order), fact.data["why"]) == (State.QUEUED, [(None, None)], "barred")


def test_a_stand_in_whose_role_may_not_have_the_work_does_not_get_it():
    order, (fact,) = follow_stand_ins(an_order(), NINE, standing_in(away("a1", "a2")), lambda *_: False)

    assert (order.state, holders(order), fact.data["why"]) == (State.QUEUED, [(None, None)], "barred")


def test_work_comes_back_to_its_owner_whatever_roles_may():
    register = standing_in(away("a1", "a2", until=10))
    order, _ = follow_stand_ins(an_order(), NINE, register)

    order, (fact,) = follow_stand_ins(order, after(hours=10), register, lambda *_: False)

    assert (holders(order), fact.data["why"]) == ([("a1", None)], "returned")


def test_it_is_asked_of_who_has_the_work_at_the_end_of_the_chain():
    register = standing_in(away("a1", "a2"), away("a2", "a3"))

    order, _ = follow_stand_ins(an_order(), NINE, register, lambda _, visit, agent: (visit.number, agent) == (1, "a3"))

    assert holders(order) == [("a3", "a1")]


def test_work_in_replay_stays_where_it_is():
    order = replace(an_order(), replay_until=NINE)
    register = standing_in(away("a1", "a2"))

    assert follow_stand_ins(order, NINE, register) == (order, [])


def test_it_says_what_it_has_for_whom():
    order, _ = follow_stand_ins(an_order(), NINE, standing_in(away("a1", "a2")))

    assert (acting(order), acting(an_order())) == (["a1>a2"], [])


def test_the_fact_carries_what_it_changed():
    _, (fact,) = follow_stand_ins(an_order(), NINE, standing_in(away("a1", "a2")))

    assert sorted(fact.set or {}) == ["agent", "given", "visits"]


# whatever the timers do

TICKS = st.lists(st.tuples(st.integers(0, 30), st.booleans()), max_size=12)
ASKED = st.lists(
    st.builds(
        lambda agent, to, since, long: away(agent, to, since, since + long),
        st.sampled_from(AGENTS),
        st.sampled_from(AGENTS),
        st.integers(0, 20),
        st.integers(1, 10),
    ),
    max_size=12,
)


def accepted_of(asked: list[HandOver]) -> Register:
    register = Register()
    for one in asked:
        try:
            register, _ = hand_over(register, NINE, one)
        except (CycleOfStandIns, OverlappingHandOver):
            continue
    return register


def swept(work: list[Order], at: datetime, register: Register, cut_off: int) -> list[Order]:
    """What a timer makes of all work; what comes behind `cut_off` it does not come to."""
    return [follow_stand_ins(order, at, register)[0] if place < cut_off else order for place, order in enumerate(work)]


@given(ASKED, TICKS, st.randoms())
def test_late_doubled_and_cut_off_timers_give_the_same_holders(
    asked: list[HandOver], ticks: list[tuple[int, bool]], chance: random.Random
) -> None:
    register = accepted_of(asked)
    work = [an_order(agent=agent) for agent in AGENTS]

    for hours, whole in sorted(ticks):
        cut_off = len(work) if whole else chance.randrange(len(work))
        work = swept(work, after(hours=hours), register, cut_off)
    last = after(hours=max((hours for hours, _ in ticks), default=0))
    work = swept(swept(work, last, register, len(work)), last, register, len(work))

    assert [order.agent for order in work] == [resolve(register, agent, last) for agent in AGENTS]


@given(ASKED, TICKS)
def test_after_the_end_all_work_is_its_owners_again(asked: list[HandOver], ticks: list[tuple[int, bool]]) -> None:
    register = accepted_of(asked)
    work = [an_order(agent=agent) for agent in AGENTS]
    for hours, _ in sorted(ticks):
        work = swept(work, after(hours=hours), register, len(work))

    work = swept(work, after(hours=40) + timedelta(hours=1), register, len(work))

    assert [holders(order) for order in work] == [[(agent, None)] for agent in AGENTS]
