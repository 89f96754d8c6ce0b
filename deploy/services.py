"""The services, and the processes that each runs as; imports none of them."""

from __future__ import annotations

SERVICES = ("intake", "dispatch", "feedback", "notify")
PROCESSES = tuple(f"{service}{kind}" for service in SERVICES for kind in ("", "-worker"))
