"""What dispatch tells of mass incidents and of triage moves the ticket, in whatever order it comes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from itertools import permutations

import pytest

from services.intake import answers, errors
from services.intake.domain.news import (
    follow,
    follow_eta,
    follow_link,
    follow_priority,
    follow_step,
    follow_triage,
    follow_unlink,
)
from services.intake.domain.ticket import Ticket, current_step
from shared.events import Fact
from tests.unit.intake.builders import NINE, a_ticket, minutes, news, word

NOON = NINE + minutes(180)
LATER = NINE + minutes(240)
Step = Callable[[Ticket], tuple[Ticket, list[Fact]]]


def linked(number: int, eta: datetime | None = NOON) -> Step:
    return lambda ticket: follow_link(ticket, word(number), eta, "a cable" if eta else None)


def unlinked(number: int) -> Step:
    return lambda ticket: follow_unlink(ticket, word(number))


def announced(number: int, eta: datetime | None) -> Step:
    return lambda ticket: follow_eta(ticket, word(number), eta, None)


def opened(number: int, code: str) -> Step:
    return lambda ticket: follow_step(ticket, word(number), code, {"en": code})


def told(status: str, number: int) -> Step:
    return lambda ticket: follow(ticket, news(status, number))


def after(*steps: Step) -> Ticket:
    ticket = a_ticket()
    for step in steps:
        ticket, _ = step(ticket)
    return ticket


def test_a_ticket_that_is_part_of_a_mass_incident_is_assigned_and_says_by_when() -> None:
    ticket, facts = linked(4)(a_ticket())
    assert (ticket.status, ticket.order_no, ticket.order_number) == ("assigned", "W-1", 4)
    assert (ticket.eta, ticket.eta_note) == (NOON, "a cable")
    entry = {"status": "assigned", "eta": NOON, "note": "a cable", "order_no": "W-1", "number": 4}
    assert facts == [Fact("linked_to_incident", NINE + minutes(4), entry)]


@pytest.mark.parametrize("order", list(permutations([opened(3, "survey"), linked(5), announced(6, LATER)])))
def test_it_is_at_no_step_of_its_own_and_has_the_newest_eta(order: tuple[Step, ...]) -> None:
    ticket = after(*order)
    assert (current_step(ticket), ticket.eta, ticket.status) == (None, LATER, "assigned")


@pytest.mark.parametrize(
    "order", list(permutations([opened(3, "survey"), linked(5), unlinked(7), opened(8, "repair")]))
)
def test_on_its_own_way_again_it_is_at_its_new_step_and_has_no_eta(order: tuple[Step, ...]) -> None:
    ticket = after(*order)
    step = current_step(ticket)
    assert (step.code if step else None, ticket.eta, ticket.eta_note) == ("repair", None, None)
    assert ticket.status == "assigned"


@pytest.mark.parametrize("order", list(permutations([linked(5), told("resolved", 7), told("reopened", 9)])))
def test_what_was_resolved_has_no_eta_any_more(order: tuple[Step, ...]) -> None:
    ticket = after(*order)
    assert (ticket.status, ticket.eta) == ("reopened", None)


def test_an_eta_may_be_taken_back() -> None:
    ticket, facts = announced(6, None)(after(linked(5)))
    assert (ticket.eta, ticket.eta_note) == (None, None)
    assert facts == [
        Fact("eta_announced", NINE + minutes(6), {"eta": None, "note": None, "order_no": "W-1", "number": 6})
    ]


def test_a_withdrawn_ticket_stays_withdrawn_when_its_work_is_linked() -> None:
    assert after(told("withdrawn", 3), linked(4), unlinked(5)).status == "withdrawn"


def test_the_answer_tells_the_eta() -> None:
    shown = answers.ticket(after(opened(3, "survey"), linked(5)), [], "en")
    assert (shown["progress"], shown["eta"], shown["eta_note"]) == (None, NOON, "a cable")


def test_the_history_shows_that_it_was_linked_and_by_when() -> None:
    def entry(number: int, type: str, /, **data: object) -> dict[str, object]:
        return {"number": number, "type": type, "at": f"2026-01-01T00:00:0{number}.000Z", "data": data}

    history = [
        entry(1, "ticket_submitted", status="submitted"),
        entry(2, "status_changed", status="assigned", order_no="W-1", number=3),
        entry(3, "linked_to_incident", status="assigned", eta="2026-01-01T02:00:00.000Z", order_no="W-1", number=4),
        entry(4, "eta_announced", eta="2026-01-01T03:00:00.000Z", order_no="W-1", number=5),
        entry(5, "unlinked_from_incident", order_no="W-1", number=6),
    ]
    assert answers.ticket(a_ticket(), history, "en")["history"] == history


def test_what_the_experts_say_it_is_counts() -> None:
    ticket, facts = follow_triage(a_ticket(), word(5), "complaint", "account", "P1")
    assert (ticket.type, ticket.category, ticket.priority) == ("complaint", "account", "P1")
    entry = {"type": "complaint", "category": "account", "priority": "P1", "order_no": "W-1", "number": 5}
    assert facts == [Fact("triaged", NINE + minutes(5), entry)]


def test_the_experts_word_does_not_hide_a_newer_priority() -> None:
    ticket, _ = follow_priority(a_ticket(), word(8), "P1", "P2")
    ticket, _ = follow_triage(ticket, word(5), "complaint", "account", "P1")
    assert (ticket.type, ticket.priority) == ("complaint", "P2")


def test_news_of_another_order_are_refused() -> None:
    other = word(9, order_no="W-2")
    for refused in (
        lambda ticket: follow_link(ticket, other, None, None),
        lambda ticket: follow_unlink(ticket, other),
        lambda ticket: follow_eta(ticket, other, NOON, None),
        lambda ticket: follow_triage(ticket, other, "fault", "network", "P1"),
    ):
        with pytest.raises(errors.OtherWorkOrder):
            refused(a_ticket(order_no="W-1"))
