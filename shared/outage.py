"""How it looks when the database is away, or too slow: nothing is wrong with what was asked."""

from __future__ import annotations

from pymongo.errors import (
    ConnectionFailure,
    ExecutionTimeout,
    OperationFailure,
    PyMongoError,
)

#: Server error codes of a member that shuts down, steps down or is starting (MongoDB error_codes.yml).
_GOING = {91, 189, 10107, 11600, 11602, 13435, 13436}
#: ConnectionFailure is the base of all that the driver raises for a lost, missing, unwilling or slow server.
_DRIVER = (ConnectionFailure, ExecutionTimeout)


def is_outage(error: BaseException) -> bool:
    """Whether the same thing may simply be tried again later."""
    return isinstance(error, _DRIVER) or (isinstance(error, OperationFailure) and error.code in _GOING)


def is_of_the_database(error: BaseException) -> bool:
    """Whether the database's driver raised it."""
    return isinstance(error, PyMongoError)


def describe(error: BaseException) -> str:
    """An error for logs and parked messages. The driver's own texts may quote a document: of those, type and code."""
    if is_of_the_database(error):
        return f"{type(error).__name__} {getattr(error, 'code', None) or ''}".strip()
    return f"{type(error).__name__}: {error}"
