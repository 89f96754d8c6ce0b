"""What dispatch is asked about who gets the work. Field names are those on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from services.dispatch.schemas import LARGEST_VERSION, LONGEST_REASON, NamedWork, StepCommand
from shared.schemas import Code, Request, Text


class NextWork(Request):
    """Who asks for work."""

    agent_id = Code(64, required=True)


class Decline(StepCommand):
    """Why the agent does not take it."""

    reason = Text(LONGEST_REASON, required=True)


class Reassign(StepCommand):
    """To whom, and why; `override`: why the agent is to have it though limits say that it cannot."""

    agent = Code(64, required=True)
    reason = Text(LONGEST_REASON, required=True)
    override = Text(LONGEST_REASON, load_default=None, allow_none=True)


class ExplainAssignment(NamedWork):
    """Which of the work's assignments, counted from 1, or the one of an open `step` (its code, or its visit's number).

    By default the first step that waits, else the newest assignment.
    """

    step = Code(64, load_default=None, allow_none=True)

    assignment = fields.Integer(
        strict=True, load_default=None, allow_none=True, validate=validate.Range(1, LARGEST_VERSION)
    )

    @validates_schema
    def _not_both(self, data: Mapping[str, Any], **_: Any) -> None:
        if data["assignment"] is not None and data["step"] is not None:
            raise ValidationError("Give only one of assignment and step.", "step")
