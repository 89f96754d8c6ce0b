import pytest

from services.dispatch import domain
from services.dispatch.domain import State
from tests.unit.dispatch.builders import NINE, a_ticket, after, reference


def test_a_work_order_bears_its_tickets_number():
    assert domain.order_no_for("T-100001") == "W-100001"


def test_work_goes_to_the_team_of_its_category():
    order, _ = domain.open_work(a_ticket(category="software"), NINE, reference())

    assert (order.team, order.supervisor) == ("it", "chief.it")


def test_work_of_a_category_without_a_team_goes_to_the_default_team():
    order, _ = domain.open_work(a_ticket(category="gardening"), NINE, reference())

    assert order.team == "desk"


def test_new_work_is_queued_and_tells_its_deadlines():
    order, facts = domain.open_work(a_ticket(), NINE, reference())

    assert order.state is State.QUEUED
    assert [(fact.type, fact.at, dict(fact.data)) for fact in facts] == [
        (
            "work_opened",
            NINE,
            {
                "team": "it",
                "agent": None,
                "round": 0,
                "opened_at": NINE,
                "first_response_due": after(minutes=15),
                "resolution_due": after(hours=4),
            },
        )
    ]


@pytest.mark.parametrize(
    ("priority", "first_response", "resolution"),
    [
        ("P1", {"minutes": 15}, {"hours": 4}),
        ("P2", {"hours": 1}, {"hours": 8}),
        ("P3", {"hours": 4}, {"days": 3}),
        ("P4", {"hours": 8}, {"days": 5}),
    ],
)
def test_deadlines_follow_from_the_priority_in_elapsed_time(priority, first_response, resolution):
    order, _ = domain.open_work(a_ticket(priority=priority), NINE, reference())

    assert order.first_response.due == after(**first_response)
    assert order.resolution.due == after(**resolution)


def test_work_of_a_ticket_withdrawn_before_it_was_heard_of_never_begins():
    order, facts = domain.withdraw(domain.tombstone("T-100001"), NINE, "found it myself")

    assert (order.order_no, order.state) == ("W-100001", State.WITHDRAWN)
    assert [fact.type for fact in facts] == ["work_withdrawn_unopened"]
    assert domain.next_due(order) is None
