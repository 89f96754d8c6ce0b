"""Incidents as a test wants them."""

from datetime import UTC, datetime, timedelta

from deploy.demo.log import Incident, Row

OPENED = datetime(2016, 2, 29, 9, 0, tzinfo=UTC)


def a_row(state="New", minute=1, **differing) -> Row:
    known = {
        "group": "Group 70",
        "category": "Category 1",
        "subcategory": "Subcategory 2",
        "symptom": "Symptom 3",
        "location": "Location 4",
        "impact": "2 - Medium",
        "urgency": "2 - Medium",
        "priority": "3 - Moderate",
        "person": None,
        "made_sla": True,
    }
    return Row(state=state, at=OPENED + timedelta(minutes=minute), **(known | differing))


def an_incident(*rows: Row, number="INC0000001", caller="Caller 2403") -> Incident:
    return Incident(number=number, caller=caller, opened_at=OPENED, rows=rows or (a_row(),))
