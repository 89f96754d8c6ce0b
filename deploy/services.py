"""The services, and the processes that each runs as; imports none of them."""

from __future__ import annotations

SERVICES = ("intake", "dispatch", "feedback", "notify")
#: What a service runs as: it answers calls, and handles events; notify also tells many at once, and cares.
KINDS = {**dict.fromkeys(SERVICES, ("", "-worker")), "notify": ("", "-worker", "-broadcaster")}
PROCESSES = tuple(f"{service}{kind}" for service in SERVICES for kind in KINDS[service])
