"""Whatever is done with work in whatever order: its clocks are those that its policy promises, and run as it says."""

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings

from services.dispatch.domain.clocks.promise import Promise
from services.dispatch.domain.rollouts.repin import ENDED
from services.dispatch.domain.work.in_force import promised
from tests.unit.dispatch.random_work import rolled_timelines, timelines
from tests.unit.dispatch.test_histories import BOOK, COMMANDS, play

BUSY_MACHINE = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large]}
QUICK = settings(max_examples=150, **BUSY_MACHINE)
OTHER_TERMS = ("work_prioritised", "policy_applied", "clock_repinned", "deadline_moved")


def stands_still_as_promised(order):
    """While it is held, those of its open clocks stand still that its policy names, and no others do."""
    pauses = order.terms.pauses(order.hold_reason) if order.hold_reason else ()
    wanted = {name: order.hold_reason if clock.promise in pauses else None for name, clock in open_clocks(order)}
    assert {name: clock.paused for name, clock in open_clocks(order)} == wanted
    assert all((clock.since is None) == (wanted[name] is not None) for name, clock in open_clocks(order))


def owes_the_next_update(order):
    """Once the customer has heard from us, and until it is resolved, an update is due exactly if one is promised."""
    if order.state in ENDED or order.first_response.done_at is None:
        return
    update = order.clocks.get(Promise.NEXT_UPDATE)
    owed = promised(order, Promise.NEXT_UPDATE) is not None
    assert (update is not None and not update.stopped) == owed


def open_clocks(order):
    return [(name, clock) for name, clock in order.clocks.items() if not clock.stopped]


def told_of(entry):
    """(the clock's run, what it told): the run is its name and start."""
    data = entry["data"]
    own = {"step": f"/{data['visit']}", "group": f"/{data['part']}"}.get(data["clock"], "")
    name = data["clock"] + own
    what = entry["type"], data.get("share"), data.get("level")
    return (name, entry["set"]["clocks"][name]["started_at"]), what


def settles_once(entries):
    """Warnings, the miss and each level are told of once under the same terms; a level again where a clock goes on."""
    told = Counter()
    for entry in entries:
        changed = entry["set"].get("clocks", {})
        if entry["type"] in ("deadline_near", "deadline_missed") or is_level_of_a_clock(entry):
            told[told_of(entry)] += 1
        elif entry["type"] in OTHER_TERMS:
            told = Counter({key: count for key, count in told.items() if key[0][0] not in changed})
        else:
            on = {name for name, clock in changed.items() if clock and clock["done_at"] is None}
            told = Counter({key: count for key, count in told.items() if key[0][0] not in on or not key[1][2]})
        assert all(count == 1 for count in told.values())


def is_level_of_a_clock(entry):
    return entry["type"] == "work_escalated" and entry["data"]["clock"] is not None  # else it was the customer


def marks_are_settled_once(order):
    """What a clock has settled is not ahead of it, and not settled twice."""
    for clock in order.clocks.values():
        keys = [*clock.settled, *(mark.key for mark in clock.marks)]
        assert len(keys) == len(set(keys))
        assert len(clock.acted) == len(set(clock.acted))


def check(timeline):
    for _, order in timeline.stood:
        stands_still_as_promised(order)
        owes_the_next_update(order)
        marks_are_settled_once(order)
    settles_once(timeline.entries)


@given(timelines() | rolled_timelines())
@QUICK
def test_clocks_run_stand_still_and_fall_due_as_the_policy_says(timeline):
    check(timeline)


@given(BOOK, COMMANDS)
@settings(**BUSY_MACHINE)
def test_so_do_those_of_work_that_is_sent_to_and_fro_in_its_flow(book, commands):
    order, facts, _ = play(book, commands)

    stands_still_as_promised(order)
    owes_the_next_update(order)
    marks_are_settled_once(order)
    settles_once({"type": one.type, "data": one.data, "set": one.set} for one in facts)


@pytest.mark.deep
@given(timelines(40) | rolled_timelines(40))
@settings(max_examples=2000, **BUSY_MACHINE)
def test_clocks_run_stand_still_and_fall_due_as_the_policy_says_over_long_lives(timeline):
    check(timeline)
