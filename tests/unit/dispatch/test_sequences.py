"""Whatever is done with work in whatever order: loads are right, deadlines fall due once, however late."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.dispatch import domain
from services.dispatch.documents import order_document, order_from
from services.dispatch.domain.deadlines import Kind
from shared.errors import LoopdeskError
from tests.unit.dispatch.builders import NINE, an_agent, an_order, reference

DATA = reference()
MOVES = {
    "assign": lambda order, at: domain.assign(order, at, "a1") if domain.waits(order) else (order, []),
    "accept": domain.accept,
    "respond": domain.respond,
    "hold": lambda order, at: domain.hold(order, at, "parts"),
    "resume": domain.resume,
    "to_desk": lambda order, at: domain.transfer(order, at, DATA.team("desk")),
    "to_it": lambda order, at: domain.transfer(order, at, DATA.team("it")),
    "resolve": lambda order, at: domain.resolve(order, at, "Done"),
    "reopen": lambda order, at: domain.reopen(order, at, DATA, reason="again", cause="agent"),
    "dissatisfied": lambda order, at: domain.reopen_dissatisfied(order, at, DATA, round=order.round, reason="2"),
    "close": lambda order, at: domain.close(order, at, round=order.round, outcome="satisfied"),
    "withdraw": lambda order, at: domain.withdraw(order, at, "gone"),
}
# closing and withdrawing end everything, so they are rare
NAMES = st.sampled_from([name for name in MOVES if name not in ("close", "withdraw")] * 3 + ["close", "withdraw"])
STEPS = st.lists(st.tuples(NAMES, st.integers(0, 6 * 3600)), max_size=25)


def play(order, steps, wakes=()):
    """The order and its facts after the steps; advanced first each time, as in the kernel; `wakes`: timers' seconds."""
    facts, at = [], NINE
    for name, seconds in steps:
        start, at = at, at + timedelta(seconds=seconds)
        for wake in sorted(wakes):
            if start <= NINE + timedelta(seconds=wake) < at:
                order, due = domain.advance(order, NINE + timedelta(seconds=wake))
                facts += due
        order, due = domain.advance(order, at)
        facts += due
        try:
            order, done = MOVES[name](order, at)
        except LoopdeskError:
            continue
        facts += done
    return order, facts


@given(STEPS, st.lists(st.integers(0, 5 * 24 * 3600), max_size=20))
def test_timers_in_between_change_nothing(steps, wakes):
    assert play(an_order(agent=None), steps, wakes) == play(an_order(agent=None), steps)


@given(STEPS)
def test_each_round_warns_and_misses_each_clock_at_most_once(steps):
    _, facts = play(an_order(agent=None), steps)

    resolution = Counter((f.type, f.data["round"]) for f in facts if f.data.get("clock") == "resolution")
    response = Counter(f.type for f in facts if f.data.get("clock") == "first_response")
    assert all(count == 1 for count in [*resolution.values(), *response.values()])


@given(STEPS)
def test_time_never_runs_backwards_in_a_history(steps):
    _, facts = play(an_order(agent=None), steps)

    assert [fact.at for fact in facts] == sorted(fact.at for fact in facts)


@given(STEPS)
def test_a_deadline_was_met_exactly_if_its_miss_was_not_told_before(steps):
    _, facts = play(an_order(agent=None), steps)

    missed = set()
    for fact in facts:
        if fact.type == "deadline_missed":
            missed.add((fact.data["clock"], fact.data["round"]))
        if fact.type == "work_resolved":
            assert fact.data["met"] is (("resolution", fact.data["round"]) not in missed)
            assert fact.data["met"] is (fact.at < fact.data["due"])
        if fact.type == "work_responded":
            assert fact.data["met"] is not any(clock == "first_response" for clock, _ in missed)


@given(STEPS)
def test_first_response_is_told_at_most_once(steps):
    _, facts = play(an_order(agent=None), steps)

    assert sum(fact.type == "work_responded" for fact in facts) <= 1


@given(STEPS)
def test_rounds_count_the_reopenings(steps):
    order, facts = play(an_order(agent=None), steps)

    assert order.round == sum(fact.type == "work_reopened" for fact in facts)


@given(STEPS)
def test_somebody_has_the_work_exactly_while_it_is_assigned_accepted_or_held_by_one(steps):
    order, _ = play(an_order(agent=None), steps)

    assert (order.state == "queued") <= (order.agent is None)
    assert (order.state in ("assigned", "accepted")) <= (domain.claimed_by(order) is not None)


@given(STEPS)
def test_work_that_is_over_or_resolved_has_nothing_due(steps):
    order, _ = play(an_order(agent=None), steps)

    if order.state in ("resolved", "closed", "withdrawn", "held"):
        assert domain.next_due(order) is None
    else:
        assert (domain.next_due(order) is None) == (not order.first_response.pending and not order.resolution.pending)


@given(STEPS)
def test_a_document_gives_back_the_work_that_it_was_made_of(steps):
    order, _ = play(an_order(agent=None), steps)

    stored = order_document(order) | {"version": order.version, "last_at": None, "replay_until": None}
    assert order_from(stored) == order


@given(
    st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), NAMES), max_size=60),
    st.dictionaries(st.sampled_from(["a1", "a2"]), st.integers(0, 2), min_size=2),
)
def test_an_agents_load_is_its_open_work_and_never_above_its_capacity(steps, capacities):
    agents = {name: an_agent(name, teams=("it", "desk"), capacity=size) for name, size in capacities.items()}
    orders = {name: an_order(agent=None) for name in ("a", "b", "c")}

    for name, move in steps:
        if move == "assign":
            continue  # assignment is what this test does itself, as claims.py does
        try:
            before, (after, _) = orders[name], MOVES[move](orders[name], NINE)
        except LoopdeskError:
            continue
        holder = domain.claimed_by(before)
        if holder and holder != domain.claimed_by(after):
            agents[holder] = replace(agents[holder], load=agents[holder].load - 1)
        free = [agent for agent in domain.in_turn(agents.values()) if domain.may_take(after, agent)]
        if domain.waits(after) and free:
            after, _ = domain.assign(after, NINE, free[0].agent_id)
            agents[free[0].agent_id] = replace(free[0], load=free[0].load + 1)
        orders[name] = after

    loads = Counter(domain.claimed_by(order) for order in orders.values())
    assert {name: agent.load for name, agent in agents.items()} == {name: loads[name] for name in agents}
    assert all(agent.load <= agent.capacity for agent in agents.values())


def test_the_kinds_of_milestones_are_the_facts_that_events_are_named_after():
    assert [kind.value for kind in Kind] == ["near", "missed", "escalated"]
