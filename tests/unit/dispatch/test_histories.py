"""Whatever is done with work in whatever order: its history tells its state, and time settles each thing once."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.dispatch import domain
from services.dispatch.domain.assigning.assignment import UnitsRule
from services.dispatch.domain.clocks.clock import counted_at
from services.dispatch.domain.people.roster import Roster
from services.dispatch.domain.work import appointments
from services.dispatch.domain.work.candidacy import Around
from services.dispatch.domain.work.picking import pick, terms_of
from services.dispatch.domain.work.record import FIELDS, OPTIONAL, clock_form, clock_of, record
from services.dispatch.domain.work.states import Stage, State, state_of
from services.dispatch.domain.work.telling import told
from services.dispatch.domain.work.visiting import Terms
from services.dispatch.storage.assignments import begun, ended, reweighed, updates
from services.dispatch.storage.documents import order_document, order_faults, order_from
from shared.business_time import elapsed
from shared.cause import Cause
from shared.deciding import decided
from shared.document import KERNEL_OWN, Publishing, additions
from shared.errors import LoopdeskError
from shared.events import KERNEL_FIELDS, to_json
from tests.unit.dispatch.builders import CLIMBING, NINE, a_policy, a_ticket, an_agent, opened, reference, with_updates
from tests.unit.dispatch.courses import a_book, rebuilt, stored

TARGETS = a_policy()["targets"]
OFFICE_HOURS = with_updates(
    code="office",
    calendar="office",
    reopening="resume",
    escalations=[
        {"clock": "first_response", "at": 1, "level": 1, "tell": ["owner"], "move_to": "desk"},
        {"clock": "resolution", "at": 0.5, "level": 1, "tell": ["team"], "raise_priority": True},
        {"clock": "resolution", "after": "1h", "level": 2, "tell": ["duty_manager"], "move_to": "expert"},
        {"clock": "next_update", "after": "1h", "level": 3, "raise_priority": True},
    ],
)
URGENT = a_policy(code="urgent", when='priority == "P1"', escalations=CLIMBING)
UNITS = {"units": [{"when": "priority == 'P1'", "units": 4}, {"units": 2}]}
BOOKS = {
    "one step": reference(assignment=UNITS),
    "one step, escalated": reference(URGENT, OFFICE_HOURS),
    "a repair": a_book(assignment=UNITS),
    "a repair, escalated": a_book(URGENT, OFFICE_HOURS, assignment=UNITS),
}
STEPS = ("report", "survey", "inspect", "approval", "fix", "check", "work")


def step_of(order, number):
    """The open step of that place in the list, as a caller names it."""
    return str(order.visits[number % len(order.visits)].number) if number is not None and order.visits else None


def complete(order, at, number, values, paid, solution=None):
    """Completed with those of the values that its step asks for."""
    step = step_of(order, number or 0)
    asked = next((order.step(visit).fields for visit in order.visits if str(visit.number) == step), ())
    fields = {name: value for name, value in values.items() if name in asked}
    fee = {"amount": 5} if paid else None
    return domain.complete_step(order, at, step=step, fields=fields, fee=fee, solution=solution)


def assign(order, at, number, _, limited):
    """Given to somebody, if anything waits; perhaps to be accepted soon."""
    waiting = domain.waiting(order)
    terms = Terms(units=2, within=timedelta(minutes=10) if limited else None, choice="0" * 64)
    return domain.assign(order, at, f"a{number}", waiting[0].number, terms=terms) if waiting else (order, [])


def strand(order, at, *_):
    """Nobody can take the first step that waits."""
    waiting = domain.waiting(order)
    return domain.stranded(order, at, waiting[0].number, "shift", known=False) if waiting else (order, [])


MOVES = {
    "assign": assign,
    "accept": lambda order, at, number, *_: domain.accept(order, at, step_of(order, number)),
    "respond": lambda order, at, *_: domain.respond(order, at, "soon"),
    "hold": lambda order, at, *_: domain.hold(order, at, "waiting_for_parts"),
    "wait": lambda order, at, *_: domain.hold(order, at, "waiting_for_customer", "calls back"),
    "resume": lambda order, at, *_: domain.resume(order, at),
    "to_desk": lambda order, at, number, *_: domain.transfer(
        order, at, order.books(1).team("desk"), step=step_of(order, number)
    ),
    "to_it": lambda order, at, number, *_: domain.transfer(
        order, at, order.books(1).team("it"), agent_id="a9", step=step_of(order, number)
    ),
    "decline": lambda order, at, number, *_: domain.decline(order, at, reason="no", step=step_of(order, number)),
    "reassign": lambda order, at, number, *_: domain.reassign(
        order, at, order.books(1).team("it"), "a9", reason="knows it", override=None, step=step_of(order, number)
    ),
    "strand": strand,
    "more_urgent": lambda order, at, *_: domain.prioritise(order, at, "P1", "they wait"),
    "less_urgent": lambda order, at, *_: domain.prioritise(order, at, "P3", "they can wait"),
    "complete": complete,
    "finish": lambda *about: complete(*about, solution="Done"),
    "skip": lambda order, at, number, *_: domain.skip_step(order, at, reason="late", step=step_of(order, number)),
    "reroute": lambda order, at, number, values, _: domain.reroute(
        order,
        at,
        to=STEPS[sum(values[name] for name in ("deep", "works")) + (number or 0)],
        reason="better",
        step=step_of(order, number),
    ),
    "appoint": lambda order, at, *_: appointments.set_appointment(order, at, at + timedelta(days=1), note="ring"),
    "say_no": lambda order, at, number, *_: appointments.answered(
        order, at, number=number or 1, answer="change", note="Monday", reply_id="sms/1"
    ),
    "call_off": lambda order, at, *_: appointments.cancel_appointment(order, at, "no part"),
    "void": lambda order, at, number, *_: domain.void_fee(order, at, number or 1, "was wrong"),
    "resolve": lambda order, at, *_: domain.resolve(order, at, "Done"),
    "reopen": lambda order, at, *_: domain.reopen(order, at, reason="again", cause="agent"),
    "dissatisfied": lambda order, at, *_: domain.reopen_dissatisfied(order, at, round=order.round, reason="2"),
    "close": lambda order, at, *_: domain.close(order, at, round=order.round, outcome="satisfied"),
    "withdraw": lambda order, at, *_: domain.withdraw(order, at, "gone"),
}
# what ends everything is rare, what brings work on is frequent
OFTEN = {"close": 1, "withdraw": 1, "reroute": 3, "reopen": 9, "resume": 12, "accept": 9, "assign": 24, "complete": 24}


def a_story(seed):
    """Commands as they come in a long day: (name, seconds after the one before, place of the step, values, fee or not).

    Drawn uniformly: lists of hypothesis' own stay too short to come to the end of a flow.
    """
    random = Random(seed)
    names = random.choices(list(MOVES), [OFTEN.get(name, 4) for name in MOVES], k=random.randrange(1, 80))
    return [
        (
            name,
            random.choice((0, 1, 60, 600, random.randrange(4 * 3600))),
            random.choice((None, 0, 0, 1, 2)),
            {"symptom": "dead", "deep": random.random() < 0.5, "approved": random.random() < 0.8}
            | {"works": random.random() < 0.6},
            random.random() < 0.5,
        )
        for name in names
    ]


COMMANDS = st.integers(0, 2**32).map(a_story)
BOOK = st.sampled_from(sorted(BOOKS))


def play(book, commands, wakes=()):
    """The order and its facts after the commands; advanced first each time, as in the kernel; `wakes`: timers' seconds.

    A command may raise a refusal and nothing else.
    """
    order, facts = opened(a_ticket(priority="P2"), book=BOOKS[book])
    order, at = replace(order, version=1), NINE
    for name, seconds, *about in commands:
        begin, at = at, at + timedelta(seconds=seconds)
        for wake in sorted(wakes):
            if begin <= NINE + timedelta(seconds=wake) < at:
                order, due = domain.advance(order, NINE + timedelta(seconds=wake))
                facts += due
        order, due = domain.advance(order, at)
        facts += due
        try:
            order, more = MOVES[name](order, at, *about)
        except LoopdeskError:
            continue
        order, fallen = domain.deescalated(order, at)
        facts += [*more, *fallen]
    return order, facts, at


@given(BOOK, COMMANDS)
def test_the_history_tells_the_state(book, commands):
    order, facts, _ = play(book, commands)

    assert rebuilt(facts) == stored(order)


@pytest.mark.deep
@given(BOOK, COMMANDS, st.lists(st.integers(0, 5 * 24 * 3600), max_size=20))
@settings(max_examples=10_000, derandomize=False)
def test_ten_thousand_histories_tell_their_states_however_late_time_is(book, commands, wakes):
    order, facts, at = play(book, commands)

    assert rebuilt(facts) == stored(order)
    assert play(book, commands, wakes) == (order, facts, at)


@given(BOOK, COMMANDS, st.lists(st.integers(0, 5 * 24 * 3600), max_size=20))
def test_timers_in_between_change_nothing(book, commands, wakes):
    assert play(book, commands, wakes) == play(book, commands)


@given(BOOK, COMMANDS, st.lists(st.integers(0, 5 * 24 * 3600), max_size=20))
def test_nobody_is_named_for_what_time_did_however_late_it_is_found_due(book, commands, wakes):
    told = entries(book, commands)

    assert entries(book, commands, wakes) == told
    assert {(one["actor"], one["cause"]) for one in told if one["type"].startswith("deadline_")} <= {(None, "timer")}


def entries(book, commands, wakes=()):
    """The history as the kernel writes it, without the times of writing; every command is somebody's, and saved alone.

    What a refused command found due is not saved with it: a timer comes for it.
    """
    (order, _), at, history = opened(a_ticket(priority="P2"), book=BOOKS[book]), NINE, []
    order = replace(order, version=1)

    def change(order, cause, at, move):
        order, facts = decided(order, at, (domain.coming_down(move), _settled), domain.advance)
        history.extend(additions(Publishing("dispatch"), ("", ""), order, facts, cause, NINE, None).history)
        return order

    for number, (name, seconds, *about) in enumerate(commands):
        begin, at = at, at + timedelta(seconds=seconds)
        for wake in sorted(NINE + timedelta(seconds=wake) for wake in wakes):
            if begin <= wake < at:
                order = change(order, Cause.tick(wake), wake, _nothing)
        by = Cause(ref=f"call {name}", actor=f"agent {number}")
        try:
            order = change(order, by, at, lambda order, at, name=name, about=about: MOVES[name](order, at, *about))
        except LoopdeskError:
            order = change(order, Cause.tick(at), at, _nothing)
    return [{what: one[what] for what in ("type", "at", "actor", "cause", "data")} for one in history]


def _settled(order, at, happened):
    return order, []


def _nothing(order, at):
    return order, []


@given(BOOK, COMMANDS)
def test_a_document_gives_back_the_work_that_it_was_made_of(book, commands):
    order, _, _ = play(book, commands)

    again = order_from(order_document(order) | {name: getattr(order, name) for name in KERNEL_FIELDS}, order.books)

    assert again == order
    assert again.seated == domain.claimed(order)


@given(BOOK, COMMANDS)
def test_a_document_as_it_was_written_has_no_faults(book, commands):
    order, facts, _ = play(book, commands)

    assert order_faults(document(order), written(facts), order.books) == []


@pytest.mark.parametrize(
    "name",
    ["queues", "place", "teams", "agents", "seats", "steps", "pinned", "provisional", "priority", "clocks", "_id"],
)
def test_every_field_of_a_document_is_held_to_its_history(name):
    order, facts = opened()

    assert order_faults(document(order) | {name: "another"}, written(facts), order.books) == [name]
    assert order_faults(
        {key: value for key, value in document(order).items() if key != name}, written(facts), order.books
    ) == [name]


def test_a_field_that_is_none_of_ours_is_a_fault():
    order, facts = opened()

    assert order_faults(document(order) | {"secret": None, "also": 1}, written(facts), order.books) == [
        "also",
        "secret",
    ]


def test_a_forged_history_that_tells_no_work_order_is_told_and_stops_nothing():
    order, facts = opened()
    forged = [{"set": {"state": "forged", "order_no": order.order_no}}]

    faults = order_faults(document(order), [*written(facts), *forged], order.books)
    assert "state" in faults


def document(order):
    """As it stands in the database, with all that the kernel adds."""
    return order_document(order) | dict.fromkeys(KERNEL_OWN) | {"_id": order.order_no}


def written(facts):
    return [{"set": to_json(fact.set)} for fact in facts]


@given(BOOK, COMMANDS)
def test_time_never_runs_backwards_in_a_history(book, commands):
    _, facts, _ = play(book, commands)

    assert [fact.at for fact in facts] == sorted(fact.at for fact in facts)


@given(BOOK, COMMANDS)
def test_every_visit_that_was_opened_is_open_or_has_ended_once(book, commands):
    order, facts, _ = play(book, commands)

    seen, ended = set(), Counter()
    before = set()
    for fact in facts:
        now = {visit["number"] for visit in fact.set.get("visits", ())} if "visits" in fact.set else before
        ended.update(before - now)
        assert not (now - before) & seen
        seen |= now
        before = now
    assert before == {visit.number for visit in order.visits}
    assert set(ended) == seen - before
    assert set(ended.values()) <= {1}
    assert seen == set(range(1, sum(order.visited.values()) + 1))


@given(BOOK, COMMANDS)
def test_where_work_stands_follows_from_its_open_steps(book, commands):
    order, _, _ = play(book, commands)

    if order.state in ("queued", "assigned", "accepted"):
        assert order.state == state_of({visit.state for visit in order.visits})
    assert bool(order.visits) == (order.state not in ("resolved", "closed", "withdrawn"))
    assert (order.state == "held") == (order.hold_reason is not None)
    assert all((visit.state == Stage.QUEUED) == (visit.agent is None) for visit in order.visits)
    assert bool(order.blocks) <= (len(order.visits) > 0)


@given(BOOK, COMMANDS)
def test_a_join_opens_once_and_only_when_all_branches_have_come(book, commands):
    order, facts, _ = play(book, commands)

    for block in order.blocks:
        inside = [visit for visit in order.visits if visit.block == block.number]
        assert len(inside) == block.open
    assert all(visit.block is None or visit.block in {block.number for block in order.blocks} for visit in order.visits)
    arrived = [fact.data["open"] for fact in facts if fact.type == "branch_arrived"]
    assert all(here == 0 or here == 1 for here in arrived)


@given(BOOK, COMMANDS)
def test_no_clock_counts_more_than_its_calendar_was_open(book, commands):
    order, facts, at = play(book, commands)

    moved = any(fact.type == "work_prioritised" for fact in facts)  # to another policy, and its calendar
    for clock in order.clocks.values():
        counted = counted_at(clock, at, order.calendar(clock))
        assert counted <= (at - clock.started_at if moved else elapsed(order.calendar(clock), clock.started_at, at))


@given(BOOK, COMMANDS)
def test_only_open_work_has_something_due(book, commands):
    order, _, _ = play(book, commands)

    if order.state in (State.RESOLVED, State.CLOSED, State.WITHDRAWN):
        assert domain.next_due(order) is None
    assert all(clock.stopped for clock in order.clocks.values()) == (not order.visits)


@given(BOOK, COMMANDS)
def test_a_promise_is_met_exactly_if_its_miss_was_not_told(book, commands):
    _, facts, _ = play(book, commands)

    missed = set()
    for fact in facts:
        if fact.type == "deadline_missed":
            missed.add((fact.data["clock"], fact.data["visit"], fact.data["round"]))
        if fact.type == "work_prioritised":
            missed.discard(("resolution", None, fact.data["round"]))
            missed.discard(("first_response", None, 0))
        if fact.type == "step_completed" and fact.data["met"] is not None:
            assert fact.data["met"] is (("step", fact.data["visit"], fact.data["round"]) not in missed)
        if fact.type == "work_responded" and ("first_response", None, 0) in missed:
            assert fact.data["met"] is False


@given(BOOK, COMMANDS)
def test_every_fact_names_who_had_the_work_and_how_urgent_it_was(book, commands):
    _, facts, _ = play(book, commands)

    assert all({"team", "agent", "round", "priority"} <= fact.data.keys() for fact in facts)


@given(BOOK, COMMANDS)
def test_clocks_come_back_from_what_a_fact_has_set(book, commands):
    order, _, _ = play(book, commands)

    for name, clock in order.clocks.items():
        assert clock_of(name, clock_form(clock)) == clock
        assert clock_of(name, to_json(clock_form(clock))) == clock


def test_a_fact_sets_what_it_changed_and_nothing_else():
    before, _ = opened()
    after = replace(before, supervised=True)

    assert told(before, after, "work_escalated", NINE).set == {"supervised": True}


def test_a_first_fact_sets_everything():
    order, (fact,) = opened()

    assert fact.set == record(order)
    assert tuple(fact.set) == tuple(name for name in FIELDS if name not in OPTIONAL)


def test_a_clock_that_is_gone_is_set_to_none():
    before, _ = opened()
    after = replace(before, clocks={"resolution": before.resolution})

    assert told(before, after, "work_reopened", NINE).set == {"clocks": {"first_response": None}}


@pytest.mark.parametrize("name", ["books", "seated", "waited", "wishes"])
def test_what_is_not_stored_is_no_part_of_the_record(name):
    assert name not in FIELDS


@given(COMMANDS)
def test_each_round_warns_and_misses_each_clock_at_most_once(commands):
    _, facts, _ = play("one step", [command for command in commands if "urgent" not in command[0]])

    resolution = Counter((f.type, f.data["round"]) for f in facts if f.data.get("clock") == "resolution")
    response = Counter(f.type for f in facts if f.data.get("clock") == "first_response")
    assert all(count == 1 for count in [*resolution.values(), *response.values()])


@given(BOOK, COMMANDS)
def test_first_response_is_told_at_most_once(book, commands):
    _, facts, _ = play(book, commands)

    assert sum(fact.type == "work_responded" for fact in facts) <= 1


@given(BOOK, COMMANDS)
def test_rounds_count_the_reopenings(book, commands):
    order, facts, _ = play(book, commands)

    assert order.round == sum(fact.type == "work_reopened" for fact in facts)


@given(
    BOOK,
    st.lists(st.integers(0, 2**32).map(a_story), min_size=2, max_size=3),
    st.dictionaries(st.sampled_from(["a1", "a2", "a3"]), st.integers(0, 5), min_size=2),
)
def test_an_agents_load_is_its_open_steps_and_above_its_capacity_only_by_one_alone_or_one_weighed_anew(
    book, stories, capacities
):
    """Seats as claims.py gives them out, and what their assignments say of them."""
    everything = {"teams": ("it", "desk", "experts"), "role": "expert", "skills": {"radio": 3}}
    agents = {name: an_agent(name, **everything, capacity=size) for name, size in capacities.items()}
    orders = [opened(a_ticket(), book=BOOKS[book])[0] for _ in stories]
    heavy = replace(BOOKS[book].assignment, units=(UnitsRule(units=2),))
    weights: dict[tuple[int, int], int] = {}
    stretched = set()

    for number, command in ((n % len(stories), one) for n, one in enumerate(zip(*stories, strict=False))):
        order = replace(orders[number], seated=domain.claimed(orders[number]), wishes={}, version=1)
        name, _, *about = command[number]
        try:
            order, _ = MOVES[name](order, NINE, *about) if name != "assign" else (order, [])
        except LoopdeskError:
            continue
        for seat in ended(order).values():
            agents[seat.agent] = seated(agents[seat.agent], seat, -1)
        for before, now in reweighed(order):
            agents[now.agent] = replace(agents[now.agent], load=agents[now.agent].load + now.units - before.units)
            stretched.add(now.agent)
        for visit in domain.waiting(order):
            picked = pick(order, visit, agents, Around(at=NINE, roster=Roster()), heavy)
            if (taker := picked.choice.agent_id) is not None:
                rule = picked.choice.rule
                order, _ = domain.assign(order, NINE, taker, visit.number, rule, terms_of(order, picked, heavy))
                agents[taker] = seated(agents[taker], domain.claimed(order)[visit.number], 1)
        for key, update in updates(order, NINE, []):
            if isinstance(update, dict):
                weights[number, int(key.rpartition("/")[2])] = update["$set"]["units"]
        weights |= {(number, visit.assignment): visit.units for visit in begun(order)}
        orders[number] = order

    assert all(
        weights[number, seat.assignment] == seat.units
        for number, order in enumerate(orders)
        for seat in domain.claimed(order).values()
    )
    seats = [seat for order in orders for seat in domain.claimed(order).values()]
    assert {name: (agent.load, agent.open) for name, agent in agents.items()} == {
        name: (sum(seat.units for seat in seats if seat.agent == name), sum(seat.agent == name for seat in seats))
        for name in agents
    }
    assert all(agent.load <= agent.capacity or agent.open == 1 or name in stretched for name, agent in agents.items())


def seated(agent, seat, sign):
    """The agent with that seat more, or less."""
    return replace(agent, load=agent.load + sign * seat.units, open=agent.open + sign)
