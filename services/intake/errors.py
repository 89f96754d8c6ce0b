"""What intake refuses, by name."""

from __future__ import annotations

from datetime import datetime

from shared.clock import to_text
from shared.errors import Conflict, IllegalMove, ValidationError


class UnknownCategory(ValidationError):
    """The reference data in force have no such category."""

    def __init__(self, category: str) -> None:
        super().__init__({"category": [f"Unknown category {category!r}."]})


class NotHappenedYet(ValidationError):
    """A contact cannot have occurred after it was submitted."""

    def __init__(self) -> None:
        super().__init__({"occurred_at": ["Lies in the future."]})


class MadeBefore(Conflict):
    """This request made the customer so long ago that its answer is no longer kept."""

    def __init__(self, customer_id: str) -> None:
        super().__init__("this request_id was used before", rule="request_id", customer_id=customer_id)


class NotWithdrawable(IllegalMove):
    """Only what is not yet resolved can be withdrawn."""

    def __init__(self, ticket_no: str, status: str) -> None:
        super().__init__(
            f"ticket {ticket_no} is {status}", rule="withdraw_before_resolved", ticket_no=ticket_no, status=status
        )


class NothingToUrge(IllegalMove):
    """Nobody works on it any more, so nobody can be urged."""

    def __init__(self, ticket_no: str, status: str) -> None:
        super().__init__(f"ticket {ticket_no} is {status}", rule="urge_open", ticket_no=ticket_no, status=status)


class TooSoon(IllegalMove):
    """Its customer has urged it a short while ago; `again_at` is when it may be urged again."""

    def __init__(self, ticket_no: str, again_at: datetime) -> None:
        again = to_text(again_at)
        super().__init__(
            f"ticket {ticket_no} may be urged again at {again}", rule="urge", ticket_no=ticket_no, again_at=again
        )


class NotInReplay(IllegalMove):
    """The ticket is live already."""

    def __init__(self, ticket_no: str) -> None:
        super().__init__(f"ticket {ticket_no} is not in replay", rule="end_replay_once", ticket_no=ticket_no)


class TicketIsOver(IllegalMove):
    """Nothing opens it again: what is said about it now is a new matter."""

    def __init__(self, ticket_no: str, status: str) -> None:
        super().__init__(
            f"ticket {ticket_no} is {status}", rule="replies_to_open_tickets", ticket_no=ticket_no, status=status
        )


class OtherWorkOrder(Conflict):
    """A ticket follows one work order; the event is about another."""

    def __init__(self, ticket_no: str, order_no: str) -> None:
        super().__init__(f"ticket {ticket_no} has another work order", ticket_no=ticket_no, order_no=order_no)
