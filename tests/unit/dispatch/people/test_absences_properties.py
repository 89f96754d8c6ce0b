"""Whatever is arranged with whom in whatever order: nobody has two duties at once, and everybody has had the rest."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from services.dispatch.domain.people.absences import add_duty, cancel_leave, record_leave, swap_shifts
from shared.errors import LoopdeskError
from tests.unit.dispatch.people.builders import SHIFTS, a_roster, day, on_rota

REST = timedelta(hours=8)
ROSTER = a_roster(rest="8h")
AGENTS = st.integers(0, 2)
DAYS = st.dates(date(2026, 3, 3), date(2026, 3, 14))
HOUR = timedelta(hours=1)

ACTS = st.one_of(
    st.tuples(st.just("leave"), AGENTS, st.integers(0, 300), st.integers(1, 40)),
    st.tuples(st.just("back"), AGENTS, st.integers(0, 1)),
    st.tuples(st.just("add"), AGENTS, DAYS, st.sampled_from(sorted(SHIFTS))),
    st.tuples(st.just("swap"), AGENTS, DAYS, AGENTS, DAYS),
)


def after(agents, act, at):
    """The agents as that leaves them; as they were, if it is refused."""
    kind, number, *how = act
    agent = agents[number]
    match kind:
        case "leave":
            since = day(2) + how[0] * HOUR
            changed = {number: record_leave(agent, at, since=since, until=since + how[1] * HOUR, reason="x")}
        case "back":
            leaves = [each.id for each in agent.exceptions if each.kind == "leave"]
            wanted = leaves[how[0]] if how[0] < len(leaves) else "none"
            changed = {number: cancel_leave(agent, at, ROSTER, leave_id=wanted, reason="x")}
        case "add":
            changed = {number: add_duty(agent, at, ROSTER, day=how[0], shift=how[1], reason="x")}
        case "swap" if number == how[1]:
            return agents
        case "swap":
            one, other = swap_shifts((agent, how[0]), (agents[how[1]], how[2]), at, ROSTER, reason="x")
            changed = {number: one, how[1]: other}
    made = {which: replace(state, version=state.version + 1) for which, (state, _) in changed.items()}
    return [made.get(which, agent) for which, agent in enumerate(agents)]


def duties(agent):
    return ROSTER.duties(agent, day(2), day(28))


def planned(agents):
    """When somebody is to work, by whoever: a swap changes nothing of it."""
    return sorted((duty.since, duty.until) for agent in agents for duty in ROSTER.planned(agent, day(2), day(28)))


@given(st.lists(ACTS, max_size=30))
def test_no_series_of_changes_leaves_anybody_with_two_duties_or_too_little_rest(acts):
    agents = [on_rota(agent_id=f"a{number}", rota_offset=2 * number) for number in range(3)]

    for number, act in enumerate(acts):
        before = agents
        try:
            agents = after(agents, act, day(2) + number * HOUR)
        except LoopdeskError:
            continue
        for agent in agents:
            for one, other in pairwise(duties(agent)):
                assert one.until <= other.since
                assert other.since - one.until >= REST or (one.day, one.shift) == (other.day, other.shift)
            assert len({each.id for each in agent.exceptions}) == len(agent.exceptions)
        if act[0] == "swap":
            assert planned(agents) == planned(before)
