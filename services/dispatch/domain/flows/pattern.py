"""Regular expressions of fields."""

from __future__ import annotations

import json
from dataclasses import dataclass

from shared.conditions import Condition, condition


@dataclass(frozen=True)
class Pattern:
    """A regular expression (RE2) for the whole of a text. It is matched in linear time, whoever wrote it."""

    source: str
    rule: Condition

    @classmethod
    def of(cls, source: str) -> Pattern:
        """The pattern; raises `BadCondition`.

        It is proved alone first: `a)|(b` is none, though it would be one within the brackets around the whole.
        """
        condition(f"value.matches({json.dumps(source, ensure_ascii=False)})", {"value": "string"})
        whole = json.dumps(f"^(?:{source})$", ensure_ascii=False)
        return cls(source, condition(f"value.matches({whole})", {"value": "string"}))

    def fits(self, value: str) -> bool:
        """Whether the whole of the text matches."""
        return self.rule.holds({"value": value})
