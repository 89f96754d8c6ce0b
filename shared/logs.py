"""Logs: one JSON object a line on standard error, without personal data."""

from __future__ import annotations

import logging.config
import re
from typing import Any

from shared.outage import describe, is_of_the_database

#: Of whom only an address is known is named by it, and so are events about them: `notify_preferences/address:…/1`.
_ADDRESS = re.compile(r"\baddress:.+?(?=/\d+$|$)")


class WithoutAddresses(logging.Filter):
    """Takes addresses out of the names of events."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Lets every line pass."""
        event_id = getattr(record, "event_id", None)
        if isinstance(event_id, str) and "address:" in event_id:
            record.event_id = _ADDRESS.sub("address:…", event_id)
        return True


class WithoutDocuments(logging.Filter):
    """Takes the text and the traceback of a database error out of a line: they may quote a customer's document."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Lets every line pass."""
        error = record.exc_info[1] if record.exc_info else None
        if error is not None and is_of_the_database(error):
            record.exc_info, record.exc_text = None, describe(error)
        return True


def config(level: str = "INFO") -> dict[str, Any]:
    """A `logging.config` dictionary; libraries speak from WARNING on."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {
                "()": "pythonjsonlogger.orjson.OrjsonFormatter",
                "fmt": "%(asctime)s %(levelname)s %(name)s %(message)s",
                "rename_fields": {"asctime": "time", "levelname": "level", "name": "logger", "message": "event"},
            }
        },
        "filters": {"without_documents": {"()": WithoutDocuments}, "without_addresses": {"()": WithoutAddresses}},
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": "json",
                "filters": ["without_documents", "without_addresses"],
            }
        },
        "root": {"handlers": ["stderr"], "level": "WARNING"},
        "loggers": {
            "loopdesk": {"level": level},
            # nameko logs a handler's exception with its traceback; the edge has logged it already, in one line
            "nameko.containers": {"level": "CRITICAL"},
            # pika says a dozen errors with tracebacks for each try to connect; the consumer says one line
            "pika": {"level": "CRITICAL"},
        },
    }


def set_up(level: str = "INFO") -> None:
    """Configure the process's logging; call once at start."""
    logging.config.dictConfig(config(level))
    # what no line shows need not be found out for each (Python's logging HOWTO, "Optimization")
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None  # the documented switch: no walk up the stack
