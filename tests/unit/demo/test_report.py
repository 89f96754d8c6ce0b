from io import StringIO

import pytest
from rich.console import Console

from deploy.demo.outcome import Answers, Outcome, agreement, fingerprint, made_sla
from deploy.demo.report import show
from tests.unit.demo.builders import a_row, an_incident


def a_figure(numerator, denominator):
    return {"numerator": numerator, "denominator": denominator}


def a_group(orders):
    figures = {name: a_figure(1, orders) for name in ("first_response", "resolution", "reopen_rate")}
    return {"orders": {"opened": orders, "closed": orders}, "satisfaction": a_figure(0, 0), **figures} | {
        "answer_rate": a_figure(0, orders)
    }


def a_reach(to_reach, reached, on_time):
    rates = {"reached_rate": reached / to_reach, "on_time_rate": on_time / to_reach}
    return {"to_reach": to_reach, "reached": reached, "on_time": on_time, "refused": 0, **rates}


def an_outcome(**differing):
    kpi = {
        "total": a_group(20),
        "by_priority": {"P3": a_group(20)},
        "by_team": {f"Group {n}": a_group(1) for n in range(20)},
    }
    answers = Answers(
        tickets={"closed": 20},
        orders={"closed": 20},
        work={"assignments": 31, "transfers": 11},
        messages={"sms": {"sent": 70, "failed: no_address": 2}},
        kpi=kpi,
        resolved_in_time={"INC0000001": True},
        fingerprint="0123456789abcdef",
    )
    known = {
        "contacts": 20,
        "customers": 19,
        "answers": answers,
        "parked": {"intake": 0, "notify": 0},
        "refused": [],
        "untold": {"group became unknown": 3},
        "first_group_transfers": 4,
        "log_made_sla": {"P3": {"made": 12, "of": 20}},
        "agreement": {"P3": {"made": 19, "of": 20}},
        "explained": {},
        "remaining": {"tickets": 0},
        "seconds": {"incidents": 12.5},
        "broadcast": {
            "name": "Maintenance",
            "state": "told",
            "edition": 1,
            "total": a_reach(20, 19, 12),
            "areas": [{"area": "north", **a_reach(20, 19, 12)}],
        },
        "rendered": {"folder": "build/demo/messages", "messages": 1234},
    }
    return Outcome(**(known | differing))


@pytest.fixture
def shown():
    def lines(**differing):
        told = StringIO()
        show(Console(width=80, file=told), an_outcome(**differing))
        return told.getvalue().splitlines()

    return lines


def row(lines, name):
    return next(" ".join(line.split()) for line in lines if line.strip().startswith(name))


def test_the_loop_is_told_in_figures(shown):
    lines = shown()
    assert row(lines, "contacts in") == "contacts in 20 from customers 19"
    assert row(lines, "transfers") == "transfers 11 to the log's first group 4"
    assert row(lines, "messages by sms") == "messages by sms 72 sent 70, failed: no_address 2"
    assert row(lines, "messages parked") == "messages parked 0"


def test_our_deadlines_stand_beside_the_logs_verdict(shown):
    assert row(shown(), "P3") == "P3 20 5.0% (1/20) 5.0% (1/20) 60.0% (12/20) 95.0%"


def test_the_rules_that_fill_the_logs_gaps_are_said(shown):
    assert "UTC" in " ".join(shown())


def test_small_teams_are_one_line(shown):
    assert row(shown(), "5 other teams") == "5 other teams 5 100.0% 100.0% - 0.0% 100.0%"


def test_a_refused_call_is_listed_with_its_reason(shown):
    refused = {
        "incident": "INC0000885",
        "row": 4,
        "at": "2016-03-03T18:04:00.000Z",
        "method": "transfer",
        "code": "IllegalMove",
        "reason": "resolved",
    }
    assert row(shown(refused=[refused]), "INC") == "INC0000885 4 2016-03-03 18:04 transfer IllegalMove: resolved"


def test_the_proof_of_the_broadcast_and_the_place_of_the_messages_are_told(shown):
    lines = [" ".join(line.split()) for line in shown()]
    assert "north 20 19 95.0 % 12 60.0 % 0" in lines
    assert "1,234 messages, as their recipients read them: build/demo/messages/index.html" in lines


def test_it_fits_a_terminal_of_80_columns_and_cuts_nothing_off(shown):
    lines = shown()
    assert max(map(len, lines)) <= 80
    assert not any("…" in line for line in lines)


def test_the_logs_verdict_is_counted_by_the_last_rows_priority():
    kept = an_incident(a_row(priority="1 - Critical"), a_row())
    missed = an_incident(a_row(made_sla=True), a_row(made_sla=False))
    assert made_sla([kept, missed]) == {"P3": {"made": 1, "of": 2}}


def test_agreement_counts_the_incidents_where_our_clock_and_the_log_say_the_same():
    kept = an_incident(a_row(), number="INC1")
    missed = an_incident(a_row(made_sla=False), number="INC2")
    unplayed = an_incident(a_row(), number="INC3")
    told = agreement([kept, missed, unplayed], {"INC1": True, "INC2": True})
    assert told == {"P3": {"made": 1, "of": 2}}


def test_the_fingerprint_knows_no_numbers_of_the_run_but_every_assignment():
    def work(number, agent):
        entry = {
            "number": 1,
            "type": "work_assigned",
            "at": "2016",
            "recorded_at": number,
            "data": {"agent": agent, "choice": f"of {number}"},
        }
        fate = {"state": "closed", "team": "t", "agent": agent, "round": 0, "outcome": None}
        return {"INC1": {"order_no": number, **fate, "history": [entry]}}

    assert fingerprint(work("W-1", "a")) == fingerprint(work("W-2", "a")) != fingerprint(work("W-1", "b"))
