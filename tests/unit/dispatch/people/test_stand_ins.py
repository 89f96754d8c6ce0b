"""Who stands in for whom: chains, cycles, periods, and that no timer matters."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.dispatch.domain.people.stand_ins import (
    AT_ONCE,
    HandOver,
    Register,
    away,
    cancel,
    chain,
    hand_over,
    next_end,
    resolve,
    settle,
)
from services.dispatch.errors import CycleOfStandIns, OverlappingHandOver, TooManyHandOvers
from shared.errors import NotFound, ValidationError

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
AGENTS = ("a1", "a2", "a3", "a4", "a5")


def hour(number: float) -> datetime:
    """So many hours after noon."""
    return NOON + timedelta(hours=number)


def a_hand_over(agent: str, to: str, since: float = 0, until: float = 10, id: str | None = None) -> HandOver:
    """Of that agent's work, from and to so many hours after noon."""
    return HandOver(
        id=id or f"{agent}-{to}-{since}",
        agent=agent,
        to=to,
        since=hour(since),
        until=hour(until),
        reason="on leave",
        by="head",
    )


def a_register(*hand_overs: HandOver, at: datetime = NOON) -> Register:
    """With these, made one after the other at that time."""
    register = Register()
    for one in hand_overs:
        register, _ = hand_over(register, at, one)
    return register


def test_work_is_the_stand_ins_from_the_start_up_to_the_end() -> None:
    register = a_register(a_hand_over("a1", "a2", 1, 3))

    holders = [resolve(register, "a1", hour(at)) for at in (0.9, 1, 2.9, 3)]

    assert holders == ["a1", "a2", "a2", "a1"]


def test_stand_ins_chain() -> None:
    register = a_register(a_hand_over("a1", "a2"), a_hand_over("a2", "a3"))

    assert chain(register, "a1", hour(1)) == ("a1", "a2", "a3")


def test_a_chain_is_as_long_as_all_of_it_is_in_force() -> None:
    register = a_register(a_hand_over("a1", "a2", 0, 10), a_hand_over("a2", "a3", 2, 4))

    assert [resolve(register, "a1", hour(at)) for at in (1, 2, 4)] == ["a2", "a3", "a2"]


def test_who_is_away_and_who_has_their_work() -> None:
    register = a_register(a_hand_over("a1", "a2"), a_hand_over("a2", "a3"), a_hand_over("a4", "a5", 5, 6))

    assert away(register, hour(1)) == {"a1": "a3", "a2": "a3"}


def test_handing_over_to_oneself_is_refused() -> None:
    with pytest.raises(CycleOfStandIns) as refused:
        hand_over(Register(), NOON, a_hand_over("a1", "a1"))

    assert refused.value.details["chain"] == ["a1", "a1"]


def test_a_cycle_is_refused_by_the_name_of_its_chain() -> None:
    register = a_register(a_hand_over("a1", "a2"), a_hand_over("a2", "a3"))

    with pytest.raises(CycleOfStandIns) as refused:
        hand_over(register, NOON, a_hand_over("a3", "a1"))

    assert refused.value.details["chain"] == ["a3", "a1", "a2", "a3"]


def test_a_cycle_in_the_middle_of_the_period_is_refused_with_the_instant_at_which_it_begins() -> None:
    register = a_register(a_hand_over("a1", "a2", 3, 4))

    with pytest.raises(CycleOfStandIns) as refused:
        hand_over(register, NOON, a_hand_over("a2", "a1", 0, 10))

    assert refused.value.details["at"] == "2026-03-02T15:00:00.000Z"


def test_two_may_stand_in_for_each_other_one_after_the_other() -> None:
    register = a_register(a_hand_over("a1", "a2", 0, 5), a_hand_over("a2", "a1", 5, 9))

    assert [(resolve(register, "a1", hour(at)), resolve(register, "a2", hour(at))) for at in (4, 6)] == [
        ("a2", "a2"),
        ("a1", "a1"),
    ]


def test_the_same_agents_work_is_handed_over_once_at_a_time() -> None:
    register = a_register(a_hand_over("a1", "a2", 1, 3, id="first"))

    with pytest.raises(OverlappingHandOver) as refused:
        hand_over(register, NOON, a_hand_over("a1", "a3", 2, 5))

    assert refused.value.details["hand_over"] == "first"


def test_one_hand_over_may_begin_when_the_one_before_it_ends() -> None:
    register = a_register(a_hand_over("a1", "a2", 1, 3), a_hand_over("a1", "a3", 3, 5))

    assert [resolve(register, "a1", hour(at)) for at in (2, 3)] == ["a2", "a3"]


def test_a_period_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ValidationError) as refused:
        hand_over(Register(), NOON, a_hand_over("a1", "a2", 3, 3))

    assert refused.value.fields == {"until": ["Must be after since."]}


def test_a_period_that_has_passed_is_refused() -> None:
    with pytest.raises(ValidationError) as refused:
        hand_over(Register(), NOON, a_hand_over("a1", "a2", -3, 0))

    assert refused.value.fields == {"until": ["Has passed."]}


