from dataclasses import replace

from services.dispatch import domain
from tests.unit.dispatch.builders import NINE, after, an_order


def in_turn(**orders):
    return sorted(orders, key=lambda name: domain.turn(orders[name]))


def waiting(**changes):
    return an_order(agent=None, **changes)


def due(at, order=None, **clock):
    """Work that waits, with one clock that is due then."""
    order = order or waiting()
    return replace(order, clocks={"resolution": replace(order.resolution, due=at, **clock)})


def test_what_is_late_or_nearly_so_comes_before_any_priority_then_that_counts():
    late, _ = domain.advance(waiting(priority="P4"), after(days=9))
    near, _ = domain.advance(waiting(priority="P3"), after(hours=3, minutes=12))

    assert in_turn(p1=waiting(), p2=waiting(priority="P2"), late=late, near=near) == ["near", "late", "p1", "p2"]


def test_of_the_same_priority_what_is_due_first_comes_first_however_young():
    soon = due(after(hours=1), waiting(at=after(minutes=5)))

    assert in_turn(later=due(after(hours=2)), soon=soon) == ["soon", "later"]


def test_of_what_is_late_what_is_so_for_the_longest_comes_first():
    orders = {"an_hour": due(after(hours=2), missed=True), "two_hours": due(after(hours=1), missed=True)}

    assert in_turn(**orders) == ["two_hours", "an_hour"]


def test_what_has_no_running_clock_comes_last_of_its_priority():
    orders = {
        "no_promise": replace(waiting(), clocks={}),
        "stands_still": due(after(minutes=1), since=None),
        "some_day": due(after(days=900), waiting(at=after(hours=5))),
        "p2": waiting(priority="P2"),
    }

    assert in_turn(**orders)[0] == "some_day"
    assert in_turn(**orders)[-1] == "p2"


def test_of_what_is_due_at_once_the_oldest_comes_first_then_the_smaller_number():
    orders = {
        "young": due(after(hours=4), waiting(at=after(minutes=1), ticket_no="T-100001")),
        "old": due(after(hours=4), waiting(at=NINE, ticket_no="T-100003")),
        "old_too": due(after(hours=4), waiting(at=NINE, ticket_no="T-100002")),
    }

    assert in_turn(**orders) == ["old_too", "old", "young"]
