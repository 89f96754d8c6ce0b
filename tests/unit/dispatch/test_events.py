from services.dispatch import domain
from services.dispatch.events import ORDER_EVENTS
from tests.unit.dispatch.builders import NINE, after, an_order, reference
from tests.unit.dispatch.courses import given_out, reported


def test_an_event_tells_the_priority_and_who_had_the_work_when_it_happened():
    order, late = domain.advance(an_order(), after(minutes=20))
    order, _ = domain.transfer(order, after(minutes=20), reference().team("desk"))
    order, _ = domain.prioritise(order, after(minutes=20), "P4", "can wait")

    event = ORDER_EVENTS["deadline_missed"](order, late[1])

    assert {name: event[name] for name in ("team", "agent", "priority", "order_no")} == {
        "team": "it",
        "agent": "a1",
        "priority": "P1",
        "order_no": "W-100001",
    }


def test_an_event_of_a_step_does_not_carry_what_was_filled_in():
    order, (fact, *_) = domain.complete_step(given_out(reported()), NINE, step="approval", fields={"approved": True})

    assert fact.data["fields"] == {"approved": True}
    assert "fields" not in ORDER_EVENTS["step_completed"](order, fact)
