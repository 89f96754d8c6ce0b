"""The parallel blocks that work is in: each waits at its join for the branches that have still to come."""

from __future__ import annotations

from services.dispatch.domain.flows.flow_proof import Place
from services.dispatch.domain.flows.steps import Split
from services.dispatch.domain.work.order import Order
from services.dispatch.domain.work.visit import Block, Visit
from shared.values import replace


def block_of(order: Order, number: int) -> Block:
    """The open block of that number."""
    return next(block for block in order.blocks if block.number == number)


def begun(order: Order, split: Split, parent: int | None) -> tuple[Order, int]:
    """The work with the block of a split open, within `parent`; and the block's number."""
    number = max((block.number for block in order.blocks), default=0) + 1
    block = Block(number=number, join=split.join, open=len(split.branches), parent=parent)
    return replace(order, blocks=(*order.blocks, block)), number


def waiting_for(order: Order, block: Block, change: int) -> Order:
    """The work with so many branches more, or less, to wait for; a block of which all have come is over."""
    others = [one for one in order.blocks if one.number != block.number]
    left = replace(block, open=block.open + change)
    return replace(order, blocks=(*others, left) if left.open else tuple(others))


def rejoined(order: Order, step: str) -> tuple[Order, int] | None:
    """The work as if the branch in which that step stands had not come to its join yet; and the number of the block.

    None where the block is not open, or the branch has not come to its join.
    """
    places = order.course.places
    place = places[step]
    beside = [visit for visit in order.visits if _same_block(places[visit.step], place)]
    if not beside or any(places[visit.step][: len(place)] == place for visit in beside):
        return None
    block = _around(order, beside[0], len(places[beside[0].step]) - len(place))
    return waiting_for(order, block, 1), block.number


def _same_block(one: Place, place: Place) -> bool:
    """Whether a step that stands there is in the innermost block of the place, however deep."""
    depth = len(place)
    return len(one) >= depth and (*one[: depth - 1], one[depth - 1][:2]) == (*place[:-1], place[-1][:2])


def _around(order: Order, visit: Visit, outwards: int) -> Block:
    """The block that an open step is in, or one so many blocks further out."""
    number = visit.block
    for _ in range(outwards):
        number = block_of(order, number or 0).parent
    return block_of(order, number or 0)
