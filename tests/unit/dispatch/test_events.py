import re
from pathlib import Path

from services.dispatch import domain
from services.dispatch.events import ORDER_EVENTS
from tests.unit.dispatch.builders import NINE, after, an_order, held, reference, resolved

COMMON = {"order_no", "ticket_no", "customer_id", "type", "category", "priority", "team", "agent", "round"}


def documented():
    """Event type -> the names of its own data, as docs/events.md lists them for dispatch."""
    page = Path("docs/events.md").read_text()
    section = page.split("## dispatch.events")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \|([^|]*)\|", section, re.MULTILINE)
    return {name: set(re.findall(r"\b[a-z]+(?:_[a-z]+)*\b", re.sub(r"\([^()]*\)", "", data))) for name, data in rows}


def happened():
    """A fact of every type that dispatch publishes, with the work after it."""
    desk = reference().team("desk")
    opened, facts = domain.open_work(
        dict.fromkeys(("ticket_no", "customer_id", "type", "category", "subject"), "x") | {"priority": "P1"},
        NINE,
        reference(),
    )
    decisions = [
        (opened, facts),
        domain.assign(an_order(agent=None), NINE, "a1"),
        domain.respond(an_order(), NINE),
        domain.hold(an_order(), NINE, "parts"),
        domain.resume(held(), NINE),
        domain.transfer(an_order(), NINE, desk),
        domain.resolve(an_order(), NINE, "Done"),
        domain.reopen(resolved(), NINE, reference(), reason="again", cause="customer"),
        domain.close(resolved(), NINE, round=0, outcome="satisfied"),
        domain.withdraw(an_order(), NINE, "gone"),
        domain.go_live(an_order(), NINE),
        domain.advance(an_order(), after(hours=5)),
    ]
    return {fact.type: (order, fact) for order, facts in decisions for fact in facts if fact.type in ORDER_EVENTS}


def test_every_event_of_the_contract_is_published_and_no_other():
    assert set(ORDER_EVENTS) == set(documented())


def test_every_event_carries_what_the_contract_says():
    built = {name: set(ORDER_EVENTS[name](*sample)) - COMMON for name, sample in happened().items()}

    assert built == {name: data - {"replay", "ended"} for name, data in documented().items()}


def test_an_event_names_who_had_the_work_when_it_happened():
    order, late = domain.advance(an_order(), after(minutes=20))
    order, _ = domain.transfer(order, after(minutes=20), reference().team("desk"))

    told = ORDER_EVENTS["deadline_missed"](order, late[1])

    assert (told["team"], told["agent"], told["order_no"]) == ("it", "a1", "W-100001")
