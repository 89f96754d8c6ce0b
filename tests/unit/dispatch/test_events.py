import re
from pathlib import Path

from services.dispatch import domain
from services.dispatch.domain.work.telling import clock_names, told
from services.dispatch.events import ORDER_EVENTS
from tests.unit.dispatch.builders import NINE, a_ticket, after, an_order, held, opened, reference, resolved
from tests.unit.dispatch.courses import approved, done, given_out, reported

COMMON = {"order_no", "ticket_no", "customer_id", "type", "category", "priority", "team", "agent", "round"}


def documented():
    """Event type -> the names of its own data, as docs/events.md lists them for dispatch."""
    page = Path("docs/events.md").read_text(encoding="utf-8")
    section = page.split("## dispatch.events")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \|([^|]*)\|", section, re.MULTILINE)
    return {name: set(re.findall(r"\b[a-z]+(?:_[a-z]+)*\b", re.sub(r"\([^()]*\)", "", data))) for name, data in rows}


def moved(order):
    """A deadline that a newer calendar has moved."""
    names = clock_names(order, order.resolution)
    change = {"from": order.resolution.due, "to": after(days=9), "why": "more is known of the calendar"}
    return order, [told(order, order, "deadline_moved", NINE, **names, **change)]


def happened():
    """A fact of every type that dispatch publishes, with the work after it."""
    late, _ = domain.advance(reported(), after(hours=2))
    decisions = [
        opened(a_ticket()),
        domain.complete_step(given_out(approved()), NINE, fee={"amount": 5}),
        domain.skip_step(late, after(hours=2), reason="no expert", step="survey"),
        domain.reroute(reported(), NINE, to="fix", reason="known"),
        domain.void_fee(done(approved(), "fix", fee={"amount": 1}), NINE, 1, "was wrong"),
        domain.prioritise(an_order(), NINE, "P3", "can wait"),
        domain.assign(an_order(agent=None), NINE, "a1"),
        (an_order(agent=None), domain.newly_queued(an_order(agent=None), NINE)),
        domain.respond(an_order(), NINE),
        domain.hold(an_order(), NINE, "waiting_for_parts"),
        domain.resume(held(), NINE),
        domain.transfer(an_order(), NINE, reference().team("desk")),
        domain.resolve(an_order(), NINE, "Done"),
        domain.reopen(resolved(), NINE, reason="again", cause="customer"),
        domain.close(resolved(), NINE, round=0, outcome="satisfied"),
        domain.withdraw(an_order(), NINE, "gone"),
        domain.go_live(an_order(), NINE),
        domain.advance(an_order(), after(hours=5)),
        moved(an_order()),
    ]
    return {fact.type: (order, fact) for order, facts in decisions for fact in facts if fact.type in ORDER_EVENTS}


def test_every_event_of_the_contract_is_published_and_no_other():
    assert set(ORDER_EVENTS) == set(documented())


def test_every_event_carries_what_the_contract_says():
    built = {name: set(ORDER_EVENTS[name](*sample)) - COMMON for name, sample in happened().items()}

    assert built == {name: data - {"replay", "ended"} for name, data in documented().items()}


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
