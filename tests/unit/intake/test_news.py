"""What dispatch tells of the work moves the ticket: status, priority, step."""

from __future__ import annotations

from datetime import datetime
from itertools import permutations

import pytest

from services.intake import errors
from services.intake.domain import ticket as tickets
from services.intake.domain.news import (
    follow,
    follow_end_of_steps,
    follow_priority,
    follow_step,
    when_assigned,
    when_resumed,
)
from services.intake.domain.ticket import Step, current_step
from shared.events import Fact
from tests.unit.intake.builders import NINE, a_ticket, minutes, news, word

ON_SITE = {"zh-CN": "现场处理", "en": "On site"}
SURVEY = {"zh-CN": "勘察", "en": "Survey"}


def test_ticket_follows_the_work_and_tells_the_customer_what_matters() -> None:
    ticket, facts = follow(a_ticket(), news("resolved", 4, details={"solution": "new cable"}))
    assert (ticket.status, ticket.order_no, ticket.order_number) == ("resolved", "W-1", 4)
    entry = {"status": "resolved", "solution": "new cable", "order_no": "W-1", "number": 4}
    assert facts == [Fact("status_changed", NINE + minutes(4), entry)]


@pytest.mark.parametrize(
    "order", list(permutations([("assigned", 2), ("on_hold", 3), ("assigned", 4), ("resolved", 6)]))
)
def test_news_in_any_order_give_the_same_status_and_the_same_entries(order: tuple[tuple[str, int], ...]) -> None:
    ticket, told = a_ticket(), []
    for status, number in order:
        ticket, facts = follow(ticket, news(status, number))
        told += facts
    assert (ticket.status, ticket.order_number) == ("resolved", 6)
    assert [fact.data["status"] for fact in sorted(told, key=lambda fact: fact.at)] == [
        "assigned",
        "on_hold",
        "assigned",
        "resolved",
    ]


def test_work_on_hold_that_gets_an_agent_stays_on_hold() -> None:
    assert (when_assigned(held=True), when_assigned(held=False)) == ("on_hold", "assigned")


def test_work_that_is_resumed_without_an_agent_waits_as_before() -> None:
    told = [when_resumed("A-1", 0), when_resumed(None, 0), when_resumed(None, 1)]
    assert told == ["assigned", "submitted", "reopened"]


def test_same_news_again_do_not_change_the_status() -> None:
    ticket, _ = follow(a_ticket(), news("resolved", 4))
    again, _ = follow(ticket, news("resolved", 4))
    assert again == ticket


def test_ticket_follows_one_work_order_only() -> None:
    with pytest.raises(errors.OtherWorkOrder):
        follow(a_ticket(order_no="W-1"), news("closed", 9, order_no="W-2"))


def test_withdrawn_ticket_stays_withdrawn_whatever_the_work_still_tells() -> None:
    ticket, _ = tickets.withdraw(a_ticket(), "it works again", NINE)
    ticket, _ = follow(ticket, news("assigned", 2))
    ticket, facts = follow(ticket, news("withdrawn", 3))
    assert (ticket.status, ticket.order_number, facts) == ("withdrawn", 3, [])


def test_work_that_dispatch_stopped_withdraws_the_ticket() -> None:
    ticket, facts = follow(a_ticket(), news("withdrawn", 3, details={"reason": "by mistake"}))
    assert (ticket.status, facts[0].data["reason"]) == ("withdrawn", "by mistake")


def test_priority_follows_the_work_and_the_history_says_what_it_was() -> None:
    ticket, facts = follow_priority(a_ticket(priority="P3"), word(5), "P3", "P1")
    assert (ticket.priority, ticket.order_no) == ("P1", "W-1")
    entry = {"before": "P3", "priority": "P1", "order_no": "W-1", "number": 5}
    assert facts == [Fact("priority_changed", NINE + minutes(5), entry)]


@pytest.mark.parametrize("order", list(permutations([(3, "P3", "P2"), (5, "P2", "P1"), (8, "P1", "P4")])))
def test_newest_priority_counts_in_whatever_order_the_news_arrive(order: tuple[tuple[int, str, str], ...]) -> None:
    ticket = a_ticket(priority="P3")
    for number, before, after in order:
        ticket, _ = follow_priority(ticket, word(number), before, after)
    assert (ticket.priority, ticket.priority_number) == ("P4", 8)


