"""What dispatch is asked about who gets the work. Field names are those on the wire."""

from __future__ import annotations

from marshmallow import fields, validate

from services.dispatch.schemas import LARGEST_VERSION, NamedWork


class ExplainAssignment(NamedWork):
    """Which of the work's assignments, counted from 1; by default the newest."""

    assignment = fields.Integer(
        strict=True, load_default=None, allow_none=True, validate=validate.Range(1, LARGEST_VERSION)
    )
