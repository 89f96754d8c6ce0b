"""Tickets: submitted, followed, withdrawn, put live."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.intake import errors, events
from services.intake.domain import ticket as tickets
from shared.errors import IllegalMove, ValidationError
from shared.events import Fact
from tests.unit.intake.builders import CALLER, NINE, TRIAGE, a_contact, a_ticket, minutes


def test_submitted_ticket_gets_its_priority_from_impact_and_urgency() -> None:
    ticket, facts = tickets.submit("T-100001", CALLER, a_contact(impact="low", urgency="high"), TRIAGE, NINE)
    assert (ticket.status, ticket.priority, ticket.created_at, ticket.occurred_at) == ("submitted", "P3", NINE, NINE)
    assert facts == [
        Fact(
            "ticket_submitted",
            NINE,
            {
                "status": "submitted",
                "channel": "phone",
                "type": "fault",
                "category": "network",
                "impact": "low",
                "urgency": "high",
                "tier": "gold",
                "language": "en",
                "reference": "",
                "priority": "P3",
                "triage_version": 3,
            },
        )
    ]


def test_text_is_kept_as_it_came() -> None:
    ticket, _ = tickets.submit("T-100001", CALLER, a_contact(text="👩‍💻 تعطّل\t الشبكة "), TRIAGE, NINE)
    assert ticket.text == "👩‍💻 تعطّل\t الشبكة "


def test_contact_may_have_occurred_long_before_it_was_submitted() -> None:
    ticket, _ = tickets.submit("T-100001", CALLER, a_contact(occurred_at=NINE - minutes(9999)), TRIAGE, NINE)
    assert ticket.occurred_at == NINE - minutes(9999)


def test_contact_cannot_have_occurred_after_it_was_submitted_beyond_a_clock_s_error() -> None:
    tickets.submit("T-100001", CALLER, a_contact(occurred_at=NINE + minutes(5)), TRIAGE, NINE)
    with pytest.raises(errors.NotHappenedYet) as refused:
        tickets.submit("T-100001", CALLER, a_contact(occurred_at=NINE + minutes(6)), TRIAGE, NINE)
    assert list(refused.value.fields) == ["occurred_at"]


def test_unknown_category_is_refused_by_name_of_the_field() -> None:
    with pytest.raises(ValidationError) as refused:
        tickets.submit("T-100001", CALLER, a_contact(category="plumbing"), TRIAGE, NINE)
    assert refused.value.fields == {"category": ["Unknown category 'plumbing'."]}


def test_submitted_event_says_what_dispatch_needs() -> None:
    ticket, (fact,) = tickets.submit("T-100001", CALLER, a_contact(), TRIAGE, NINE)
    assert events.ticket_submitted(ticket, fact) == {
        "ticket_no": "T-100001",
        "customer_id": "C-1",
        "tier": "gold",
        "reference": "",
        "channel": "phone",
        "type": "fault",
        "category": "network",
        "impact": "high",
        "urgency": "medium",
        "priority": "P2",
        "subject": "No connection",
        "occurred_at": NINE,
        "language": "en",
        "confidence": None,
        "sensitive": False,
        "wanted_agent": None,
        "complained_of": None,
        "incident": None,
    }


def test_what_a_caller_knows_beside_is_kept_and_told() -> None:
    known = {"confidence": 0.4, "sensitive": True, "wanted_agent": "a1", "complained_of": "a2", "incident": "T-7"}
    ticket, (fact,) = tickets.submit("T-100001", CALLER, a_contact(**known), TRIAGE, NINE)
    assert known.items() <= events.ticket_submitted(ticket, fact).items()
    assert known.items() <= fact.data.items()


def test_urging_leaves_the_ticket_as_it_is_but_for_its_time_and_is_told() -> None:
    ticket, (fact,) = tickets.urge(a_ticket(), "We are waiting", TRIAGE, NINE + minutes(5))
    assert ticket == a_ticket(urged_at=NINE + minutes(5))
    assert events.ticket_urged(ticket, fact) == {"ticket_no": "T-100001", "note": "We are waiting"}


@pytest.mark.parametrize("status", ["resolved", "closed", "withdrawn"])
def test_nobody_is_urged_about_a_ticket_that_is_over(status: str) -> None:
    with pytest.raises(errors.NothingToUrge) as refused:
        tickets.urge(a_ticket(status=status), None, TRIAGE, NINE)
    assert refused.value.details["status"] == status


def test_urging_again_at_once_is_refused_and_says_when_again() -> None:
    ticket, _ = tickets.urge(a_ticket(), None, TRIAGE, NINE)
    with pytest.raises(errors.TooSoon) as refused:
        tickets.urge(ticket, None, TRIAGE, NINE + minutes(29.9))
    assert refused.value.details == {
        "rule": "urge",
        "ticket_no": "T-100001",
        "again_at": "2026-03-02T09:30:00.000Z",
    }
    assert tickets.urge(ticket, None, TRIAGE, NINE + minutes(30))[0].urged_at == NINE + minutes(30)


def test_how_often_a_ticket_may_be_urged_is_reference_data() -> None:
    seldom = replace(TRIAGE, urge_every=minutes(60))
    ticket, _ = tickets.urge(a_ticket(), None, seldom, NINE)
    with pytest.raises(errors.TooSoon):
        tickets.urge(ticket, None, seldom, NINE + minutes(59))


def test_callers_own_number_is_kept_and_told() -> None:
    ticket, (fact,) = tickets.submit("T-100001", CALLER, a_contact(reference="INC0000045"), TRIAGE, NINE)
    assert (ticket.reference, fact.data["reference"]) == ("INC0000045", "INC0000045")
    assert events.ticket_submitted(ticket, fact)["reference"] == "INC0000045"


@pytest.mark.parametrize("status", ["submitted", "assigned", "on_hold", "reopened"])
def test_unresolved_ticket_can_be_withdrawn(status: str) -> None:
    ticket, (fact,) = tickets.withdraw(a_ticket(status=status), "it works again", NINE)
    assert ticket.status == "withdrawn"
    assert events.ticket_withdrawn(ticket, fact) == {"ticket_no": "T-100001", "reason": "it works again"}


@pytest.mark.parametrize("status", ["resolved", "closed", "withdrawn"])
def test_ticket_that_is_resolved_or_over_cannot_be_withdrawn(status: str) -> None:
    with pytest.raises(IllegalMove) as refused:
        tickets.withdraw(a_ticket(status=status), "late", NINE)
    assert refused.value.details["rule"] == "withdraw_before_resolved"


@pytest.mark.parametrize("status", tickets.STATUSES)
def test_note_is_welcome_in_every_status(status: str) -> None:
    before = a_ticket(status=status)
    after, facts = tickets.add_note(before, "please call back ☎️", NINE)
    assert (after, facts) == (before, [Fact("note_added", NINE, {"text": "please call back ☎️"})])


def test_replayed_ticket_goes_live_once() -> None:
    ticket, facts = tickets.end_replay(a_ticket(replay_until=NINE), NINE)
    assert (ticket.replay_until, [fact.type for fact in facts]) == (None, ["ticket_replay_ended"])
    with pytest.raises(errors.NotInReplay):
        tickets.end_replay(ticket, NINE)


def test_every_status_is_reached_by_a_known_word() -> None:
    assert set().union(*tickets.MOVES.values()) <= set(tickets.STATUSES)
