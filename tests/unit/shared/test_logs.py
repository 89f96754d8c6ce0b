"""Logs hold no personal data, not even by way of an error's text."""

from __future__ import annotations

import io
import json
import logging

from pymongo.errors import DuplicateKeyError

from shared.bus.handler import judge
from shared.logs import config


def _logged(error: Exception) -> dict[str, str]:
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
            logging.getLogger("loopdesk.test").exception("a handler failed", extra={"event_id": "e-1"})
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


def test_a_parked_event_does_not_quote_a_document_either():
    assert judge(DuplicateKeyError('dup key: { claim: "+441632960001" }', 11000)).reason == "DuplicateKeyError 11000"
