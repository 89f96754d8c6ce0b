"""The queues on which finished messages wait for consumers: one per channel and lane (docs/consumers.md)."""

from __future__ import annotations

#: The channels that have consumers.
CHANNELS = ("sms", "email")
#: The most urgent first: what waits in one goes before everything in the next.
LANES = ("urgent", "normal", "bulk")


def routing_key(channel: str, lane: str) -> str:
    """Of the exchange `notify.messages`."""
    return f"{channel}.{lane}"


def queue(channel: str, lane: str) -> str:
    """`notify.sms.urgent`."""
    return f"notify.{routing_key(channel, lane)}"
