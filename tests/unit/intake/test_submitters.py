"""The customers who submit, remembered for a second."""

from __future__ import annotations

from services.intake.domain.customer import Submitter
from services.intake.submitters import Submitters
from shared.reference import FRESH_FOR


class Desk:
    """Customers in a database that counts how often it is asked, and a clock."""

    def __init__(self) -> None:
        self.customers = {"C-1": "gold", "C-2": "silver", "C-3": "standard"}
        self.asked = 0
        self.time = 100.0
        self.submitters = Submitters(self._read, size=2, clock=lambda: self.time)

    def _read(self, customer_id: str) -> Submitter | None:
        self.asked += 1
        tier = self.customers.get(customer_id)
        return Submitter(customer_id, tier) if tier else None

    def tier(self, customer_id: str) -> str | None:
        who = self.submitters.get(customer_id)
        return who.tier if who else None


def test_customer_is_read_once_a_second() -> None:
    desk = Desk()
    assert [desk.tier("C-1"), desk.tier("C-1"), desk.asked] == ["gold", "gold", 1]
    desk.customers["C-1"] = "standard"
    desk.time += FRESH_FOR
    assert [desk.tier("C-1"), desk.asked] == ["standard", 2]


def test_customer_who_was_changed_here_is_read_anew() -> None:
    desk = Desk()
    desk.tier("C-1")
    desk.customers["C-1"] = "standard"
    desk.submitters.forget("C-1")
    assert desk.tier("C-1") == "standard"


def test_customer_who_is_not_there_is_asked_for_again() -> None:
    desk = Desk()
    assert desk.tier("C-9") is None
    desk.customers["C-9"] = "gold"
    assert desk.tier("C-9") == "gold"


def test_customer_unused_for_longest_is_forgotten() -> None:
    desk = Desk()
    for customer_id in ("C-1", "C-2", "C-1", "C-3", "C-1"):
        desk.tier(customer_id)
    assert desk.asked == 3
    desk.tier("C-2")
    assert desk.asked == 4
