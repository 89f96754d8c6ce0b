"""An open step as the choice of an agent sees it."""

from __future__ import annotations

from datetime import datetime

from services.dispatch.domain.assigning.assignment import Assignment
from services.dispatch.domain.assigning.task import Task
from services.dispatch.domain.work.order import Order
from services.dispatch.domain.work.visit import Visit


def task_of(order: Order, visit: Visit, at: datetime, rules: Assignment) -> Task:
    """What is to be given out; when it is due is only looked up where that counts."""
    need, wish = visit.need, order.wishes.get(visit.number)
    return Task(
        order_no=order.order_no,
        visit=visit.number,
        at=at,
        team=need.team,
        role=need.role,
        skill=need.skill,
        level=need.level,
        named=need.agent,
        type=order.type,
        category=order.category,
        priority=order.priority,
        tier=order.tier,
        channel=order.channel,
        language=order.asked.language,
        customer_id=order.customer_id,
        units=rules.units_of(order.matter),
        due=nearest_due(order) if rules.weights["deadline_slack"] else None,
        wish=wish.agent if wish else None,
        wish_rule=wish.rule.value if wish else None,
    )


def nearest_due(order: Order) -> datetime | None:
    """When the first of its running clocks is due."""
    return min((clock.due for clock in order.clocks.values() if clock.due and clock.since), default=None)
