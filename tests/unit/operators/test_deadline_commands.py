"""What `loopdesk explain`, `rerate` and `rollout` make of the answers."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import click
import pytest

from deploy.commands.explain import bar, intervals, named, verdict, which
from deploy.commands.rerate import attainment, summed
from deploy.commands.rollout import told
from deploy.commands.times import MOMENT, length, moment

SHANGHAI = ZoneInfo("Asia/Shanghai")


def an_answer(**changes):
    return {
        "clock": "resolution",
        "part": None,
        "run": 1,
        "runs": 1,
        "as_of": "2026-03-02T05:00:00.000Z",
        "forecast": False,
        "zone": "Asia/Shanghai",
        "intervals": [],
        "earlier": None,
        "counted_seconds": 7200,
        "target_seconds": 28800,
        "due": "2026-03-02T09:00:00.000Z",
        "provisional": False,
        "calendar": "office@7",
        "state": "running",
        "paused_for": None,
        "ended_by": None,
        "by_seconds": 21600,
    } | changes


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (59, "59s"), (60, "1m"), (3600, "1h"), (93_784, "26h 3m 4s"), (1.25, "1.25s"), (60.001, "1m 0.001s")],
)
def test_a_length_is_told_in_the_units_that_it_has(seconds, text):
    assert length(seconds) == text


def test_a_time_is_told_as_the_clock_on_the_wall_there_shows_it():
    assert moment("2026-03-02T16:30:00.000Z", SHANGHAI) == "Tue 2026-03-03 00:30:00"
    assert moment("2026-03-02T16:30:00.250Z", SHANGHAI) == "Tue 2026-03-03 00:30:00.250"


@pytest.mark.parametrize("typed", ["2026-03-02T18:00", "2026-03-02T18:00Z", "2026-03-03T02:00+08:00"])
def test_a_time_without_a_zone_is_utc(typed):
    assert MOMENT.convert(typed, None, None) == datetime(2026, 3, 2, 18, tzinfo=UTC)


def test_what_is_no_time_is_refused():
    with pytest.raises(click.BadParameter):
        MOMENT.convert("yesterday", None, None)


@pytest.mark.parametrize(("number", "name"), [("W-1", "order_no"), ("T-1", "ticket_no"), ("INC1", "reference")])
def test_work_is_asked_for_by_the_name_that_was_typed(number, name):
    assert named(number) == name


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "Running, 6h left: 2h of 8h counted, due Mon 2026-03-02 17:00:00."),
        ({"state": "near"}, "Near its end, 6h left: 2h of 8h counted, due Mon 2026-03-02 17:00:00."),
        ({"state": "met"}, "Met with 6h left: 2h of 8h counted, due Mon 2026-03-02 17:00:00."),
        ({"state": "missed"}, "Missed by 6h: 2h of 8h counted, due Mon 2026-03-02 17:00:00."),
        (
            {"state": "paused", "paused_for": "waiting_for_parts", "due": None},
            "Standing still (waiting_for_parts), 6h left when it goes on: 2h of 8h counted.",
        ),
        ({"state": "called_off"}, "Called off with 6h left: 2h of 8h counted."),
    ],
)
def test_the_verdict_is_a_sentence(changes, words):
    assert [line.plain for line in verdict(an_answer(**changes), SHANGHAI)] == [words]


def test_a_response_that_nobody_gave_in_person_says_so():
    answer = an_answer(state="met", ended_by={"type": "work_responded", "by": "eta"})

    (_, line) = (line.plain for line in verdict(answer, SHANGHAI))

    assert line == "Done by rule: the customer was told when the mass incident will be over."


def test_what_is_not_certain_is_said():
    lines = [line.plain for line in verdict(an_answer(provisional=True, forecast=True), SHANGHAI)]
    assert lines[1:] == [
        "The due time is provisional: calendar office@7 does not know that far.",
        "A forecast: as if nobody did anything more until Mon 2026-03-02 13:00:00.",
    ]


def test_a_run_and_a_part_are_named():
    assert which(an_answer(clock="step", part="on_site", run=2, runs=3)) == "step:on_site (run 2 of 3)"


@pytest.mark.parametrize(
    ("gone", "text"),
    [
        (0, "░░░░░░░░░░░░ 0%"),
        (14_400, "██████░░░░░░ 50%"),
        (28_799, "███████████░ 99%"),
        (57_600, "████████████ 200%"),
    ],
)
def test_the_bar_is_never_full_before_the_target_is_reached(gone, text):
    assert bar(gone, an_answer()).plain == text


def test_what_was_counted_before_the_first_interval_told_is_in_the_bars():
    interval = {"kind": "counted", "seconds": 7200, "reason": None, "calendar": "a@1", "policy": "b@1"}
    times = {"from": "2026-03-02T01:00:00.000Z", "to": "2026-03-02T03:00:00.000Z"}
    earlier = {**times, "intervals": 9, "counted_seconds": 7200, "paused_seconds": 0, "closed_seconds": 0}
    table = intervals(an_answer(intervals=[interval | times], earlier=earlier), SHANGHAI)
    assert [cell.plain for cell in table.columns[4].cells][-1] == "██████░░░░░░ 50%"


def test_terms_that_are_the_same_all_the_way_are_told_once_and_others_in_every_line():
    first = {"from": "2026-03-02T01:00:00.000Z", "to": "2026-03-02T03:00:30.000Z", "kind": "counted", "seconds": 7230}
    one = first | {"reason": None, "calendar": "office@1", "policy": "standard@1"}
    other = one | {"policy": "vip@1"}
    heads = [
        [column.header for column in intervals(an_answer(intervals=told), SHANGHAI).columns][6:]
        for told in ([one, one], [one, other])
    ]
    assert heads == [[], ["calendar", "policy"]]
    assert list(intervals(an_answer(intervals=[one]), SHANGHAI).columns[1].cells) == ["2026-03-02 11:00:30"]


# rerate


def a_row(order_no, before, after, priority="P1"):
    sides = {"before": before, "after": after}
    return {"order_no": order_no, "priority": priority} | {
        side: {"first_response": "met", "resolution": outcome, "next_update": "none"} for side, outcome in sides.items()
    }


PAGES = [
    {"version": 3, "work": [a_row("W-1", "missed", "met"), a_row("W-2", "met", "missed")]},
    {"version": 3, "work": [a_row("W-3", "met", "met", "P2"), a_row("W-4", "open", "missed", "P2")]},
]


def test_pages_sum_up_to_what_was_gained_and_lost():
    report = summed(PAGES)
    resolution = report["clocks"]["resolution"]
    assert (report["version"], report["work"]) == (3, 4)
    assert (resolution["gained"], resolution["lost"]) == (["W-1"], ["W-2"])
    assert (resolution["before"], resolution["after"]) == (
        {"met": 2, "missed": 1, "open": 1},
        {"met": 2, "missed": 2},
    )


def test_each_priority_has_its_own_counts():
    by_priority = summed(PAGES)["by_priority"]
    assert by_priority["P1"]["resolution"]["gained"] == 1
    assert by_priority["P2"]["resolution"] == {
        "before": {"met": 1, "open": 1},
        "after": {"met": 1, "missed": 1},
        "gained": 0,
        "lost": 0,
    }


def test_attainment_is_of_what_was_decided():
    assert attainment({"met": 3, "missed": 1, "open": 5}) == 0.75
    assert attainment({"open": 5}) is None


# rollout


def test_a_rollout_is_told_in_a_line():
    found = {
        "kind": "apply_to_open",
        "version": 8,
        "policies": ["gold"],
        "calendars": [],
        "reason": "spring",
        "state": "running",
        "seen": 50,
        "changed": 20,
        "refused": 1,
    }
    assert told(found).plain == (
        "running  apply_to_open of gold, version 8 “spring”: 50 work orders seen, 20 changed, 1 refused"
    )
    horizon = found | {"kind": "horizon", "policies": [], "calendars": ["office"], "reason": None, "refused": 0}
    assert told(horizon).plain == "running  horizon of office, version 8: 50 work orders seen, 20 changed"
