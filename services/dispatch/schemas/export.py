"""What is asked of the export: one kind of record, page by page."""

from __future__ import annotations

from marshmallow import fields, validate

from shared.schemas import Page

WHAT = ("reference", "agents", "hand_overs", "orders")


class ExportHistory(Page):
    """Which records; `after` is the `next` of the page before."""

    what = fields.String(required=True, validate=validate.OneOf(WHAT))
