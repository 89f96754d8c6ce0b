"""`python -m shared.ping intake`: exit 0 when that process kind answers an RPC, 1 with the reason; the health check."""

from __future__ import annotations

import os
import sys

from shared.client import Client
from shared.errors import LoopdeskError
from shared.settings import require

SECONDS = 5.0


def ping(uri: str, service: str, timeout: float = SECONDS) -> str | None:
    """None when `service` (`intake`, `intake-worker`, …) answers in time, else why not, in one line."""
    with Client(uri, name=f"ping {service}") as client:
        try:
            client.call(service, "ping", timeout=timeout)
        except LoopdeskError as error:
            return f"{error.code}: {error.message}"
    return None


def main(arguments: list[str]) -> int:
    """The exit code."""
    if len(arguments) != 1:
        print("usage: python -m shared.ping SERVICE, for example intake or intake-worker", file=sys.stderr)
        return 2
    (uri,) = require("LOOPDESK_AMQP_URI", environ=os.environ)
    trouble = ping(uri, arguments[0])
    print(f"{arguments[0]}: {trouble or 'answers'}", file=sys.stderr if trouble else sys.stdout)
    return 1 if trouble else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