def test_a_start_that_has_passed_means_now() -> None:
    register = a_register(a_hand_over("a1", "a2", -3, 1))

    assert register.hand_overs[0].since == NOON


def test_the_register_has_a_most() -> None:
    full = Register(hand_overs=tuple(a_hand_over(f"b{number}", "a1") for number in range(AT_ONCE)))

    with pytest.raises(TooManyHandOvers):
        hand_over(full, NOON, a_hand_over("a2", "a3"))


def test_a_cancelled_hand_over_counts_no_more() -> None:
    register, (fact,) = cancel(a_register(a_hand_over("a1", "a2", id="h1")), hour(1), "h1", "back early")

    assert (resolve(register, "a1", hour(1)), fact.type, fact.data["why"]) == (
        "a1",
        "hand_over_cancelled",
        "back early",
    )


def test_what_is_not_there_cannot_be_cancelled() -> None:
    with pytest.raises(NotFound):
        cancel(Register(), NOON, "h1", "back early")


def test_what_has_ended_leaves_the_register_with_the_time_at_which_it_ended() -> None:
    register = a_register(a_hand_over("a1", "a2", 0, 2, id="h1"), a_hand_over("a3", "a2", 0, 5, id="h2"))

    left, facts = settle(register, hour(4))

    assert [one.id for one in left.hand_overs] == ["h2"]
    assert [(fact.type, fact.at, fact.data["id"], fact.by_time) for fact in facts] == [
        ("hand_over_ended", hour(2), "h1", True)
    ]


def test_the_register_is_to_be_woken_at_the_next_end() -> None:
    register = a_register(a_hand_over("a1", "a2", 0, 7), a_hand_over("a3", "a2", 1, 5))

    assert (next_end(register), next_end(Register())) == (hour(5), None)


# whatever is asked for

ASKED = st.lists(
    st.builds(
        lambda agent, to, since, long, at: (a_hand_over(agent, to, since, since + long), at),
        st.sampled_from(AGENTS),
        st.sampled_from(AGENTS),
        st.integers(0, 20),
        st.integers(1, 12),
        st.integers(0, 4),
    ),
    max_size=25,
)


def accepted(asked: list[tuple[HandOver, int]]) -> Register:
    """The register after all that was not refused."""
    register = Register()
    for one, at in asked:
        try:
            register, _ = hand_over(register, hour(at), one)
        except (CycleOfStandIns, OverlappingHandOver, ValidationError):
            continue
    return register


@given(ASKED)
def test_no_series_of_hand_overs_gives_a_cycle_at_any_instant(asked: list[tuple[HandOver, int]]) -> None:
    register = accepted(asked)

    for half_hour in range(80):
        at = hour(half_hour / 2)
        in_force = {one.agent: one.to for one in register.hand_overs if one.in_force(at)}
        for agent in AGENTS:
            seen = [agent]
            while seen[-1] in in_force:
                seen.append(in_force[seen[-1]])
                assert len(seen) <= len(AGENTS)
            assert resolve(register, agent, at) == seen[-1]


@given(ASKED)
def test_what_is_refused_as_a_cycle_is_one(asked: list[tuple[HandOver, int]]) -> None:
    register = Register()
    for one, at in asked:
        try:
            register, _ = hand_over(register, hour(at), one)
        except CycleOfStandIns as refused:
            names, instant = refused.details["chain"], datetime.fromisoformat(refused.details["at"])
            edges = {other.agent: other.to for other in (*register.hand_overs, one) if other.in_force(instant)}
            assert [edges[name] for name in names[:-1]] == names[1:]
            assert names[0] == names[-1]
        except (OverlappingHandOver, ValidationError):
            continue


@given(st.lists(st.tuples(st.sampled_from(AGENTS), st.sampled_from(AGENTS))))
def test_resolving_ends_even_in_a_register_that_no_rule_has_made(edges: list[tuple[str, str]]) -> None:
    register = Register(hand_overs=tuple(a_hand_over(agent, to) for agent, to in edges))

    for agent in AGENTS:
        assert resolve(register, agent, hour(1)) in AGENTS


@given(ASKED)
def test_after_all_have_ended_everybodys_work_is_its_own_again(asked: list[tuple[HandOver, int]]) -> None:
    register = accepted(asked)

    after = hour(40)

    assert [resolve(register, agent, after) for agent in AGENTS] == list(AGENTS)
    assert settle(register, after)[0].hand_overs == ()


@given(ASKED, st.integers(0, 40), st.randoms())
def test_timers_that_come_late_or_twice_change_no_holder(
    asked: list[tuple[HandOver, int]], now: int, chance: random.Random
) -> None:
    register = settled = accepted(asked)
    for tick in sorted(chance.choices(range(now + 1), k=5)):
        settled, _ = settle(settled, hour(tick))

    assert away(settled, hour(now)) == away(register, hour(now))
