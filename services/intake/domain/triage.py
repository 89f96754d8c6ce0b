"""What kind of matter a ticket is and how pressing: the reference data of intake."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from shared.business_time import duration
from shared.errors import NotYetKnown

TYPES = ("enquiry", "fault", "complaint", "suggestion", "praise", "request")
LEVELS = ("high", "medium", "low")
PRIORITIES = ("P1", "P2", "P3", "P4")

#: impact -> urgency -> priority, until an operator applies another table.
USUAL_PRIORITIES = {
    "high": {"high": "P1", "medium": "P2", "low": "P3"},
    "medium": {"high": "P2", "medium": "P3", "low": "P4"},
    "low": {"high": "P3", "medium": "P4", "low": "P4"},
}

#: How long after its customer has urged a ticket it may be urged again, where the reference data do not say.
USUAL_URGE_EVERY = timedelta(minutes=30)

#: The reference data before any was applied: no category, so no ticket.
NOTHING_APPLIED: Mapping[str, Any] = {"categories": {}, "priorities": USUAL_PRIORITIES}


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What a message becomes that a person must see to; `category` None: `other`, or else the first that there is."""

    type: str = "enquiry"
    category: str | None = None
    impact: str = "low"
    urgency: str = "medium"


OTHER = "other"


@dataclass(frozen=True, kw_only=True)
class Triage:
    """Categories (code -> name by language) and the impact × urgency table; a ticket may be urged once in `urge_every`.

    `version` 0 is the built-in one.
    """

    categories: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    priorities: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: USUAL_PRIORITIES)
    urge_every: timedelta = USUAL_URGE_EVERY
    inbound: Kind = Kind()
    version: int = 0

    @classmethod
    def from_dict(cls, body: Mapping[str, Any], version: int = 0) -> Triage:
        """The reference data in a validated body (deploy/config/intake.yaml)."""
        categories = {code: dict(category["name"]) for code, category in body["categories"].items()}
        urge_every = duration(body["urge_every"]) if "urge_every" in body else USUAL_URGE_EVERY
        inbound = Kind(**body.get("inbound", {}))
        return cls(
            categories=categories,
            priorities=body["priorities"],
            urge_every=urge_every,
            inbound=inbound,
            version=version,
        )

    def category_of_messages(self) -> str:
        """Of a message that becomes a ticket; `NotYetKnown` before there is any category."""
        if not self.categories:
            raise NotYetKnown("a category")
        usual = OTHER if OTHER in self.categories else next(iter(self.categories))
        return self.inbound.category or usual

    def priority(self, impact: str, urgency: str) -> str:
        """`P1` to `P4`."""
        return self.priorities[impact][urgency]
