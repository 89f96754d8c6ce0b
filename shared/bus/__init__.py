"""The bus as a service sees it: entrypoints for commands, queries, events and timers."""

from shared.bus.handler import on_event
from shared.bus.health import Health
from shared.bus.method import command, query
from shared.bus.timers import every
from shared.cause import Call

__all__ = ["Call", "Health", "command", "every", "on_event", "query"]
