"""What `loopdesk work` makes of the answer, of work as dispatch's own rules leave it."""

from dataclasses import replace
from datetime import timedelta
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console

from deploy.commands.work_view import show, when, who, why
from services.dispatch import answers, domain
from shared.cause import Cause
from shared.deciding import decided
from shared.document import Publishing, additions, history_reply
from shared.events import to_json
from tests.unit.dispatch.builders import NINE, a_ticket, opened
from tests.unit.dispatch.courses import a_book

UTC, SHANGHAI = ZoneInfo("UTC"), ZoneInfo("Asia/Shanghai")
BY_AGENT = Cause(ref="call work by desk", actor="agent 7")


def a_story():
    """A repair: reported by agent 7, then surveyed by nobody while agent 8 approves it, until the survey is missed."""
    order, facts = opened(a_ticket(), book=a_book())
    order, history, head = replace(order, version=1), [], None

    def write(order, facts, cause, at):
        nonlocal head
        added = additions(Publishing("dispatch"), ("", order.order_no), order, facts, cause, at, head)
        history.extend(added.history)
        head = added.head
        return replace(order, last_at=at)

    def change(order, minutes, move):
        at = NINE + timedelta(minutes=minutes)
        return write(*decided(order, at, (move, lambda order, *_: (order, [])), domain.advance), BY_AGENT, at)

    order = write(order, facts, Cause(ref="event intake_tickets/T-1/1"), NINE)
    order = change(order, 1, lambda order, at: domain.assign(order, at, "a7", 1))
    order = change(order, 2, domain.accept)
    order = change(
        order,
        30,
        lambda order, at: domain.complete_step(order, at, fields={"symptom": "the lamp is dark", "deep": True}),
    )
    approval = next(visit.number for visit in order.visits if visit.step == "approval")
    order = change(order, 31, lambda order, at: domain.assign(order, at, "a8", approval))
    order = change(order, 32, lambda order, at: domain.hold(order, at, "waiting_for_parts", "a new lamp"))
    order = change(order, 200, domain.resume)
    return to_json(answers.work(order, history_reply(history), NINE + timedelta(minutes=200)))


@pytest.fixture(scope="module")
def answer():
    return a_story()


def shown(answer, zone=UTC, width=100):
    console = Console(width=width, file=StringIO(), color_system=None)
    show(answer, zone, console)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def line(lines, *begin):
    """The one line that begins with these words, single-spaced."""
    (found,) = [one.split() for one in lines if one.split()[: len(begin)] == list(begin)]
    return " ".join(found)


def entry(number, answer):
    return next(one for one in answer["history"] if one["number"] == number)


def test_the_clocks_are_a_table_with_what_is_left_and_by_what_rule(answer):
    lines = shown(answer)
    assert line(lines, "clock") == "clock state due (UTC) left or over calendar by"
    assert line(lines, "first", "response") == ("first response missed 2026-03-02 09:15 3h 5m over always@1 standard@1")
    assert line(lines, "step", "survey") == "step survey #2 running 2026-03-02 13:18 58m left always@1 repair@1"


def test_a_clock_that_stands_still_says_for_what_and_has_no_due_time(answer):
    clock = answer["clocks"]["resolution"] | {"state": "paused", "paused_for": "waiting_for_parts", "due": None}
    lines = shown(answer | {"clocks": {"resolution": clock}})
    assert line(lines, "resolution") == ("resolution paused (waiting_for_parts) - 3h 28m left always@1 standard@1")


def test_a_provisional_due_time_is_marked(answer):
    clock = answer["clocks"]["resolution"] | {"provisional": True}
    assert line(shown(answer | {"clocks": {"resolution": clock}}), "resolution").split()[4] == "~"


