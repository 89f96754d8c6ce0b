"""What dispatch is asked about appointments. Field names are those on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, validates_schema

from services.dispatch.schemas import LONGEST_REASON, OrderCommand
from shared.schemas import Instant, Text


class SetAppointment(OrderCommand):
    """From when to when somebody comes; the note is for the customer."""

    starts_at = Instant(required=True)
    ends_at = Instant(load_default=None, allow_none=True)
    note = Text(200, load_default=None, allow_none=True)

    @validates_schema
    def _forwards(self, data: Mapping[str, Any], **_: Any) -> None:
        if data["ends_at"] is not None and data["ends_at"] <= data["starts_at"]:
            raise ValidationError("Lies not after starts_at.", "ends_at")


class CancelAppointment(OrderCommand):
    """Why nobody comes, for the customer."""

    reason = Text(LONGEST_REASON, required=True)
