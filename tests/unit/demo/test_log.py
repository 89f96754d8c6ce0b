from datetime import UTC, datetime
from hashlib import sha256

import pytest

from deploy.demo.log import LOG, read, time_of


@pytest.fixture(scope="module")
def incidents():
    return read()


def test_the_log_is_the_file_as_it_was_found():
    assert sha256(LOG.read_bytes()).hexdigest() == "85eb91cbd6ac7a7fab7640a844acec20e0a40a9ff6c7fc66f67439e413d7d5e3"


def test_every_incident_and_every_event_is_read(incidents):
    assert (len(incidents), sum(len(incident.rows) for incident in incidents)) == (890, 5998)


def test_dates_are_read_day_first():
    assert time_of("01-03-2016 14:13") == datetime(2016, 3, 1, 14, 13, tzinfo=UTC)


def test_a_question_mark_is_missing_not_a_value(incidents):
    assert incidents[0].rows[0].person is None
    assert "?" not in {row.group for incident in incidents for row in incident.rows}


def test_an_incident_is_submitted_when_opened_or_at_an_earlier_first_event(incidents):
    late = next(incident for incident in incidents if incident.number == "INC0000130")
    assert late.opened_at == time_of("29-02-2016 09:41")
    assert late.submitted_at == time_of("29-02-2016 07:27")


def test_the_logs_own_verdict_is_the_last_rows(incidents):
    assert sum(incident.made_sla for incident in incidents) == 495
