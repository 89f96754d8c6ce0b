"""What every command may say of its time, before any service sees it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from marshmallow import Schema, fields

from shared.bus.method import command, query
from shared.bus.rpc import Incoming, Outcome
from shared.cause import Call
from shared.clock import SystemClock, to_text
from shared.errors import NotFound, ValidationError


class Nothing(Schema):
    """A command without fields of its own."""


class Where(Schema):
    """What is looked for."""

    place = fields.String()


class Service:
    """Answers with the time that the command was given."""

    name = "probe"

    @command("submit", Nothing)
    def note(self, call: Call) -> datetime | None:
        return call.at

    @query(None, Where)
    def find(self, call: Call, place: str) -> None:
        raise NotFound("place", place)


def noted(at: str) -> Outcome:
    kwargs: dict[str, Any] = {"request_id": "r-1", "at": at}
    found: Any = Service().note(Incoming("importer", frozenset({"submit", "backdate"}), None, kwargs))
    assert isinstance(found, Outcome)
    return found


@pytest.mark.parametrize("at", ["1969-12-31T23:59:59.999Z", "1960-01-01T00:00:00Z", "1970-01-01T07:59:00+08:00"])
def test_a_time_before_1970_is_refused(at: str) -> None:
    error = noted(at).error
    assert isinstance(error, ValidationError)
    assert error.fields == {"at": ["Lies before 1970."]}


def test_the_first_instant_of_1970_is_a_time() -> None:
    assert noted("1970-01-01T08:00:00+08:00") == Outcome(datetime(1970, 1, 1, tzinfo=UTC))


def test_a_time_in_the_future_is_refused() -> None:
    error = noted(to_text(SystemClock().now() + timedelta(days=1))).error
    assert isinstance(error, ValidationError)
    assert error.fields == {"at": ["Lies in the future."]}


def test_what_is_not_found_names_the_place_in_the_request() -> None:
    found: Any = Service().find(Incoming("reader", frozenset(), None, {"place": "attic", "actor": "attic"}))

    assert found.error.details == {"what": "place", "key": "attic", "field": "place"}
