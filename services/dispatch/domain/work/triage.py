"""Triage (研判): what is sensitive or unsure goes to experts first, who say what it is; then its own course begins."""

from __future__ import annotations

from datetime import datetime

from services.dispatch.domain.clocks.pin import Pin
from services.dispatch.domain.reference.organisation import Team
from services.dispatch.domain.reference.reference import Reference
from services.dispatch.domain.work import course, timing
from services.dispatch.domain.work.order import Decision, Order
from services.dispatch.domain.work.states import after
from services.dispatch.domain.work.telling import having, step_names, told
from services.dispatch.errors import NotInTriage
from shared.errors import ValidationError
from shared.values import replace

LOOKED_AT = "(triage)"
"""What the look of the experts is counted under in `visited`: no step has this code, so no condition asks for it."""


def caught(order: Order, reference: Reference) -> Order:
    """New work as it begins where the reference data send it to triage: one step, and no flow before that is over."""
    asked = order.asked
    team = reference.assignment.triage_team(order.matter, sensitive=asked.sensitive, confidence=asked.confidence)
    return order if team is None else replace(order, triage=True, flow=None)


def triage_work(
    order: Order,
    at: datetime,
    *,
    type: str,
    category: str,
    priority: str,
    reasons: str,
    team: str | None = None,
    complained_of: str | None = None,
) -> Decision:
    """What it is, and whose; it comes under the policy and the flow that fit that, of its own version.

    `team` None: the one of the category. `complained_of` None: whom it is about stays. Its promises keep their starts.
    Raises NoSuchMove, NotInTriage, NotFound for a team that there is not, and ValidationError (category).
    """
    after(order.order_no, "triage", order.state)
    if not order.triage:
        raise NotInTriage(order.order_no)
    book = order.books(order.policy.version)
    to = book.team(team) if team is not None else _that_handles(book, category)
    looked, known = order.visits[0], _known(order, type, category, priority, to, book)
    if complained_of is not None:
        known = replace(known, asked=replace(known.asked, subject=complained_of))
    left = timing.retargeted(known, at)
    begun, facts = course.begin(left, at, left.course.start)
    names = {**having(looked), **step_names(order, looked)}
    why = {"from": _what(order), "to": _what(begun), "reasons": reasons, "flow": _pin(begun)}
    why |= {"complained_of": complained_of} if complained_of is not None else {}
    fact = told(order, left if facts else begun, "work_triaged", at, **{**names, **why})
    return begun, [fact, *facts]


def _that_handles(book: Reference, category: str) -> Team:
    """A category that no team has may be a slip, which nothing puts right later; who means it names the team."""
    if not book.handles(category):
        raise ValidationError({"category": [f"no team has {category!r}: name the team, if it is meant"]})
    return book.team_for(category)


def _known(order: Order, type: str, category: str, priority: str, to: Team, book: Reference) -> Order:
    """The work as what it is: no step of it is open yet."""
    known = replace(order, type=type, category=category, priority=priority, own_team=to.code, triage=False)
    flow = book.flow_for(known.matter)
    visited = {LOOKED_AT: sum(order.visited.values())}
    return replace(
        known.with_visits(),
        policy=book.policy_for(known.matter).pin,
        flow=Pin(flow.code, flow.version) if flow else None,
        visited=visited,
        blocks=(),
    )


def _what(order: Order) -> dict[str, str]:
    return {"type": order.type, "category": order.category, "priority": order.priority, "team": order.own_team}


def _pin(order: Order) -> str | None:
    return str(order.flow) if order.flow else None
