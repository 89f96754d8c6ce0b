"""`python -m services.notify.consumers.health email`: exit 0 while that channel's messages are taken; health check.

A consumer takes none while its relay, sink or store is away: then this says so. Reads LOOPDESK_AMQP_URI.
"""

from __future__ import annotations

import sys

import pika
from pika.exceptions import AMQPError

from shared.lanes import CHANNELS, LANES, queue
from shared.settings import require

SECONDS = 5


def trouble(uri: str, channel: str) -> str | None:
    """None when every lane has a consumer, else what is wrong, in one line."""
    parameters = pika.URLParameters(uri)
    parameters.socket_timeout = parameters.blocked_connection_timeout = SECONDS
    try:
        connection = pika.BlockingConnection(parameters)
        try:
            asked = connection.channel()
            for name in (queue(channel, lane) for lane in LANES):
                if not asked.queue_declare(name, passive=True).method.consumer_count:
                    return f"nobody takes messages from {name}"
        finally:
            connection.close()
    except (AMQPError, OSError) as error:
        return f"broker away: {type(error).__name__}"
    return None


def main(arguments: list[str]) -> int:
    """The exit code."""
    if len(arguments) != 1 or arguments[0] not in CHANNELS:
        print("usage: python -m services.notify.consumers.health email|sms", file=sys.stderr)
        return 2
    (uri,) = require("LOOPDESK_AMQP_URI")
    said = trouble(uri, arguments[0])
    print(f"{arguments[0]}: {said or 'messages are taken'}", file=sys.stderr if said else sys.stdout)
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
