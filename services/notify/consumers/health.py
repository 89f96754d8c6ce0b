"""`python -m services.notify.consumers.health email`: exit 0 while that channel's messages are taken; health check.

A consumer takes none while its relay, sink or store is away: then this says so. Reads LOOPDESK_AMQP_URI.
"""

from __future__ import annotations

import sys

import pika
from pika.exceptions import AMQPError

from services.notify.consumers.inbox import URGENCIES
from shared.settings import require

SECONDS = 5


def trouble(uri: str, channel: str) -> str | None:
    """None when both queues have a consumer, else what is wrong, in one line."""
    parameters = pika.URLParameters(uri)
    parameters.socket_timeout = parameters.blocked_connection_timeout = SECONDS
    try:
        connection = pika.BlockingConnection(parameters)
        try:
            asked = connection.channel()
            for urgency in URGENCIES:
                queue = f"notify.{channel}.{urgency}"
                if not asked.queue_declare(queue, passive=True).method.consumer_count:
                    return f"nobody takes messages from {queue}"
        finally:
            connection.close()
    except (AMQPError, OSError) as error:
        return f"broker away: {type(error).__name__}"
    return None


def main(arguments: list[str]) -> int:
    """The exit code."""
    if arguments not in (["email"], ["sms"]):
        print("usage: python -m services.notify.consumers.health email|sms", file=sys.stderr)
        return 2
    (uri,) = require("LOOPDESK_AMQP_URI")
    said = trouble(uri, arguments[0])
    print(f"{arguments[0]}: {said or 'messages are taken'}", file=sys.stderr if said else sys.stdout)
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
