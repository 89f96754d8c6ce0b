"""What dispatch knows of tickets and customers is what intake has: a service cannot ask another for its lists."""

from __future__ import annotations

from marshmallow import validate

from services.dispatch.domain.reference import matter
from services.dispatch.schemas.people import LONGEST_CHANNEL
from services.intake.domain import customer, triage
from services.intake.schemas import SubmitTicket


def test_types_are_those_of_tickets() -> None:
    assert matter.TYPES == triage.TYPES


def test_priorities_are_those_of_tickets() -> None:
    assert matter.PRIORITIES == triage.PRIORITIES


def test_agents_speak_the_languages_of_customers() -> None:
    assert matter.LANGUAGES == customer.LANGUAGES


def test_an_agents_channel_may_be_whatever_a_tickets_may() -> None:
    lengths = [one for one in SubmitTicket().fields["channel"].validators if isinstance(one, validate.Length)]

    assert [one.max for one in lengths] == [LONGEST_CHANNEL]
