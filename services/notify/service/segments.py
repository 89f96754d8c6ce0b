"""RPC: how many SMS a text takes."""

from __future__ import annotations

from typing import Any

from services.notify.schemas import segments as schemas
from shared.bus import Call, query


class CountsSegments:
    """A query about a text alone."""

    @query("read", schemas.CountSegments)
    def count_segments(self, call: Call, text: str) -> dict[str, Any]:
        """{encoding, characters, segments} of the text as it is; the consumer's signature and opt-out come on top."""
        return schemas.counted(text)
