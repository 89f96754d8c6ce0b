"""Tickets on their way through the whole loop."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from shared.clock import from_text, to_text
from shared.errors import IllegalMove
from tests.journey.outside import Outside, a_customer, body, happened, statuses, subject
from tests.support import eventually

LONG_AGO = datetime(2016, 2, 29, 1, 16, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_a_satisfied_customer_closes_the_loop(outside: Outside, team: str, a1: str) -> None:
    case = outside.submit(team)
    assert outside.ticket(case)["priority"] == "P2"
    work = outside.when_work(case, state="assigned", agent=a1, round=0)
    assert (work["team"], work["supervisor"], work["subject"]) == (team, f"chief of {team}", "断网了 😡")
    outside.when_ticket(case, status="assigned")
    (told,) = eventually(lambda: outside.mails("service-desk@example.com", case))
    assert "已分派给您" in subject(told)

    assert outside.do("accept", case)["state"] == "accepted"
    outside.do("respond", case, note="已致电客户")
    assert outside.load(a1) == 1
    outside.do("resolve", case, solution="Wir haben das Kabel ersetzt 🔧\n第二行", language="zh-CN")
    outside.when_ticket(case, status="resolved")
    assert outside.load(a1) == 0
    (solved,) = eventually(lambda: outside.mails(case.customer["email"], case))
    assert "is resolved" in subject(solved)
    assert "Wir haben das Kabel ersetzt 🔧" in body(solved)

    answered = outside.answer(case, 5, "很好 👍")
    assert (answered["state"], answered["score"]) == ("satisfied", 5)
    ticket = outside.when_ticket(case, status="closed")
    assert statuses(ticket) == ["submitted", "assigned", "resolved", "closed"]
    assert [entry["data"].get("solution") for entry in ticket["history"]][2] == "Wir haben das Kabel ersetzt 🔧\n第二行"
    assert ticket["history"][3]["data"]["outcome"] == "satisfied"
    work = outside.when_work(case, state="closed", outcome="satisfied", escalation=0, supervised=False)
    assert happened(work) == [
        *("work_opened", "work_assigned", "work_accepted", "work_responded", "work_resolved", "work_closed"),
    ]
    assert (work["first_response"]["met"], work["resolution"]["met"]) == (True, True)

    def all_sent() -> list[tuple[str, str, str]]:
        told = [(message["event"], message["channel"], message["state"]) for message in outside.messages(case)]
        assert len(told) == 4
        assert {state for _, _, state in told} == {"sent"}
        return told

    assert sorted(told[:2] for told in eventually(all_sent)) == [
        *(("survey_due", "sms"), ("work_assigned", "email"), ("work_closed", "email"), ("work_resolved", "email")),
    ]
    assert len(outside.mails(case.customer["email"], case)) == 2
    assert len(outside.texts(case)) == 1
    with pytest.raises(IllegalMove) as refused:
        outside.answer(case, 1, "二次回答")
    assert refused.value.details["rule"] == "one_answer_in_time"
    outside.assert_agreed(case)


def test_a_dissatisfied_customer_reopens_the_work_under_a_supervisors_eyes(
    outside: Outside, team: str, a1: str
) -> None:
    case = outside.submit(team)
    begun = from_text(outside.when_work(case, state="assigned")["opened_at"])
    outside.do("resolve", case, solution="重启了路由器")
    outside.answer(case, 1, "还是不行 😡")

    work = outside.when_work(case, state="assigned", round=1, supervised=True, escalation=1, agent=a1)
    escalated = next(entry for entry in work["history"] if entry["type"] == "work_escalated")
    assert (escalated["data"]["why"], escalated["data"]["tell"]) == ("dissatisfied", ["supervisor"])
    eventually(lambda: [m for m in outside.messages(case) if m["recipient"] == f"supervisor:{team}"])
    assert outside.load(a1) == 1
    ticket = outside.when_ticket(case, status="assigned")
    assert statuses(ticket) == ["submitted", "assigned", "resolved", "reopened", "assigned"]
    assert (
        next(e for e in ticket["history"] if e["data"].get("status") == "reopened")["data"]["reason"] == "还是不行 😡"
    )

    outside.do("resolve", case, solution="换了路由器")
    outside.answer(case, 4, "现在好了", round_=1)

    outside.when_ticket(case, status="closed")
    first, second = outside.cases(case)
    assert (first["state"], first["score"], first["comment"]) == ("dissatisfied", 1, "还是不行 😡")
    assert (second["state"], second["score"], second["round"]) == ("satisfied", 4, 1)
    assert outside.load(a1) == 0

    def figures() -> dict[str, object]:
        period = {"from": begun - MINUTE, "to": begun + MINUTE, "team": team}
        found = outside.workbench.call("feedback", "kpi", **period)["by_team"][team]
        happened = {name: count for name, count in found["orders"].items() if count}
        assert happened == {"opened": 1, "resolved": 1, "reopened": 1, "closed": 1}
        return {
            name: (figure["numerator"], figure["denominator"]) for name, figure in found.items() if name != "orders"
        }

    assert eventually(figures) == {
        "satisfaction": (1, 2),
        "mean_score": (5, 2),
        "answer_rate": (2, 2),
        "first_response": (1, 1),
        "resolution": (1, 1),
        "step": (0, 0),
        "reopen_rate": (1, 1),
    }
    outside.assert_agreed(case)


def test_a_survey_that_nobody_answers_closes_by_itself_when_its_time_is_over(
    outside: Outside, team: str, a1: str
) -> None:
    case = outside.submit(team, by=outside.importer, at=LONG_AGO)
    outside.when_work(case, state="assigned", agent=a1, opened_at=to_text(LONG_AGO))
    outside.do("respond", case, by=outside.importer, at=LONG_AGO + 10 * MINUTE)
    outside.do("resolve", case, by=outside.importer, at=LONG_AGO + 90 * MINUTE, solution="修好了")
    outside.when_ticket(case, status="resolved")
    (followed,) = eventually(lambda: outside.cases(case))
    assert (followed["state"], followed["replay_until"]) == ("open", to_text(LONG_AGO + 90 * MINUTE))

    outside.importer.command("intake", "end_replay", ticket_no=case.ticket_no)

    ticket = outside.when_ticket(case, status="closed", replay_until=None)
    over = to_text(LONG_AGO + 90 * MINUTE + timedelta(days=5))
    assert [entry["data"]["outcome"] for entry in ticket["history"] if "outcome" in entry["data"]] == ["no_answer"]
    (followed,) = outside.cases(case)
    assert (followed["state"], followed["closed_at"], followed["score"]) == ("expired", over, None)
    work = outside.when_work(case, state="closed", outcome="no_answer")
    assert [e["at"] for e in work["history"] if e["type"] in ("work_responded", "work_resolved")] == [
        to_text(LONG_AGO + 10 * MINUTE),
        to_text(LONG_AGO + 90 * MINUTE),
    ]
    outside.assert_agreed(case)


def test_deadlines_that_a_replay_passes_are_told_at_the_time_at_which_they_fell_due(
    outside: Outside, team: str, a1: str
) -> None:
    case = outside.submit(team, by=outside.importer, at=LONG_AGO)
    outside.when_work(case, state="assigned")
    outside.do("resolve", case, by=outside.importer, at=LONG_AGO + 600 * MINUTE, solution="太晚了")

    work = outside.when_work(case, state="resolved", escalation=0)
    timed = [e for e in work["history"] if e["type"].startswith("deadline") or "escalated" in e["type"]]
    assert [(e["type"], e["data"].get("clock") or e["data"]["why"], e["at"]) for e in timed] == [
        ("deadline_near", "first_response", to_text(LONG_AGO + 48 * MINUTE)),
        ("deadline_missed", "first_response", to_text(LONG_AGO + 60 * MINUTE)),
        ("work_escalated", "first_response", to_text(LONG_AGO + 120 * MINUTE)),
        ("deadline_near", "resolution", to_text(LONG_AGO + 384 * MINUTE)),
        ("deadline_missed", "resolution", to_text(LONG_AGO + 480 * MINUTE)),
        ("work_escalated", "resolution", to_text(LONG_AGO + 540 * MINUTE)),
        ("work_deescalated", "resolved", to_text(LONG_AGO + 600 * MINUTE)),
    ]
    assert (work["first_response"]["met"], work["resolution"]["met"]) == (False, False)

    def told() -> list[tuple[str, str]]:
        of_time = ("deadline_missed", "work_escalated")
        found = [(one["event"], one["recipient"]) for one in outside.messages(case) if one["event"] in of_time]
        assert len(found) == 6, found
        return sorted(set(found))

    assert eventually(told) == [
        ("deadline_missed", f"agent:{a1}"),
        ("work_escalated", f"agent:{a1}"),
        ("work_escalated", f"supervisor:{team}"),
    ]


def test_holding_moves_the_deadlines_by_the_held_time(outside: Outside, team: str, a1: str) -> None:
    case = outside.submit(team, by=outside.importer, at=LONG_AGO)
    before = outside.when_work(case, state="assigned")
    assert before["first_response"]["due"] == to_text(LONG_AGO + 60 * MINUTE)

    outside.do("hold", case, by=outside.importer, at=LONG_AGO + 10 * MINUTE, reason="waiting_for_customer")
    ticket = outside.when_ticket(case, status="on_hold")
    said = ticket["history"][-1]["data"]
    assert (said["reason"], said["reason_name"]) == ("waiting_for_customer", "Waiting for the customer")
    assert outside.load(a1) == 1
    outside.do("resume", case, by=outside.importer, at=LONG_AGO + 40 * MINUTE)

    outside.when_ticket(case, status="assigned")
    after = outside.work(case)
    assert after["first_response"]["due"] == to_text(LONG_AGO + 90 * MINUTE)
    assert after["resolution"]["due"] == to_text(LONG_AGO + 8 * 60 * MINUTE + 30 * MINUTE)
    outside.do("respond", case, by=outside.importer, at=LONG_AGO + 80 * MINUTE)
    assert outside.work(case)["first_response"]["met"] is True
    outside.assert_agreed(case)


def test_withdrawing_before_anybody_has_it_ends_the_matter(outside: Outside, team: str) -> None:
    case = outside.submit(team)
    outside.when_work(case, state="queued", agent=None)

    outside.callcentre.command("intake", "withdraw_ticket", ticket_no=case.ticket_no, reason="自己找到了")

    work = outside.when_work(case, state="withdrawn")
    late = outside.come(f"late of {team}", team)
    assert statuses(outside.ticket(case)) == ["submitted", "withdrawn"]
    assert outside.ticket(case)["history"][-1]["data"]["reason"] == "自己找到了"
    assert work["agent"] is None
    assert outside.load(late) == 0
    with pytest.raises(IllegalMove):
        outside.callcentre.command("intake", "withdraw_ticket", ticket_no=case.ticket_no, reason="again")


def test_withdrawing_assigned_work_frees_its_agent_for_what_waits(outside: Outside, team: str) -> None:
    a1 = outside.come(f"a1 of {team}", team, capacity=1)
    first = outside.submit(team)
    outside.when_work(first, state="assigned", agent=a1)
    second = outside.submit(team)
    outside.when_work(second, state="queued")

    outside.callcentre.command("intake", "withdraw_ticket", ticket_no=first.ticket_no, reason="不用了")

    outside.when_work(first, state="withdrawn")
    outside.when_work(second, state="assigned", agent=a1)
    assert outside.load(a1) == 1
    with pytest.raises(IllegalMove):
        outside.do("resolve", first, solution="too late")


def test_transferred_work_goes_to_somebody_of_the_other_team(
    outside: Outside, team: str, other_team: str, a1: str
) -> None:
    a2 = outside.come(f"a2 of {other_team}", other_team)
    case = outside.submit(team)
    outside.when_work(case, state="assigned", agent=a1)

    moved = outside.do("transfer", case, team=other_team, reason="不归我们")

    assert (moved["team"], moved["agent"], moved["state"]) == (other_team, a2, "assigned")
    assert (outside.load(a1), outside.load(a2)) == (0, 1)
    assert outside.work(case)["supervisor"] == f"chief of {other_team}"
    outside.do("resolve", case, solution="修好了")
    (followed,) = eventually(lambda: outside.cases(case))
    assert followed["team"] == other_team
    told = eventually(lambda: [m for m in outside.messages(case) if m["recipient"] == f"agent:{a2}"])
    assert [message["event"] for message in told] == ["work_assigned"]
    outside.assert_agreed(case)


def test_the_queue_drains_most_urgent_first_when_an_agent_comes(outside: Outside, team: str) -> None:
    low = outside.submit(team, impact="low", urgency="low")
    high = outside.submit(team, impact="high", urgency="high")
    middle = outside.submit(team, impact="medium", urgency="high")
    for case in (low, high, middle):
        outside.when_work(case, state="queued")

    a1 = outside.come(f"a1 of {team}", team, capacity=2)

    outside.when_work(high, state="assigned", agent=a1)
    outside.when_work(middle, state="assigned", agent=a1)
    outside.when_work(low, state="queued")
    outside.do("resolve", high, solution="修好了")
    outside.when_work(low, state="assigned", agent=a1)
    assert outside.load(a1) == 2


def test_one_customer_with_many_tickets_at_once_is_one_customer(outside: Outside, team: str) -> None:
    customer = a_customer()
    cases = [outside.submit(team, customer=customer, subject=f"第 {number} 次") for number in range(3)]

    assert len({case.customer_id for case in cases}) == 1
    listed = outside.callcentre.call("intake", "find_tickets", customer_id=cases[0].customer_id)["tickets"]
    assert [one["subject"] for one in listed] == ["第 2 次", "第 1 次", "第 0 次"]
