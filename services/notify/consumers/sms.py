"""`python -m services.notify.consumers.sms`: the SMS consumer. Writes to a file of JSON lines, for now.

Reads LOOPDESK_AMQP_URI and LOOPDESK_MONGO_URI (its own accounts) and SMS_SINK, the file.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from services.notify.consumers.runner import Consumer
from services.notify.consumers.sink import FileSink
from services.notify.consumers.store import Claims
from shared import logs
from shared.clock import SystemClock
from shared.settings import require


def main() -> int:
    """Consume until SIGTERM; gives the exit code."""
    amqp_uri, mongo_uri, sink = require("LOOPDESK_AMQP_URI", "LOOPDESK_MONGO_URI", "SMS_SINK")
    logs.set_up(os.environ.get("LOOPDESK_LOG_LEVEL", "INFO"))
    clock = SystemClock()
    Consumer("sms", amqp_uri, Claims(mongo_uri, "sms", clock), FileSink(Path(sink), clock), clock).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
