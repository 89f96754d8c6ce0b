"""How a request to a gateway may end, beside an answer."""

from __future__ import annotations

from services.notify.consumers.message import TryLater


class Broken(Exception):
    """The request may have reached the gateway, and no answer that says anything will come."""


class Throttled(TryLater):
    """The gateway wants messages slower; nothing has left."""


class Refused(Exception):
    """The gateway will never take this."""
