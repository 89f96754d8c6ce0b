"""A supervisor sends work to another step of its flow."""

from __future__ import annotations

from datetime import datetime

from services.dispatch.domain.work import blocks, course
from services.dispatch.domain.work.order import Decision, Order
from services.dispatch.domain.work.states import after
from services.dispatch.domain.work.telling import flow_of, having, told
from services.dispatch.domain.work.visit import Visit
from services.dispatch.domain.work.visiting import named
from services.dispatch.errors import NothingChanges, OutOfBlock
from shared.errors import NotFound
from shared.events import Fact
from shared.values import replace


def reroute(order: Order, at: datetime, *, to: str, reason: str, step: str | None = None) -> Decision:
    """A supervisor sends the work to another step, whatever its entry condition says.

    To a step of the same parallel branch, only what is open there is given up (`step`: of that one); to one outside all
    branches, everything is. A branch that has come to its join already is opened again, while others are under way:
    then nothing is given up. Raises `NotFound`, `NothingChanges`, `OutOfBlock` for any other branch.
    """
    after(order.order_no, "reroute", order.state)
    target = order.course.steps.get(to) if order.flow else None
    if target is None:
        raise NotFound("step", to)
    cleared, over, block = _given_up(order, to, step)
    if [visit.step for visit in over] == [to]:
        raise NothingChanges(order.order_no, to, f"step {to!r} is open already")

    def tell(before: Order, left: Order) -> Fact:
        told_of = {
            "from_steps": [visit.step for visit in over],
            "to": to,
            "to_name": dict(target.name),
            "reason": reason,
            **flow_of(order),
        }
        had = having(over[0]) if over else {"agent": None}
        return told(before, left, "work_rerouted", at, **had, **told_of)

    def onward(left: Order) -> Decision:
        return course.open_step(left, at, to, block)

    return course.depart(cleared, at, over, onward, lambda _, left: tell(order, left), off=True)


def _given_up(order: Order, to: str, step: str | None) -> tuple[Order, list[Visit], int | None]:
    """The work with the blocks that it is in after a reroute, what that gives up, and the block of the new step."""
    places = order.course.places
    if places[to] == ():
        return replace(order, blocks=()), list(order.visits), None
    among = [named(order, step)] if step is not None else order.visits
    beside = [visit for visit in among if places[visit.step] == places[to]]
    if beside:
        return order, beside, beside[0].block
    again = blocks.rejoined(order, to) if step is None else None
    if again is None:
        raise OutOfBlock(order.order_no, to)
    return again[0], [], again[1]
