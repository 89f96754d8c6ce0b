"""Commands of a history, given again."""

from __future__ import annotations

from datetime import datetime

import pytest

from deploy.simulation.again import given_again
from services.dispatch import domain
from services.dispatch.domain.looking_back.runs import as_entries
from services.dispatch.domain.work import incidents
from shared.events import to_json
from tests.unit.dispatch.builders import NINE, a_ticket, after, an_order, opened, reference
from tests.unit.dispatch.courses import REPAIR, stored

TRIAGE = {"triage": {"team": "experts", "when": "confidence < 0.6"}}


@pytest.mark.parametrize("eta", [None, after(hours=2)], ids=["without an ETA", "with an ETA, which responds"])
def test_triage_that_shows_work_to_be_part_of_a_mass_incident_is_both(eta: datetime | None) -> None:
    book = reference(assignment=TRIAGE, flows={"repair": {**REPAIR, "for": 'type == "fault"'}})
    unsure, _ = opened(a_ticket(confidence=0.3), NINE, book)
    parent, _ = incidents.declare(an_order(ticket_no="T-1"), NINE, eta=eta, match=None, reason="A cable is cut")
    what = {"type": "fault", "category": "network", "priority": "P2"}
    known, facts = domain.triage_work(unsure, after(hours=1), **what, reasons="It is the cable")
    linked, more = incidents.link(known, after(hours=1), parent, "It is the cable")

    told = [{**entry, "data": to_json(entry["data"])} for entry in as_entries([*facts, *more])]
    again, _ = given_again(unsure, after(hours=1), told, lambda _: book)

    assert stored(again) == stored(linked)
