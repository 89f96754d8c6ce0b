"""What many report is done once, and each of them hears of it; what nobody is sure of, experts see first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.journey.outside import Outside, body
from tests.support import eventually


def test_a_late_reporter_is_told_by_when_and_then_that_it_is_done(outside: Outside, team: str) -> None:
    outside.come(f"mender of {team}", team)
    first = outside.submit(team)
    outside.when_work(first, state="assigned")
    eta = datetime.now(UTC) + timedelta(hours=3)
    outside.do(
        "declare_mass_incident",
        first,
        by=outside.supervisor,
        reason="All of the north is out",
        match=f'category == "{team}"',
        eta=eta.isoformat(timespec="milliseconds"),
    )

    late = outside.submit(team)

    outside.when_work(late, state="linked", parent=first.order_no)
    ticket = outside.when_ticket(late, status="assigned", progress=None)
    assert datetime.fromisoformat(ticket["eta"]) == eta.replace(microsecond=eta.microsecond // 1000 * 1000)
    told = "part of an incident that affects many"
    (mail,) = eventually(lambda: [m for m in outside.mails(late.customer["email"], late) if told in body(m)])
    assert "We expect it to be over by" in body(mail)

    outside.do("resolve", first, solution="The cable is spliced", language="en")

    for case in (first, late):
        outside.when_ticket(case, status="resolved")
        assert eventually(lambda case=case: outside.survey(case))
        outside.answer(case, 5, "Thank you")
        outside.when_work(case, state="closed")
        outside.when_ticket(case, status="closed")
        outside.assert_agreed(case)


def test_a_reporter_whose_matter_was_another_is_not_forgotten(outside: Outside, team: str) -> None:
    agent = outside.come(f"mender of {team}", team)
    first = outside.submit(team)
    outside.when_work(first, state="assigned")
    outside.do("declare_mass_incident", first, by=outside.supervisor, reason="All of the north is out")
    other = outside.submit(team, incident=first.ticket_no)
    outside.when_work(other, state="linked")
    outside.do("resolve", first, solution="The cable is spliced")
    outside.when_work(other, state="resolved")

    outside.answer(other, 1, "Still dark here")

    outside.when_work(other, state="assigned", parent=None, agent=agent, round=1)
    outside.when_ticket(other, status="assigned")
    assert outside.work(first)["state"] == "resolved"
    outside.assert_agreed(other)


def test_experts_say_what_a_sensitive_matter_is(outside: Outside, team: str) -> None:
    agent = outside.come(f"mender of {team}", team)
    expert = outside.come(f"expert for {team}", "experts", capacity=1000)  # work of other tests may wait there, too
    case = outside.submit("other", sensitive=True)
    outside.when_work(case, state="assigned", team="experts", agent=expert, triage=True)

    outside.do("triage_work", case, type="complaint", category=team, priority="P1", reasons="They name a lawyer")

    outside.when_work(case, state="assigned", team=team, agent=agent, type="complaint", triage=False)
    outside.when_ticket(case, type="complaint", category=team, priority="P1")
    outside.assert_agreed(case)
    outside.workbench.command("dispatch", "set_presence", agent_id=expert, status="offline")


def test_a_customer_urges(outside: Outside, team: str) -> None:
    outside.come(f"mender of {team}", team)
    case = outside.submit(team)
    outside.when_work(case, state="assigned")

    outside.callcentre.command("intake", "urge_ticket", ticket_no=case.ticket_no, note="It is cold here")

    def urges() -> list[tuple[str, int, str]]:
        told = [entry["data"] for entry in outside.work(case)["history"] if entry["type"] == "work_urged"]
        return [(one["by"], one["count"], one["note"]) for one in told]

    assert eventually(urges) == [("customer", 1, "It is cold here")]
