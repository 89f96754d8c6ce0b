"""Timers: nameko's, made to outlive an outage."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Any

from nameko.extensions import register_entrypoint
from nameko.timer import Timer

from shared.outage import is_outage

log = logging.getLogger("loopdesk.timers")


def every(seconds: float) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Entrypoint that runs in every replica each `seconds`; what it does must be claimed first."""

    def register(method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        def guarded(service: Any) -> None:
            try:
                method(service)
            except Exception as error:
                if is_outage(error):
                    log.warning("storage away", extra={"timer": method.__name__, "reason": type(error).__name__})
                else:
                    log.exception("a timer failed", extra={"timer": method.__name__})

        guarded.every = seconds  # type: ignore[attr-defined]  # read by the canvas test
        register_entrypoint(guarded, Timer(interval=seconds, eager=True))
        return guarded

    return register
