"""Work that runs through a flow, as everybody sees it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from shared.clock import to_text
from tests.journey.outside import Case, Outside, subject
from tests.support import eventually

LONG_AGO = datetime(2016, 2, 29, 1, 16, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_customer_and_agent_see_where_the_work_is(outside: Outside, team: str, a1: str) -> None:
    case = outside.submit(team, channel="visit", reference=f"INC of {team}")
    outside.when_work(case, state="assigned", agent=a1)
    ticket = outside.when_ticket(case, status="assigned")
    assert (ticket["progress"]["step"], ticket["progress"]["step_name"]) == ("go", "On site")

    outside.do("complete_step", case, fields={"cause": "松了 🔧"})

    eventually(lambda: outside.ticket(case)["progress"]["step"] == "bill")
    outside.do("complete_step", case, fee={"amount": "120.00"}, solution="修好了")
    ticket = outside.when_ticket(case, status="resolved", progress=None)
    begun = [entry["data"]["step_name"] for entry in ticket["history"] if entry["type"] == "step_begun"]
    assert begun == ["On site", "Bill"]
    told = eventually(lambda: _last_lines(outside, case, 2))
    assert told == ["当前环节：上门。", "当前环节：结算。"]
    (found,) = outside.callcentre.call("intake", "find_tickets", reference=f"INC of {team}")["tickets"]
    assert found["ticket_no"] == case.ticket_no
    outside.assert_agreed(case)


def test_a_late_step_is_told_to_its_owner_once_and_to_those_above_and_so_is_its_end(
    outside: Outside, team: str, a1: str
) -> None:
    case = outside.submit(team, by=outside.importer, at=LONG_AGO, channel="visit")
    outside.when_work(case, state="assigned", agent=a1)
    outside.do("respond", case, by=outside.importer, at=LONG_AGO + HOUR / 2)
    outside.do("complete_step", case, by=outside.importer, at=LONG_AGO + 3 * HOUR, fields={"cause": "松了"})

    def of_time() -> list[tuple[str, str]]:
        found = [(m["created_at"], m["recipient"]) for m in outside.messages(case) if m["event"] != "work_assigned"]
        assert len(found) == 7, found
        return sorted(found)

    late, done = to_text(LONG_AGO + 2 * HOUR), to_text(LONG_AGO + 3 * HOUR)
    assert eventually(of_time) == [
        (to_text(LONG_AGO + HOUR), f"agent:{a1}"),
        (late, f"agent:{a1}"),
        (late, f"duty_manager:{team}"),
        (late, f"supervisor:{team}"),
        *((done, f"{who}:{name}") for who, name in (("agent", a1), ("duty_manager", team), ("supervisor", team))),
    ]
    mails = eventually(lambda: (two := outside.mails("supervisors@example.com", case)) and len(two) == 2 and two)
    assert {subject(mail).partition(f"工单 {case.ticket_no} ")[2] for mail in mails} == {
        "环节“上门”：第 1 级升级",
        "升级已解除",
    }


def test_a_priority_follows_the_work_to_the_customer_and_the_figures(outside: Outside, team: str, a1: str) -> None:
    case = outside.submit(team, by=outside.importer, at=LONG_AGO, channel="visit")
    outside.when_work(case, state="assigned", agent=a1)
    outside.do("prioritise", case, by=outside.importer, at=LONG_AGO + HOUR, priority="P1", reason="一整个小区")
    outside.do("complete_step", case, by=outside.importer, at=LONG_AGO + 1.5 * HOUR, fields={"cause": "松了"})

    outside.when_ticket(case, priority="P1")
    period = {"from": LONG_AGO, "to": LONG_AGO + HOUR, "team": team}

    def steps() -> tuple[list[str], tuple[int, int]]:
        found = outside.workbench.call("feedback", "kpi", **period)
        figure = found["total"]["step"]
        assert figure["denominator"] == 1
        return list(found["by_priority"]), (figure["numerator"], figure["denominator"])

    assert eventually(steps) == (["P1"], (1, 1))
    (told,) = eventually(lambda: [m for m in outside.messages(case) if m["event"] == "work_prioritised"])
    assert told["recipient"] == f"agent:{a1}"
    outside.assert_agreed(case)


def _last_lines(outside: Outside, case: Case, count: int) -> list[str]:
    """The last line of each assignment's text, once there are so many."""
    told = [message for message in outside.messages(case) if message["event"] == "work_assigned"]
    assert len(told) == count, told
    full = [outside.workbench.call("notify", "get_message", message_id=one["message_id"]) for one in told]
    return [message["content"]["text"].splitlines()[-1] for message in full]
