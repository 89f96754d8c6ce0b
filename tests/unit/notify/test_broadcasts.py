"""Broadcasts: how they move, at which pace, and what an amendment does. Pure rules."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.notify.domain import broadcasts as rules
from services.notify.domain.broadcasts import Audience, Broadcast, Outage, Plan, Walk
from services.notify.errors import NotNow, TooManyAmendments
from shared.events import Fact

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
NORTH = Outage(NOON + 30 * HOUR, NOON + 33 * HOUR)


def a_plan(**fields: Any) -> Plan:
    return Plan(**{"edition": 1, "at": NOON, "channels": ("sms",), "valid_for": 48 * HOUR, **fields})


def a_broadcast(**fields: Any) -> Broadcast:
    usual: dict[str, Any] = {
        "broadcast_id": "b-1",
        "name": "Outage",
        "kind": "planned_outage",
        "about": "outage",
        "urgency": "bulk",
        "plan": a_plan(),
        "audience": Audience(listed=True, chunks=1, recipients=4),
        "created_at": NOON,
    }
    return Broadcast(**usual | fields)


def running(**fields: Any) -> Broadcast:
    return rules.start(a_broadcast(**fields), NOON)[0]


def test_it_begins_when_it_is_started() -> None:
    begun, facts = rules.start(a_broadcast(), NOON)
    assert (begun.state, begun.walk.tasks, rules.next_due(begun)) == ("running", ("tell",), NOON)
    assert facts == [Fact("broadcast_started", NOON)]


def test_one_for_later_waits_for_its_time_and_its_rows_are_of_that_time() -> None:
    begun, _ = rules.start(a_broadcast(start_at=NOON + HOUR), NOON)
    assert (begun.state, rules.next_due(begun), begun.plan.at) == ("scheduled", NOON + HOUR, NOON + HOUR)
    after, facts = rules.advanced(begun, NOON + HOUR, "2", NOON + HOUR, seen=1, told=1)
    assert (after.state, facts) == ("running", [Fact("broadcast_started", NOON + HOUR)])


def test_what_may_not_be_out_is_seen_to_when_its_writer_has_had_the_time_also_of_a_paused_one() -> None:
    marked = rules.marked(running(), NOON, ())
    paused = rules.pause(replace(marked, walk=replace(marked.walk, due_at=NOON + HOUR)), NOON)[0]
    assert (rules.next_due(paused), rules.walk_due(paused)) == (NOON + rules.LEASE, None)
    assert rules.next_due(rules.marked(paused, None, {NOON})) is None


def test_an_amendment_and_the_next_piece_keep_the_mark_of_what_may_not_be_out() -> None:
    marked = rules.marked(running(), NOON, ())
    amended = rules.amend(marked, NOON, "later", {})[0]
    assert rules.marked(amended, NOON + SECOND, ()).publishing == (NOON, NOON + SECOND)
    assert rules.marked(amended, NOON + SECOND, {NOON}).publishing == (NOON + SECOND,)


def test_nobody_is_told_by_one_without_recipients() -> None:
    with pytest.raises(NotNow):
        rules.start(a_broadcast(audience=Audience(listed=True)), NOON)


@pytest.mark.parametrize("state", ["running", "told", "cancelled"])
def test_recipients_are_added_to_drafts_only(state: str) -> None:
    with pytest.raises(NotNow):
        rules.add(a_broadcast(state=state), NOON, 5)


def test_a_chunk_more_is_counted() -> None:
    more, facts = rules.add(a_broadcast(), NOON, 5)
    assert (more.audience.chunks, more.audience.recipients) == (2, 9)
    assert facts == [Fact("recipients_added", NOON, {"chunk": 2, "recipients": 5})]


def test_a_paused_one_is_never_due_and_goes_on_where_it_was() -> None:
    half, _ = rules.advanced(running(), NOON, "[1, 2]", NOON, seen=2, told=2)
    paused, _ = rules.pause(half, NOON)
    resumed, _ = rules.resume(paused, NOON + HOUR)
    assert (rules.next_due(paused), rules.next_due(resumed)) == (None, NOON + HOUR)
    assert (resumed.walk.cursor, resumed.walk.seen) == ("[1, 2]", 2)


def test_a_resumed_one_first_lets_go_what_was_held_and_keeps_its_place() -> None:
    half, _ = rules.advanced(running(), NOON, "[1, 2]", NOON, seen=2, told=2)
    resumed, facts = rules.resume(rules.pause(half, NOON)[0], NOON + HOUR)
    assert (resumed.state, resumed.walk.tasks, facts) == (
        "running",
        ("release", "tell"),
        [Fact("broadcast_resumed", NOON + HOUR)],
    )
    after, _ = rules.released(resumed, NOON + 2 * HOUR)
    assert (after.walk.tasks, after.walk.cursor, rules.next_due(after)) == (("tell",), "[1, 2]", NOON + 2 * HOUR)


def test_one_that_is_paused_again_lets_nothing_go() -> None:
    resumed, _ = rules.resume(rules.pause(running(), NOON)[0], NOON)
    again, _ = rules.pause(resumed, NOON)
    assert (again.walk.tasks, rules.next_due(again)) == (("tell",), None)


def test_one_that_has_told_everybody_is_paused_for_what_is_held_and_has_told_everybody_when_it_is_resumed() -> None:
    told, _ = rules.advanced(running(), NOON, None, NOON, seen=4, told=4)
    paused, _ = rules.pause(told, NOON)
    resumed, _ = rules.resume(paused, NOON + HOUR)
    assert (paused.state, rules.next_due(paused)) == ("paused", None)
    assert (resumed.state, resumed.walk.tasks, rules.next_due(resumed)) == ("told", ("release",), NOON + HOUR)
    assert rules.next_due(rules.released(resumed, NOON + HOUR)[0]) is None


def test_a_paused_one_takes_back_what_an_amendment_supersedes_and_tells_nobody() -> None:
    paused, _ = rules.pause(running(), NOON)
    amended, _ = rules.amend(paused, NOON + HOUR, "later", {})
    assert (amended.state, rules.next_due(amended)) == ("paused", NOON + HOUR)
    taken_back, _ = rules.advanced(amended, NOON + HOUR, None, NOON + HOUR)
    assert (taken_back.walk.tasks, rules.next_due(taken_back)) == (("tell",), None)


def test_the_last_piece_ends_it() -> None:
    told, facts = rules.advanced(running(), NOON, None, NOON, seen=4, told=3)
    assert (told.state, told.walk.tasks, rules.next_due(told)) == ("told", (), None)
    assert facts == [Fact("broadcast_told", NOON, {"edition": 1, "seen": 4})]


def test_an_amendment_takes_back_what_waits_and_then_tells_everybody_anew() -> None:
    told, _ = rules.advanced(running(), NOON, None, NOON, seen=4, told=4)
    amended, facts = rules.amend(told, NOON + HOUR, "another night", {"variables": {"x": 1}})
    assert (amended.state, amended.plan.edition, amended.plan.at) == ("running", 2, NOON + HOUR)
    assert (amended.walk.tasks, amended.walk.cursor, amended.walk.seen) == (("withdraw", "tell"), None, 0)
    assert [plan.edition for plan in amended.earlier] == [1]
    assert facts == [Fact("broadcast_amended", NOON + HOUR, {"edition": 2, "why": "another night"})]


def test_an_amended_draft_is_still_a_draft() -> None:
    amended, _ = rules.amend(a_broadcast(), NOON, "spelling", {})
    assert (amended.state, amended.walk) == ("draft", Walk())


def test_there_is_an_end_to_amendments() -> None:
    last = a_broadcast(plan=a_plan(edition=rules.MOST_EDITIONS))
    with pytest.raises(TooManyAmendments):
        rules.amend(last, NOON, "again", {})


@pytest.mark.parametrize(("act", "state"), [("cancel", "cancelled"), ("end", "ended")])
def test_a_stopped_one_takes_back_what_waits_and_tells_nobody(act: str, state: str) -> None:
    stopped, _ = rules.stop(running(), NOON, act, "over")
    assert (stopped.state, stopped.walk.tasks, rules.next_due(stopped)) == (state, ("withdraw",), NOON)
    done, _ = rules.advanced(stopped, NOON, None, NOON)
    assert rules.next_due(done) is None
    with pytest.raises(NotNow):
        rules.call_unreached(done, NOON)


@pytest.mark.parametrize(
    ("state", "occurrence", "why"),
    [
        ("running", "notify_broadcasts/b-1/1", None),
        ("running", "notify_broadcasts/b-1/0", "superseded"),
        ("running", "notify_broadcasts/b-1/2", None),  # of an amendment that the reader has not heard of yet
        ("paused", "notify_broadcasts/b-1/1", None),
        ("cancelled", "notify_broadcasts/b-1/1", "broadcast_cancelled"),
        ("ended", "notify_broadcasts/b-1/1", "broadcast_ended"),
    ],
)
def test_what_must_not_go_any_more_says_why(state: str, occurrence: str, why: str | None) -> None:
    assert rules.obsolete(a_broadcast(state=state), occurrence) == why


def test_the_pace_is_a_bucket_of_one_second() -> None:
    paced = running(pace=10)
    assert rules.room(paced, NOON, 500, 0).number == 10
    after, _ = rules.advanced(paced, NOON, "x", NOON, seen=10, told=10)
    assert rules.room(after, NOON, 500, 0) == rules.Room(0, NOON + SECOND)
    assert rules.room(after, NOON + SECOND / 2, 500, 0).number == 5
    assert rules.room(after, NOON + HOUR, 500, 0).number == 10


def test_a_pace_below_one_a_second_goes_one_by_one() -> None:
    after, _ = rules.advanced(running(pace=0.5), NOON, "x", NOON, seen=1, told=1)
    assert rules.room(after, NOON + SECOND, 500, 0) == rules.Room(0, NOON + 2 * SECOND)
    assert rules.room(after, NOON + 2 * SECOND, 500, 0).number == 1


@pytest.mark.parametrize(("open_", "number"), [(0, 3), (2, 1), (3, 0), (9, 0)])
def test_the_window_leaves_room_for_as_many_as_have_been_heard_of(open_: int, number: int) -> None:
    assert rules.room(running(window=3), NOON, 500, open_).number == number


def test_somebody_who_was_overtaken_is_not_at_the_same_place() -> None:
    before = running()
    after, _ = rules.advanced(before, NOON, "x", NOON, seen=1, told=1)
    assert [rules.same_place(before, other) for other in (before, after, rules.pause(before, NOON)[0])] == [
        True,
        False,
        False,
    ]


def test_calls_are_made_when_everybody_has_been_told() -> None:
    with pytest.raises(NotNow):
        rules.call_unreached(running(), NOON)
    told, _ = rules.advanced(running(), NOON, None, NOON, seen=4, told=4)
    asked, _ = rules.call_unreached(told, NOON + HOUR)
    assert (asked.state, asked.walk.tasks, rules.next_due(asked)) == ("told", ("call",), NOON + HOUR)
    assert rules.call_unreached(asked, NOON + HOUR) == (asked, [])


def test_an_outage_is_its_area_s_own_else_the_one_for_all() -> None:
    plan = a_plan(outages={"north": NORTH, "default": Outage(NOON, NOON + HOUR)}, lead=24 * HOUR)
    assert (plan.outage("north"), plan.outage("south"), plan.outage(None)) == (
        NORTH,
        Outage(NOON, NOON + HOUR),
        Outage(NOON, NOON + HOUR),
    )
    assert plan.on_time("north") == NOON + 6 * HOUR


def test_an_outage_is_over_at_its_end() -> None:
    plan = a_plan(outages={"north": NORTH, "south": Outage(NOON, NOON + HOUR)})
    assert (plan.over(NOON + HOUR - SECOND), plan.over(NOON + HOUR)) == ([], ["south"])


@pytest.mark.parametrize(("start_at", "begins"), [(None, NOON), (NOON - HOUR, NOON), (NOON + HOUR, NOON + HOUR)])
def test_the_telling_begins_at_its_time_but_not_before_it_is_begun(start_at: datetime | None, begins: datetime) -> None:
    assert rules.begins(a_broadcast(start_at=start_at), NOON) == begins


def test_nothing_is_promised_where_there_is_no_outage_or_no_lead() -> None:
    assert a_plan(outages={"north": NORTH}, lead=HOUR).on_time("south") is None
    assert a_plan(outages={"north": NORTH}).on_time("north") is None


def test_a_message_is_worth_nothing_when_the_outage_is_over() -> None:
    plan = a_plan(outages={"north": NORTH})
    assert plan.worth_until("north", NOON) == NORTH.to
    assert plan.worth_until("south", NOON) == NOON + 48 * HOUR
    assert replace(plan, valid_for=HOUR).worth_until("north", NOON) == NOON + HOUR
