"""Newer reference data for open work: what changes, what stays, what is told; and how a rollout goes on."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, given, settings

from services.dispatch import domain
from services.dispatch.domain.clocks.pin import Pin
from services.dispatch.domain.rollouts.repin import apply_newer, extend_horizons, pinned, provisional
from services.dispatch.domain.rollouts.rollout import (
    HEAD_START,
    Outcome,
    Place,
    Rollout,
    RolloutKind,
    RolloutState,
    begin,
    go_on,
    next_round,
)
from services.dispatch.domain.work.record import FIELDS, MERGED, OPTIONAL, record
from shared.events import to_json
from shared.history import rebuild
from tests.unit.dispatch.random_work import rolled_timelines
from tests.unit.dispatch.timelines import (
    CALENDARS,
    LOOP,
    PARTS,
    SHANGHAI,
    TARGETS,
    WAITING,
    Timeline,
    a_policy,
    a_reference,
)

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
NINE = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)  # a Monday, nine o'clock in Shanghai
WHY = "apply_to_open 7: a promise kept too seldom"


def after(**elapsed: float) -> datetime:
    return NINE + timedelta(**elapsed)


def promising(hours: int, version: int = 2, **changes):
    """A resolution within so many hours, all day long."""
    target = {"first_response": "1h", "resolution": f"{hours}h", "calendar": "always"}
    policy = a_policy(targets=dict.fromkeys(TARGETS, target), escalations=[], **changes)
    return a_reference(policy, version=version)


def worked(*versions, at: datetime = NINE, **ticket) -> Timeline:
    timeline = Timeline(at, *versions, **ticket)
    timeline.do(at, domain.assign, "a1")
    timeline.do(at, domain.accept)
    return timeline


def types(timeline: Timeline, since: int = 0) -> list[str]:
    return [entry["type"] for entry in timeline.entries[since:]]


def apply(timeline: Timeline, at: datetime, version: int = 2) -> list[dict]:
    """The entries of putting the work under that version."""
    known = len(timeline.entries)
    timeline.do(at, apply_newer, timeline.books(version), WHY)
    return timeline.entries[known:]


# apply_to_open


def test_work_comes_under_the_newer_policy_and_keeps_what_was_counted():
    timeline = worked(promising(8, 1), promising(4, 2))
    repinned, first_response, moved = apply(timeline, after(minutes=10))

    assert repinned["type"] == "policy_applied"
    assert [repinned["data"][name] for name in ("from", "to", "why")] == ["standard@1", "standard@2", WHY]
    assert first_response["type"] == "clock_repinned"
    assert moved["type"] == "deadline_moved"
    assert [moved["data"][name] for name in ("clock", "from", "to", "why")] == [
        "resolution",
        "2026-03-02T09:00:00.000Z",
        "2026-03-02T05:00:00.000Z",
        WHY,
    ]
    assert timeline.order.policy == Pin("standard", 2)
    assert (timeline.clock("resolution").due, timeline.clock("resolution").counted) == (
        after(hours=4),
        timedelta(minutes=10),
    )


def test_the_policy_is_chosen_anew_by_the_matter():
    chosen = [a_policy("gold", when='tier == "gold"'), a_policy()]
    timeline = worked(promising(8, 1), a_reference(*chosen, version=2))
    apply(timeline, after(minutes=30))
    assert timeline.order.policy == Pin("gold", 2)


def test_work_is_put_under_a_version_once():
    timeline = worked(promising(8, 1), promising(4, 2))
    apply(timeline, after(minutes=30))
    assert apply(timeline, after(minutes=40)) == []


def test_work_that_has_ended_stays_as_it_is():
    timeline = worked(promising(8, 1), promising(4, 2))
    timeline.do(after(hours=1), domain.resolve, "done")
    assert pinned(timeline.order) is None
    assert apply(timeline, after(hours=2)) == []


def test_what_the_newer_promise_has_passed_already_is_missed_at_once():
    timeline = worked(promising(8, 1), promising(2, 2))
    timeline.do(after(minutes=30), domain.respond)
    apply(timeline, after(hours=3))
    timeline.pass_to(after(hours=3))
    missed = [entry for entry in timeline.entries if entry["type"] == "deadline_missed"]
    assert [(one["at"], one["data"]["due"]) for one in missed] == [(after(hours=3), "2026-03-02T03:00:00.000Z")]


def test_a_promise_that_the_newer_policy_does_not_make_is_called_off():
    target = {"first_response": "1h", "resolution": "8h", "next_update": "1h", "calendar": "always"}
    news = dict.fromkeys(TARGETS, target)
    timeline = worked(a_reference(a_policy(targets=news)), promising(8, 2))
    timeline.do(after(minutes=30), domain.respond)
    apply(timeline, after(minutes=40))
    assert timeline.clock("next_update").called_off_at == after(minutes=40)


def test_held_work_is_paused_as_the_newer_policy_says():
    timeline = worked(
        promising(8, 1, pause={PARTS: ["first_response"]}), promising(8, 2, pause={PARTS: ["resolution"]})
    )
    timeline.do(after(minutes=10), domain.hold, PARTS)
    apply(timeline, after(minutes=20))
    assert timeline.clock("first_response").paused is None
    assert timeline.clock("resolution").paused == PARTS
    timeline.do(after(minutes=50), domain.resume)
    assert timeline.clock("resolution").due == after(hours=8, minutes=30)
    assert timeline.clock("first_response").due == after(minutes=70)


def test_a_running_flow_stays_and_its_limits_count_in_the_newer_calendars():
    holiday = SHANGHAI | {"days": {"2026-03-02": {"open": ["14:00-18:00"], "name": "half a day"}}}
    newer = a_reference(calendars=CALENDARS | {"shanghai": holiday}, flows={}, version=2)
    timeline = worked(a_reference(flows={"loop": LOOP}), newer)
    apply(timeline, NINE)

    assert timeline.order.flow == Pin("loop", 1)
    assert (timeline.clock("step/1").source, timeline.clock("step/1").calendar) == (Pin("loop", 1), Pin("shanghai", 2))
    assert timeline.clock("step/1").due == after(hours=7)  # 16:00: two hours from 14:00


#: A flow whose limits are working days, and a newer version whose calendars have none.
IN_DAYS = LOOP | {"steps": LOOP["steps"] | {"look": LOOP["steps"]["look"] | {"within": "2wd", "escalations": []}}}
IN_HOURS = {"first_response": "1h", "resolution": "8h"}
NO_DAYS = {
    code: {key: value for key, value in body.items() if key != "working_day"} for code, body in CALENDARS.items()
}


def without_working_days() -> Timeline:
    """Work in a flow of working days, and a version 2 that counts in hours only."""
    newer = a_reference(a_policy(targets=dict.fromkeys(TARGETS, IN_HOURS)), calendars=NO_DAYS, flows={}, version=2)
    return worked(a_reference(flows={"loop": IN_DAYS}), newer)


def test_a_limit_that_the_newer_calendar_cannot_measure_stays_in_that_of_its_own_version():
    timeline = without_working_days()
    apply(timeline, after(minutes=10))

    assert (timeline.order.policy, timeline.clock("resolution").calendar) == (Pin("standard", 2), Pin("office", 2))
    assert (timeline.clock("step/1").calendar, timeline.clock("step/1").due) == (Pin("shanghai", 1), after(days=2))


def test_a_step_that_is_opened_later_is_measured_in_its_own_version_where_the_newer_calendar_cannot():
    timeline = without_working_days()
    apply(timeline, after(minutes=10))

    timeline.do(after(minutes=20), domain.complete_step)

    assert (timeline.order.visits[0].step, timeline.clock("step/2").calendar) == ("mend", Pin("nights", 1))


def test_a_step_that_is_opened_later_counts_in_the_newer_calendar():
    timeline = worked(a_reference(flows={"loop": LOOP}), a_reference(flows={}, version=2))
    apply(timeline, after(minutes=10))

    timeline.do(after(minutes=20), domain.complete_step)

    assert (timeline.clock("step/2").source, timeline.clock("step/2").calendar) == (Pin("loop", 1), Pin("nights", 2))


def test_a_promise_that_only_the_newer_policy_makes_is_due_from_then_on_and_told():
    target = {"first_response": "1h", "resolution": "8h", "next_update": "1h", "calendar": "always"}
    timeline = worked(promising(8, 1), a_reference(a_policy(targets=dict.fromkeys(TARGETS, target)), version=2))
    timeline.do(after(minutes=30), domain.respond)

    moved = apply(timeline, after(minutes=40))[-1]

    assert timeline.clock("next_update").due == after(minutes=100)
    assert [moved["type"], *(moved["data"][name] for name in ("clock", "from", "to", "why"))] == [
        "deadline_moved",
        "next_update",
        None,
        "2026-03-02T02:40:00.000Z",
        WHY,
    ]


def test_a_limit_whose_calendar_the_version_does_not_know_stays_as_it_is():
    target = {"first_response": "1h", "resolution": "8h"}
    newer = a_reference(
        a_policy(targets=dict.fromkeys(TARGETS, target)),
        calendars={"office": CALENDARS["office"]},
        flows={},
        version=2,
    )
    timeline = worked(a_reference(flows={"loop": LOOP}), newer)
    apply(timeline, NINE)
    assert timeline.clock("step/1").calendar == Pin("shanghai", 1)
    assert timeline.clock("resolution").calendar == Pin("office", 2)


@given(rolled_timelines())
@settings(max_examples=100, deadline=None, suppress_health_check=SLOW)
def test_what_a_rollout_changes_its_history_tells(timeline):
    rebuilt = rebuild(timeline.entries, MERGED)
    assert {name: rebuilt[name] for name in FIELDS if name not in OPTIONAL} == to_json(record(timeline.order))


# horizons

SHORT = SHANGHAI | {"horizon": "2026-03-03"}
HOLIDAY = SHANGHAI | {"horizon": "2026-04-01", "days": {"2026-03-03": {"closed": True, "name": "放假"}}}


def known_to(calendar, version: int):
    return a_reference(calendars=CALENDARS | {"shanghai": calendar}, version=version)


def extend(timeline: Timeline, at: datetime) -> list[dict]:
    known = len(timeline.entries)
    timeline.do(at, extend_horizons, timeline.books(2))
    return timeline.entries[known:]


def test_a_deadline_beyond_the_horizon_is_recomputed_when_more_is_known():
    timeline = worked(known_to(SHORT, 1), known_to(HOLIDAY, 2))
    assert (provisional(timeline.order), timeline.clock("resolution").due) == (1, after(days=1))
    moved = extend(timeline, after(minutes=30))[-1]

    assert moved["type"] == "deadline_moved"
    assert {name: moved["data"][name] for name in ("clock", "from", "to", "why")} == {
        "clock": "resolution",
        "from": "2026-03-03T01:00:00.000Z",
        "to": "2026-03-04T01:00:00.000Z",
        "why": "horizon of shanghai extended to 2026-04-01",
    }
    assert (provisional(timeline.order), timeline.order.policy) == (None, Pin("standard", 1))
    assert timeline.clock("resolution").source == Pin("standard", 1)


def test_what_lies_before_the_horizon_is_left_alone():
    timeline = worked(known_to(SHORT, 1), known_to(HOLIDAY, 2))
    extend(timeline, after(minutes=30))
    assert timeline.clock("first_response").calendar == Pin("shanghai", 1)


def test_a_calendar_that_changed_otherwise_changes_no_running_work():
    other = HOLIDAY | {"week": {"mon": ["10:00-12:00"]}}
    timeline = worked(known_to(SHORT, 1), known_to(other, 2))
    assert extend(timeline, after(minutes=10)) == []


def test_a_paused_deadline_learns_of_the_further_days_at_once_and_is_due_by_them_when_it_goes_on():
    timeline = worked(known_to(SHORT, 1), known_to(HOLIDAY, 2))
    timeline.do(after(minutes=10), domain.hold, WAITING)
    assert provisional(timeline.order) == 1

    (repinned,) = extend(timeline, after(minutes=20))
    timeline.do(after(minutes=50), domain.resume)

    assert (repinned["type"], repinned["data"]["clock"]) == ("clock_repinned", "resolution")
    assert (timeline.clock("resolution").due, provisional(timeline.order)) == (after(days=2, minutes=40), None)


def test_what_held_work_knows_of_further_days_another_version_does_not_take_away():
    timeline = worked(
        known_to(SHORT, 1), known_to(HOLIDAY, 2), known_to(HOLIDAY | {"week": {"mon": ["10:00-12:00"]}}, 3)
    )
    timeline.do(after(minutes=10), domain.hold, WAITING)
    extend(timeline, after(minutes=20))
    timeline.do(after(minutes=50), domain.resume)

    timeline.do(after(minutes=50), extend_horizons, timeline.books(3))

    assert (timeline.clock("resolution").calendar, timeline.clock("resolution").due) == (
        Pin("shanghai", 2),
        after(days=2, minutes=40),
    )


def test_another_priority_does_not_forget_what_is_known_of_further_days():
    target = {"first_response": "1h", "resolution": "16h", "calendar": "shanghai"}
    policy = a_policy(targets=dict.fromkeys(TARGETS, target) | {"P3": target | {"resolution": "24h"}})
    versions = [
        a_reference(policy, calendars=CALENDARS | {"shanghai": c}, version=v) for v, c in ((1, SHORT), (2, HOLIDAY))
    ]
    timeline = worked(*versions)
    extend(timeline, after(minutes=20))

    timeline.do(after(minutes=30), domain.prioritise, "P3", "can wait")

    assert timeline.clock("resolution").calendar == Pin("shanghai", 2)
    assert timeline.clock("resolution").due == after(days=4)


def test_a_level_beyond_the_horizon_is_recomputed_though_the_deadline_is_before_it():
    late = a_policy(escalations=[{"clock": "resolution", "after": "1wd", "level": 1, "tell": ["supervisor"]}])
    target = {"first_response": "1h", "resolution": "4h", "calendar": "shanghai"}
    late |= {"targets": dict.fromkeys(TARGETS, target)}
    versions = [
        a_reference(late, calendars=CALENDARS | {"shanghai": c}, version=v) for v, c in ((1, SHORT), (2, HOLIDAY))
    ]
    timeline = worked(*versions)
    assert (timeline.clock("resolution").provisional, provisional(timeline.order)) == (False, 1)

    extend(timeline, after(minutes=30))
    timeline.pass_to(after(days=9))

    assert [entry["at"] for entry in timeline.entries if entry["type"] == "work_escalated"] == [
        after(days=2, hours=5, minutes=30)
    ]


def test_a_warning_is_given_once_though_the_horizon_moves():
    timeline = worked(known_to(SHORT, 1), known_to(HOLIDAY, 2))
    timeline.do(after(minutes=30), domain.respond)
    timeline.pass_to(after(hours=7))
    extend(timeline, after(hours=7))
    timeline.pass_to(after(days=9))
    told = [(e["type"], e["data"].get("share")) for e in timeline.entries if e["data"].get("clock") == "resolution"]
    assert told == [
        ("deadline_near", 0.5),
        ("deadline_moved", None),
        ("deadline_near", 0.8),
        ("deadline_missed", None),
        ("work_escalated", None),
    ]


# the rollout itself


def a_rollout(**changes) -> Rollout:
    fields = {"rollout_id": "r", "kind": RolloutKind.APPLY_TO_OPEN, "to_version": 2, "begun_at": NINE, "by": "ann"}
    return Rollout(**fields | {"reason": "why not"} | changes)


def test_a_rollout_begins_when_no_process_trusts_the_older_version_any_more():
    rollout, (fact,) = begin(a_rollout())
    assert next_round(rollout) == NINE + HEAD_START
    assert (fact.type, fact.data["version"], fact.data["reason"]) == ("rollout_begun", 2, "why not")


def test_a_batch_is_counted_when_it_is_done():
    seen = a_rollout(place=Place(1, "W-2"), batch=("W-1", "W-2"))
    rollout, facts = go_on(seen, NINE, seen, Outcome(changed=1), Place(1, "W-3"), ("W-3",))
    assert (rollout.seen, rollout.changed, rollout.batch, facts) == (2, 1, ("W-3",), [])


def test_a_batch_that_another_process_has_done_is_not_counted_again():
    seen = a_rollout(place=Place(1, "W-2"), batch=("W-1", "W-2"))
    ahead = replace(seen, place=Place(1, "W-3"), batch=("W-3",), seen=2)
    assert go_on(ahead, NINE, seen, Outcome(changed=2), Place(1, "W-3"), ("W-3",)) == (ahead, [])


def test_a_rollout_ends_when_nothing_is_left():
    seen = a_rollout(place=Place(1, "W-2"), batch=("W-2",))
    rollout, (fact,) = go_on(seen, after(hours=1), seen, Outcome(changed=1), Place(1, "W-2"), ())
    assert (rollout.state, rollout.ended_at, next_round(rollout)) == (RolloutState.DONE, after(hours=1), None)
    assert (fact.type, dict(fact.data)) == ("rollout_ended", {"seen": 1, "changed": 1, "refused": 0})
