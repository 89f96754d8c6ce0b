"""What notify tells of broadcasts. Nobody listens yet: it stays in their history."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from services.notify.domain.broadcasts import Broadcast
from shared.events import Fact

BROADCAST_EVENTS: dict[str, Callable[[Broadcast, Fact], dict[str, Any]]] = {}
UNHEARD: tuple[str, ...] = ()
