"""Mass incidents, alarms, pushes and stand-ins through all services: what customers and staff hear."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from shared.clock import to_text
from tests.journey.outside import Case, Outside, a_customer, subject
from tests.support import eventually


def soon(hours: float) -> datetime:
    return (datetime.now(UTC) + timedelta(hours=hours)).replace(microsecond=0)


def said(outside: Outside, case: Case, event: str) -> list[dict[str, Any]]:
    """The messages that such an event wrote, oldest first, with their texts."""
    found = [message for message in outside.messages(case) if message["event"] == event]
    return [outside.workbench.call("notify", "get_message", message_id=one["message_id"]) for one in found]


def told(outside: Outside, case: Case, event: str, recipient: str) -> dict[str, Any]:
    """The one message of such an event to that recipient."""
    (found,) = eventually(lambda: [one for one in said(outside, case, event) if one["recipient"] == recipient])
    return found


def local(at: datetime) -> str:
    """As the desk's texts show it."""
    shown = at + timedelta(hours=8)
    return f"{shown:%b} {shown.day}, {shown:%Y %H:%M}"


def test_a_late_reporter_of_a_mass_incident_hears_its_eta_and_its_end(outside: Outside, team: str, a1: str) -> None:
    first, later = soon(4), soon(6)
    parent = outside.submit(team)
    outside.when_work(parent, state="assigned")
    outside.do("declare_mass_incident", parent, by=outside.supervisor, eta=first, reason="光缆断了")
    assert local(first) in told(outside, parent, "work_eta_announced", parent_of(parent))["content"]["text"]

    child = outside.submit(team, incident=parent.ticket_no)
    outside.when_work(child, state="linked", parent=parent.order_no)
    assert local(first) in told(outside, child, "work_linked", parent_of(child))["content"]["text"]
    outside.do("announce_eta", parent, by=outside.workbench, eta=later, note="土冻住了")
    assert "土冻住了" in told(outside, child, "work_eta_announced", parent_of(child))["content"]["text"]
    ticket = outside.when_ticket(child, status="assigned", progress=None, eta=to_text(later), eta_note="土冻住了")
    assert [e["type"] for e in ticket["history"]] == ["ticket_submitted", "linked_to_incident", "eta_announced"]
    assert outside.load(a1) == 1

    outside.do("resolve", parent, solution="接好了")
    for case in (parent, child):
        outside.when_ticket(case, status="resolved", eta=None)
        outside.answer(case, 5, "好")
        outside.when_ticket(case, status="closed")
        outside.assert_agreed(case)


def parent_of(case: Case) -> str:
    return f"customer:{case.customer_id}"


def test_work_that_nobody_can_take_alarms_the_duty_manager_once(outside: Outside, team: str) -> None:
    case = outside.submit(team)
    outside.when_work(case, state="queued")

    alarm = told(outside, case, "work_stranded", f"duty_manager:{team}")

    assert alarm["content"]["subject"].endswith(f"工单 {case.ticket_no} 无人可派")
    (mail,) = eventually(lambda: outside.mails("duty-manager@example.com", case))
    assert subject(mail) == alarm["content"]["subject"]
    a1 = outside.come(f"a1 of {team}", team)
    outside.when_work(case, state="assigned", agent=a1)
    assert len(said(outside, case, "work_stranded")) == 1
    outside.assert_agreed(case)


def test_who_has_the_work_hears_of_urges_and_of_the_work_of_whom_it_stands_in_for(
    outside: Outside, team: str, a1: str
) -> None:
    case = outside.submit(team, customer=a_customer())
    outside.when_work(case, state="assigned", agent=a1)
    outside.callcentre.command("intake", "urge_ticket", ticket_no=case.ticket_no, note="还没好 😡")
    assert "还没好 😡" in told(outside, case, "work_urged", f"agent:{a1}")["content"]["text"]

    a2 = outside.come(f"a2 of {team}", team)
    period = {"until": soon(8), "reason": "病假"}
    outside.supervisor.command("dispatch", "hand_over", agent=a1, to=a2, **period)

    outside.when_work(case, agent=a2)
    assert f"请您代 {a1} 处理" in told(outside, case, "work_handed_over", f"agent:{a2}")["content"]["text"]
    outside.assert_agreed(case)
