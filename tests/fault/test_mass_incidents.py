"""Mass incidents while the processes that tell parents and children of each other are killed."""

from __future__ import annotations

from shared.client import Request
from tests.fault.chaos import kills
from tests.fault.invariants import assert_sound
from tests.fault.load import Load
from tests.support import Stack, eventually

CHILDREN = 40


def test_every_part_of_a_mass_incident_is_resolved_with_it_whoever_is_killed(broken: Stack, load: Load) -> None:
    orders = broken.database["dispatch_orders"]
    (parent,) = load.submit(1, ["satisfied"])
    eventually(lambda: parent.order_no in load.orders())
    reason = {"order_no": parent.order_no, "reason": "all of the north is out"}
    load.insist([Request.command("dispatch", "declare_mass_incident", **reason)])

    with kills(broken, ["dispatch-worker", "dispatch"], times=10, every=0.7) as killer:
        load.submit(CHILDREN, ["part"], incident=parent.ticket_no)
        eventually(lambda: orders.count_documents({"parent": parent.order_no}) == CHILDREN)
        load.drive()

    assert sum(killer.killed.values()) == 10
    load.ask_again()
    assert_sound(broken, load)
    stored = eventually(lambda: orders.find_one({"_id": parent.order_no, "mass.settling": None}, {"mass": 1}))
    assert stored["mass"]["children"] == CHILDREN