def test_a_newer_status_does_not_hide_an_older_priority() -> None:
    ticket, _ = follow(a_ticket(priority="P3"), news("resolved", 9))
    ticket, _ = follow_priority(ticket, word(5), "P3", "P1")
    assert (ticket.status, ticket.priority) == ("resolved", "P1")


def test_ticket_shows_the_step_that_its_work_has_come_to() -> None:
    ticket, facts = follow_step(a_ticket(), word(5), "on_site", ON_SITE)
    assert current_step(ticket) == Step(code="on_site", name=ON_SITE, since=NINE + minutes(5), number=5)
    entry = {"step": "on_site", "step_name": ON_SITE, "order_no": "W-1", "number": 5}
    assert facts == [Fact("step_begun", NINE + minutes(5), entry)]


@pytest.mark.parametrize("order", list(permutations([(3, "survey", SURVEY), (6, "on_site", ON_SITE)])))
def test_step_that_began_last_is_shown_in_whatever_order_the_news_arrive(order) -> None:
    ticket = a_ticket()
    for number, code, name in order:
        ticket, _ = follow_step(ticket, word(number), code, name)
    step = current_step(ticket)
    assert step is not None
    assert (step.code, step.since) == ("on_site", NINE + minutes(6))


def at_steps(*told: tuple[int, str, str]) -> tuple[str, datetime] | None:
    """Where the customer sees the work after these news (number, opened or left, step)."""
    ticket = a_ticket()
    for number, what, code in told:
        if what == "opened":
            ticket, _ = follow_step(ticket, word(number), code, {"en": code})
        else:
            ticket, _ = follow_end_of_steps(ticket, word(number), [code])
    step = current_step(ticket)
    return (step.code, step.since) if step else None


SIDE_BY_SIDE = [(3, "opened", "survey"), (4, "opened", "approval"), (6, "left", "approval")]
LOOPED = [(3, "opened", "survey"), (4, "left", "survey"), (6, "opened", "survey"), (7, "opened", "approval")]


@pytest.mark.parametrize("order", list(permutations(SIDE_BY_SIDE)))
def test_of_steps_side_by_side_one_that_is_still_open_is_shown(order: tuple[tuple[int, str, str], ...]) -> None:
    assert at_steps(*order) == ("survey", NINE + minutes(3))


@pytest.mark.parametrize("order", list(permutations([*LOOPED, (9, "left", "approval")])))
def test_step_that_was_opened_again_is_open(order: tuple[tuple[int, str, str], ...]) -> None:
    assert at_steps(*order) == ("survey", NINE + minutes(6))


def test_all_steps_that_a_reroute_gave_up_are_left() -> None:
    ticket = a_ticket()
    for number, code in ((3, "survey"), (4, "approval"), (7, "fix")):
        ticket, _ = follow_step(ticket, word(number), code, {})
    ticket, facts = follow_end_of_steps(ticket, word(6), ["survey", "approval"])
    assert ([step.code for step in ticket.steps if step.open], facts) == (["fix"], [])


def test_between_two_steps_the_last_one_is_shown() -> None:
    assert at_steps((3, "opened", "survey"), (4, "left", "survey")) == ("survey", NINE + minutes(3))


@pytest.mark.parametrize("status", ["resolved", "closed", "withdrawn"])
def test_work_that_is_over_is_at_no_step(status: str) -> None:
    ticket, _ = follow_step(a_ticket(), word(5), "on_site", ON_SITE)
    ticket, _ = follow(ticket, news(status, 6))
    assert current_step(ticket) is None


def test_priority_and_step_of_another_order_are_refused() -> None:
    for told in (
        lambda: follow_priority(a_ticket(order_no="W-1"), word(9, order_no="W-2"), "P3", "P1"),
        lambda: follow_step(a_ticket(order_no="W-1"), word(9, order_no="W-2"), "survey", SURVEY),
        lambda: follow_end_of_steps(a_ticket(order_no="W-1"), word(9, order_no="W-2"), ["survey"]),
    ):
        with pytest.raises(errors.OtherWorkOrder):
            told()
