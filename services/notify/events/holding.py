"""The events that preferences and digests make notify publish (docs/events.md)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from services.notify.domain.preferences import Preferences
from shared.events import Fact


def contact_unsubscribed(preferences: Preferences, fact: Fact) -> dict[str, Any]:
    """A recipient wants no more of a kind, `*`: of anything that may be opted out of; or wants it again."""
    return {"recipient": preferences.recipient, "kind": fact.data["kind"], "cause": fact.data["cause"]}


OF_PREFERENCES: dict[str, Callable[[Preferences, Fact], Mapping[str, Any]]] = {
    "contact_unsubscribed": contact_unsubscribed,
    "contact_resubscribed": contact_unsubscribed,
}
UNHEARD = frozenset({"contact_resubscribed"})
