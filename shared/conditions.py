"""Conditions that operators write, in CEL (https://cel.dev): checked once when they are loaded, evaluated often.

    names = {"priority": "string", "amount": "number", "fields": {"eta": "time?", "parts": "list"}, "at": "time"}
    urgent = condition('priority in ["P1", "P2"] && amount > 100', names)
    urgent.holds({"priority": "P1", "amount": 120, "fields": {}, "at": at})

What is named is declared, name by name, with its type: `string`, `number`, `bool`, `list` (of strings), `time` (aware
datetime), or a mapping of further names. A declared name always has a value: what the context lacks, or has as None,
is "", 0, false or []; a type with a question mark (`time?`, `number?`) is null then, and so is an absent `time`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import cel

from shared.errors import ValidationError

Names: TypeAlias = "Mapping[str, str | Names]"


class BadCondition(ValueError):
    """A condition that cannot be loaded: the message says where, or which name, or why, for a person to read."""


class ConditionFailed(ValidationError):
    """A loaded condition could not be evaluated on the values given, or gave no boolean; `fields` names its source."""


@dataclass(frozen=True)
class Condition:
    """A checked condition; equal to another of the same source. Made by `condition`."""

    source: str
    _program: Any = field(repr=False, compare=False)

    def holds(self, context: Mapping[str, Any]) -> bool:
        """Whether it is true of these values. Raises `ConditionFailed`."""
        try:
            result = self._program.execute(dict(context))
        except Exception as error:  # noqa: BLE001 - the engine raises builtin exceptions of many kinds
            raise ConditionFailed({self.source: [str(error)]}) from error
        if not isinstance(result, bool):
            raise ConditionFailed({self.source: [f"gives {result!r}, which is neither true nor false"]})
        return result


def condition(source: str, names: Names) -> Condition:
    """The condition in `source`, which may use `names` only. Raises `BadCondition`."""
    try:
        return Condition(source, cel.compile(source))
    except ValueError as error:
        raise BadCondition(str(error)) from error