def test_all_times_are_in_the_zone_that_the_columns_name(answer):
    lines = shown(answer, SHANGHAI)
    assert line(lines, "clock").startswith("clock state due (Asia/Shanghai)")
    assert "2026-03-02 17:15" in line(lines, "first", "response")
    assert line(lines, "survey").endswith("2026-03-02 17:30")
    assert line(lines, "1").startswith("1 2026-03-02 17:00 work_opened")
    assert not [one for one in lines if "09:" in one or "T0" in one]


def test_open_steps_say_who_has_them_or_whom_they_wait_for(answer):
    lines = shown(answer)
    assert line(lines, "survey", "#2") == "survey #2 queued it (expert) - 2026-03-02 09:30"
    assert line(lines, "approval", "#3") == "approval #3 assigned desk a8 2026-03-02 09:30"


def test_an_open_step_says_for_whom_its_agent_stands_in(answer):
    visits = [visit | {"principal": "a9"} for visit in answer["visits"]]
    assert "a8 for a9" in line(shown(answer | {"visits": visits}), "approval", "#3")


def test_what_was_filled_in_is_told(answer):
    lines = shown(answer)
    assert line(lines, "symptom") == "symptom the lamp is dark"
    assert line(lines, "deep") == "deep yes"


def test_fees_are_listed_and_summed_without_the_void_ones(answer):
    fee = {"fee": 1, "step": "fix", "amount": "5.00", "currency": "EUR", "note": None, "voided_at": None}
    void = fee | {"fee": 2, "voided_at": "2026-03-02T10:00:00.000Z", "void_reason": "twice"}
    lines = shown(answer | {"fees": [fee | {"void_reason": None}, void], "fee_total": {"EUR": "5.00"}})
    assert line(lines, "2", "fix") == "2 fix 5.00 EUR twice"
    assert line(lines, "in", "all") == "in all 5.00 EUR"


def test_an_entry_written_when_it_counted_tells_one_time(answer):
    assert str(when(entry(4, answer), UTC)) == "2026-03-02 09:02"


def test_an_entry_written_later_tells_both_times(answer):
    assert str(when(entry(5, answer), UTC)) == "2026-03-02 09:12\nrecorded\n2026-03-02 09:30"


def test_whoever_did_it_is_named_and_of_what_nobody_did_its_cause_and_rule(answer):
    assert str(who(entry(4, answer))) == "agent 7"
    assert str(who(entry(6, answer))) == "timer\nstandard@1"


def test_somebodys_reason_comes_first(answer):
    (held,) = [one for one in answer["history"] if one["type"] == "work_held"]
    assert str(why(held, UTC)) == "“waiting_for_parts” “a new lamp” "


def test_who_got_the_work_is_told_where_it_was_handed_on(answer):
    assert str(why(entry(3, answer), UTC)).startswith("team=it, agent=a7, ")
    assert "agent=" not in str(why(entry(4, answer), UTC))


@pytest.mark.parametrize("zone", [UTC, SHANGHAI])
def test_a_hundred_columns_are_enough_and_nothing_is_cut_off(answer, zone):
    lines = shown(answer, zone)
    assert max(map(len, lines)) <= 100
    assert not [one for one in lines if "…" in one]


def test_a_word_that_looks_like_markup_is_shown_as_it_is(answer):
    lines = shown(answer | {"subject": "[red]no[/] light", "fields": {"[b]": "[/b]"}})
    assert line(lines, "subject") == "subject [red]no[/] light"
    assert line(lines, "[b]") == "[b] [/b]"


def test_the_top_says_what_it_is_part_of(answer):
    assert line(shown({**answer, "parent": "W-100009"}), "parent") == "parent W-100009"


def test_the_top_says_for_how_many_it_stands_and_by_when_it_will_be_over(answer):
    mass = {"match": None, "eta": "2026-03-02T18:00:00.000Z", "eta_note": None, "children": 12, "settled": True}

    top = line(shown({**answer, "mass_incident": mass}), "mass", "incident")

    assert top == "mass incident eta: 2026-03-02 18:00, children: 12, settled: yes"
