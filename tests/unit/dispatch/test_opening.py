import pytest

from services.dispatch import domain
from services.dispatch.domain import State
from tests.unit.dispatch.builders import NINE, a_policy, a_ticket, after, opened, reference


def test_a_work_order_bears_its_tickets_number():
    assert domain.order_no_for("T-100001") == "W-100001"


def test_work_goes_to_the_team_of_its_category():
    order, _ = opened(a_ticket(category="software"))

    assert (order.team, order.supervisor) == ("it", "chief.it")


def test_work_of_a_category_without_a_team_goes_to_the_default_team():
    order, _ = opened(a_ticket(category="gardening"))

    assert order.team == "desk"


def test_new_work_is_queued_and_tells_its_deadlines():
    order, facts = opened()

    assert order.state is State.QUEUED
    assert [(fact.type, fact.at, dict(fact.data)) for fact in facts] == [
        (
            "work_opened",
            NINE,
            {
                "team": "it",
                "agent": None,
                "round": 0,
                "priority": "P1",
                "opened_at": NINE,
                "first_response_due": after(minutes=15),
                "resolution_due": after(hours=4),
                "policy": "standard@1",
                "flow": None,
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
    order, _ = opened(a_ticket(priority=priority))

    assert order.first_response.due == after(**first_response)
    assert order.resolution.due == after(**resolution)


def test_new_work_is_one_open_step_that_needs_somebody_of_its_team():
    order, _ = opened()

    assert [(visit.number, visit.step, visit.state, visit.need.key) for visit in order.visits] == [
        (1, "work", "queued", "it")
    ]


def test_the_first_policy_that_applies_promises():
    gold = a_policy(code="gold", when='tier == "gold"', targets={"P3": {"first_response": "5m", "resolution": "1h"}})
    book = reference(gold | {"targets": a_policy()["targets"] | gold["targets"]}, a_policy())

    golden, _ = opened(a_ticket(priority="P3", tier="gold"), book=book)
    plain, _ = opened(a_ticket(priority="P3"), book=book)

    assert (str(golden.policy), golden.first_response.due) == ("gold@1", after(minutes=5))
    assert (str(plain.policy), plain.first_response.due) == ("standard@1", after(hours=4))


def test_a_deadline_counts_in_the_hours_of_its_calendar():
    order, _ = opened(a_ticket(priority="P2"), book=reference(a_policy(calendar="office")))

    assert order.resolution.due == after(hours=9)  # eight hours, and the lunch break between them


def test_work_keeps_to_the_version_of_the_reference_data_that_it_was_opened_under():
    books = {1: reference(version=1), 2: reference(a_policy(calendar="office"), version=2)}
    order, _ = domain.open_work(a_ticket(), NINE, books[1], books.__getitem__)

    assert (order.policy.version, order.resolution.calendar.version, order.terms) == (1, 1, books[1].policies[0])


def test_work_of_a_ticket_withdrawn_before_it_was_heard_of_never_begins():
    order, facts = domain.withdraw(domain.tombstone("T-100001"), NINE, "found it myself")

    assert (order.order_no, order.state) == ("W-100001", State.WITHDRAWN)
    assert [fact.type for fact in facts] == ["work_withdrawn_unopened"]
    assert domain.next_due(order) is None
