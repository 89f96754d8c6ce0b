"""Events of notify that it hears itself, about what is held."""

from __future__ import annotations

from marshmallow import fields

from shared.schemas import Consumed


class DigestMoved(Consumed):
    """A digest has come to another state."""

    message_id = fields.String(required=True)
