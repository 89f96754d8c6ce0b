"""What a shift leaves of its team's work, as its log tells it."""

from __future__ import annotations

from dataclasses import replace

from services.dispatch import domain
from services.dispatch.domain import Order
from services.dispatch.domain.work.left_open import MOST_ROWS, left_open
from tests.unit.dispatch.builders import NINE, after, an_order, held
from tests.unit.dispatch.courses import reported


def numbered(order: Order, number: int) -> Order:
    """The same work as another work order."""
    return replace(order, order_no=f"W-{number}")


def numbers(*orders: Order, at=NINE) -> list[str]:
    """The rows' work orders, in order."""
    return [row["order_no"] for row in left_open(orders, "it", at).rows]


def test_open_work_is_counted_by_state_and_by_its_deadlines():
    late, near = an_order(priority="P1"), an_order(priority="P4", agent=None)  # 15 minutes, 8 hours to respond

    left = left_open([late, near, held(priority="P4")], "it", after(hours=7))

    assert left.counts == {"open": 3, "near": 1, "missed": 1, "assigned": 1, "queued": 1, "held": 1}


def test_a_row_says_what_it_is_who_has_it_and_when_it_is_due():
    (row,) = left_open([an_order(priority="P1")], "it", NINE).rows

    assert row == {
        "order_no": "W-100001",
        "ticket_no": "T-100001",
        "type": "fault",
        "category": "network",
        "priority": "P1",
        "subject": "No network",
        "state": "assigned",
        "hold_reason": None,
        "steps": [],
        "agents": ["a1"],
        "opened_at": NINE,
        "due": after(minutes=15),
        "deadlines": "on_time",
    }


def test_missed_comes_before_near_and_near_before_what_is_more_urgent_but_on_time():
    missed, near = numbered(an_order(priority="P4"), 3), numbered(an_order(priority="P3", at=after(hours=6)), 2)
    urgent = numbered(an_order(priority="P1", at=after(hours=9, minutes=30)), 1)

    assert numbers(urgent, near, missed, at=after(hours=9, minutes=31)) == ["W-3", "W-2", "W-1"]


def test_among_equals_the_nearest_deadline_comes_first_then_the_oldest_number():
    later, first, second = (
        numbered(an_order(at=at), number) for number, at in ((1, after(minutes=1)), (2, NINE), (3, NINE))
    )

    assert numbers(later, second, first, at=after(minutes=2)) == ["W-2", "W-3", "W-1"]


def test_what_stands_still_is_on_time_and_due_never():
    (row,) = left_open([held()], "it", after(days=9)).rows

    assert (row["deadlines"], row["due"], row["hold_reason"]) == ("on_time", None, "waiting_for_customer")


def test_rows_are_bounded_and_counts_are_not():
    left = left_open((numbered(an_order(), number) for number in range(MOST_ROWS + 5)), "it", NINE)

    assert (len(left.rows), left.counts["open"]) == (MOST_ROWS, MOST_ROWS + 5)


def test_steps_and_agents_are_those_of_the_team():
    order = reported()  # a survey and an approval are open
    here, there = order.visits
    order, _ = domain.assign(order, NINE, "a1", here.number)
    elsewhere = order.with_visit(replace(there, agent="a9", need=replace(there.need, team="experts")))

    (row,) = left_open([elsewhere], here.need.team, NINE).rows

    assert (row["steps"], row["agents"]) == ([here.step], ["a1"])
