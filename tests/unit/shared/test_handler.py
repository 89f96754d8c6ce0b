from __future__ import annotations

import pytest
from pymongo.errors import AutoReconnect, DuplicateKeyError, OperationFailure, ServerSelectionTimeoutError

from shared.bus.handler import judge
from shared.errors import Conflict, Forbidden, IllegalMove, NotFound, NotYetKnown, Unavailable, ValidationError
from shared.outage import is_outage

VERDICTS = [
    (ValidationError({"name": ["Missing."]}), "park"),
    (Unavailable("too many others change it", rule="contention"), "wait"),
    (AutoReconnect("connection closed"), "wait"),
    (ServerSelectionTimeoutError("no server"), "wait"),
    (OperationFailure("shutting down", 11600), "wait"),
    (IllegalMove("stale", rule="round"), "refused"),
    (Conflict("another has it", rule="unique"), "refused"),
    (Forbidden("no"), "refused"),
    (NotFound("ticket", "T-1"), "refused"),
    (NotYetKnown("T-1"), "retry"),
    (KeyError("a defect"), "retry"),
    (DuplicateKeyError("E11000"), "retry"),
    (OperationFailure("a bad query", 2), "retry"),
]


@pytest.mark.parametrize(("error", "kind"), VERDICTS, ids=lambda value: getattr(type(value), "__name__", value))
def test_what_becomes_of_an_event_whose_handler_raised(error: Exception, kind: str) -> None:
    assert judge(error).kind == kind


def test_a_verdict_says_why() -> None:
    assert judge(IllegalMove("stale", rule="round")).reason == "IllegalMove: stale"
    assert judge(ValidationError({"name": ["Missing."]})).reason == "name: Missing."
    assert judge(KeyError("x")).reason == "KeyError: 'x'"


@pytest.mark.parametrize("code", [91, 189, 10107, 11600, 11602, 13435, 13436])
def test_a_server_that_goes_or_comes_is_an_outage(code: int) -> None:
    assert is_outage(OperationFailure("going", code))


@pytest.mark.parametrize("error", [OperationFailure("bad", 2), DuplicateKeyError("E11000"), ValueError(), OSError()])
def test_a_defect_is_no_outage(error: Exception) -> None:
    assert not is_outage(error)
