"""Run one process: `python -m shared.run intake` or `python -m shared.run intake-worker`."""

# ruff: noqa: E402 - sockets must be green before anything opens one
from __future__ import annotations

import eventlet

eventlet.monkey_patch()

import importlib
import logging
import os
import signal
import sys
from typing import Any

from nameko.runners import ServiceRunner

from shared import logs
from shared.settings import Settings

log = logging.getLogger("loopdesk.run")
GRACE = 20  # seconds between the request to stop and the end by force


def service_class(process: str) -> Any:
    """The class that a process runs: `Intake` of service.py, `IntakeWorker` of worker.py, and so on for other kinds."""
    service, _, kind = process.partition("-")
    module = importlib.import_module(f"services.{service}.{kind or 'service'}")
    return getattr(module, service.capitalize() + kind.capitalize())


def serve(service_cls: Any) -> int:
    """Serve one nameko class until told to stop; gives the exit code."""
    settings = Settings.load()
    logs.set_up(settings.log_level)
    config = {
        "AMQP_URI": settings.amqp_uri,
        "HEARTBEAT": settings.heartbeat,
        "max_workers": settings.max_workers,
        "LOOPDESK": settings,
    }
    runner = ServiceRunner(config)
    runner.add_service(service_cls)
    started = False

    def stop() -> None:
        if not started:  # nothing is in hand: a start that waits for the broker need not be waited for
            os._exit(0)
        with eventlet.Timeout(GRACE, False):
            runner.stop()
            os._exit(0)
        log.error("did not stop in time", extra={"seconds": GRACE})
        os._exit(1)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: eventlet.spawn_n(stop))
    runner.start()
    started = True
    log.info("ready", extra={"serves": service_cls.name, "pid": os.getpid()})
    # in a greenlet: a signal would interrupt the main one in the middle of its wait
    eventlet.spawn(runner.wait).wait()
    return 0


if __name__ == "__main__":
    sys.exit(serve(service_class(sys.argv[1])))
