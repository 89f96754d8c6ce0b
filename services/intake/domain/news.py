"""What dispatch tells of a ticket's work, and the ticket after it. The same in whatever order the news arrive."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from services.intake import errors
from services.intake.domain.ticket import ASSIGNED, ON_HOLD, OVER, REOPENED, SUBMITTED, WITHDRAWN, Step, Ticket
from shared.events import Fact


@dataclass(frozen=True, kw_only=True)
class News:
    """Fact `number` of order `order_no`, at its own time."""

    order_no: str
    number: int
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Progress(News):
    """News that give the ticket a status. `details` are for the customer's eyes: a solution, a reason, an outcome."""

    status: str
    details: Mapping[str, Any] = field(default_factory=dict)


def when_assigned(held: bool) -> str:
    """The status of work that has an agent: on hold it stays on hold."""
    return ON_HOLD if held else ASSIGNED


def when_resumed(agent: str | None, round: int) -> str:
    """The status of work whose clock runs again: with its agent, or waiting for one as before."""
    if agent is not None:
        return ASSIGNED
    return REOPENED if round else SUBMITTED


def follow(ticket: Ticket, progress: Progress) -> tuple[Ticket, list[Fact]]:
    """The ticket after what dispatch told: the newest number gives the status, every one its history entry.

    So the status and the entries are the same in whatever order the news arrive. Raises OtherWorkOrder.
    """
    _check_order(ticket, progress)
    known = ticket.status == WITHDRAWN == progress.status
    facts = [] if known else [_told("status_changed", progress, status=progress.status, **progress.details)]
    ticket = _moved(ticket, progress, progress.status)
    return (_with_eta(ticket, progress, None, None) if progress.status in OVER else ticket), facts


def follow_priority(ticket: Ticket, news: News, before: str, after: str) -> tuple[Ticket, list[Fact]]:
    """The ticket after its work became more or less pressing; the newest number gives the priority.

    Why it did is between colleagues, and stays with dispatch. Raises OtherWorkOrder.
    """
    _check_order(ticket, news)
    fact = _told("priority_changed", news, before=before, priority=after)
    if news.number > ticket.priority_number:
        ticket = replace(ticket, priority=after, priority_number=news.number)
    return replace(ticket, order_no=news.order_no), [fact]


def follow_triage(ticket: Ticket, news: News, type: str, category: str, priority: str) -> tuple[Ticket, list[Fact]]:
    """The ticket after experts said what it is. Why they think so is between colleagues. Raises OtherWorkOrder."""
    _check_order(ticket, news)
    fact = _told("triaged", news, type=type, category=category, priority=priority)
    if news.number > ticket.kind_number:
        ticket = replace(ticket, type=type, category=category, kind_number=news.number)
    if news.number > ticket.priority_number:
        ticket = replace(ticket, priority=priority, priority_number=news.number)
    return replace(ticket, order_no=news.order_no), [fact]


def follow_link(ticket: Ticket, news: News, eta: datetime | None, note: str | None) -> tuple[Ticket, list[Fact]]:
    """The ticket after its work became part of a mass incident: somebody is at it, and no step of its own is open.

    `eta` is when that will be over, with a word about it for the customer; None: nobody knows yet. Raises
    OtherWorkOrder.
    """
    _check_order(ticket, news)
    fact = _told("linked_to_incident", news, status=ASSIGNED, eta=eta, note=note)
    ticket = replace(ticket, linked_number=max(ticket.linked_number, news.number))
    return _with_eta(_moved(ticket, news, ASSIGNED), news, eta, note), [fact]


def follow_unlink(ticket: Ticket, news: News) -> tuple[Ticket, list[Fact]]:
    """The ticket after its work went its own way again; who has it then is told by itself. Raises OtherWorkOrder."""
    _check_order(ticket, news)
    ticket = replace(ticket, order_no=news.order_no)
    return _with_eta(ticket, news, None, None), [_told("unlinked_from_incident", news)]


def follow_eta(ticket: Ticket, news: News, eta: datetime | None, note: str | None) -> tuple[Ticket, list[Fact]]:
    """The ticket after its customer was told another ETA; None: it is open again. Raises OtherWorkOrder."""
    _check_order(ticket, news)
    ticket = replace(ticket, order_no=news.order_no)
    return _with_eta(ticket, news, eta, note), [_told("eta_announced", news, eta=eta, note=note)]


def follow_step(ticket: Ticket, news: News, code: str, name: Mapping[str, str]) -> tuple[Ticket, list[Fact]]:
    """The ticket after its work came to a step of its flow. Raises OtherWorkOrder."""
    _check_order(ticket, news)
    fact = _told("step_begun", news, step=code, step_name=dict(name))
    return _with_step(ticket, news, Step(code=code, name=name, since=news.at, number=news.number)), [fact]


def follow_end_of_steps(ticket: Ticket, news: News, codes: Iterable[str]) -> tuple[Ticket, list[Fact]]:
    """The ticket after its work left these steps: done, skipped, or given up for another one. Raises OtherWorkOrder."""
    _check_order(ticket, news)
    for code in codes:
        last = next((step for step in ticket.steps if step.code == code), None)
        left = last or Step(code=code, name={}, since=news.at, number=0)
        ticket = _with_step(ticket, news, replace(left, number=news.number, open=False))
    return ticket, []


def _with_step(ticket: Ticket, news: News, step: Step) -> Ticket:
    """The newest number says how each step stands."""
    ticket = replace(ticket, order_no=news.order_no)
    known = {one.code: one for one in ticket.steps}
    if step.code in known and known[step.code].number >= step.number:
        return ticket
    return replace(ticket, steps=tuple((known | {step.code: step}).values()))


def _check_order(ticket: Ticket, news: News) -> None:
    if ticket.order_no not in (None, news.order_no):
        raise errors.OtherWorkOrder(ticket.ticket_no, news.order_no)


def _told(what: str, news: News, **said: Any) -> Fact:
    return Fact(what, news.at, {**said, "order_no": news.order_no, "number": news.number})


def _moved(ticket: Ticket, news: News, status: str) -> Ticket:
    """With that status, unless newer news gave another one; withdrawn is the customer's word and stays."""
    stays = ticket.status == WITHDRAWN or news.number <= ticket.order_number
    return replace(
        ticket,
        order_no=news.order_no,
        order_number=max(ticket.order_number, news.number),
        status=ticket.status if stays else status,
    )


def _with_eta(ticket: Ticket, news: News, eta: datetime | None, note: str | None) -> Ticket:
    """The newest number says what the customer was told last; None: it is over, or nobody knows."""
    if news.number <= ticket.eta_number:
        return ticket
    return replace(ticket, eta=eta, eta_note=note, eta_number=news.number)
