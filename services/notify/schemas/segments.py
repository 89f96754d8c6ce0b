"""Counting segments: what is asked and what is answered."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validate

from services.notify.domain.segments import count
from shared.schemas import Request


def _whole(text: str) -> None:
    """Half a surrogate pair is no character, and JSON can carry one."""
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise ValidationError("Holds half a character.")


class CountSegments(Request):
    """A text as it would be sent; an empty one is an empty SMS."""

    text = fields.String(required=True, validate=[validate.Length(max=20_000), _whole])


def counted(text: str) -> dict[str, Any]:
    """`encoding` gsm7 or ucs2; `characters` its units: septets, or 16-bit words; `segments` SMS."""
    encoding, characters, segments = count(text)
    return {"encoding": encoding, "characters": characters, "segments": segments}
