"""Logs hold no personal data, not even by way of an error's text."""

from __future__ import annotations

import io
import json
import logging

import pytest
from pymongo.errors import DuplicateKeyError

from shared.bus.handler import judge
from shared.logs import config


def _logged(error: Exception, event_id: str = "e-1") -> dict[str, str]:
    settings = config()
    stream = io.StringIO()
    settings["handlers"]["stderr"]["stream"] = stream
    root = logging.getLogger()
    kept, level = root.handlers[:], root.level
    try:
        logging.config.dictConfig(settings)
        try:
            raise error
        except Exception:
            logging.getLogger("loopdesk.test").exception("a handler failed", extra={"event_id": event_id})
    finally:
        root.handlers, root.level = kept, level
    return dict(json.loads(stream.getvalue()))


def test_a_database_error_is_logged_by_type_and_code_without_the_document_it_quotes():
    line = _logged(DuplicateKeyError('dup key: { claim: "+441632960001" }', 11000))

    assert line["exc_info"] == "DuplicateKeyError 11000"
    assert line["event_id"] == "e-1"
    assert "441632960001" not in json.dumps(line)


def test_any_other_error_is_logged_with_its_traceback():
    assert "ZeroDivisionError: by hand" in _logged(ZeroDivisionError("by hand"))["exc_info"]


@pytest.mark.parametrize("address", ["+441632960001", "ann@example.com", "o'hara/x=y@example.com"])
def test_an_event_about_whoever_has_an_address_is_named_without_it(address):
    line = _logged(ZeroDivisionError("by hand"), f"notify_preferences/address:{address}/7")

    assert line["event_id"] == "notify_preferences/address:…/7"


def test_a_parked_event_does_not_quote_a_document_either():
    assert judge(DuplicateKeyError('dup key: { claim: "+441632960001" }', 11000)).reason == "DuplicateKeyError 11000"
