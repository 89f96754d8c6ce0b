"""A condition, loaded and evaluated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from shared.conditions import engine
from shared.conditions.check import Checker, Scope
from shared.conditions.names import SAMPLE, Frozen, Names, freeze, look_up, place, thaw, value_of
from shared.conditions.syntax import BadCondition, parse
from shared.errors import ValidationError


class ConditionFailed(ValidationError):
    """A condition could not be evaluated on the values given: `fields` is its source, with why."""


@dataclass(frozen=True)
class Condition:
    """A proved condition; equal to another of the same source. Made by `condition`."""

    source: str
    _text: str = field(repr=False, compare=False)
    _used: tuple[tuple[tuple[str, ...], str], ...] = field(repr=False, compare=False)

    @property
    def names(self) -> frozenset[str]:
        """The names that it uses, in dots (`fields.eta`); none: it is the same whatever the values are."""
        return frozenset(".".join(path) for path, _ in self._used)

    def holds(self, context: Mapping[str, Any]) -> bool:
        """Whether it is true of these values. Raises `ConditionFailed`."""
        values: dict[str, Any] = {}
        for path, kind in self._used:
            try:
                place(values, path, value_of(look_up(context, path), kind))
            except ValueError as error:
                raise ConditionFailed({self.source: [f"{'.'.join(path)}: {error}"]}) from None
        return self._on(values)

    def _on(self, values: Mapping[str, Any]) -> bool:
        try:
            result = engine.run(self._text, values)
        except engine.CannotEvaluate as error:
            raise ConditionFailed({self.source: [str(error)]}) from error
        if not isinstance(result, bool):
            raise ConditionFailed({self.source: [f"gives a {type(result).__name__}, not true or false"]})
        return result


def condition(source: str, names: Names) -> Condition:
    """The condition in `source`, which may use `names` only. Raises `BadCondition`.

    `ValueError` for a type in `names` that there is not: that is the caller's mistake.
    """
    return _condition(source, freeze(names))


@lru_cache(maxsize=4096)
def _condition(source: str, names: Frozen) -> Condition:
    tree = parse(source)
    checker = Checker(source, thaw(names))
    checker.boolean(tree, Scope())
    made = Condition(source, checker.rewritten, tuple(checker.used.items()))
    _try(made, checker.used)
    return made


def _try(made: Condition, used: Mapping[tuple[str, ...], str]) -> None:
    """Have the engine agree: once with a value behind every name, once with null behind those that may be."""
    for nulls in (False, True):
        values: dict[str, Any] = {}
        for path, kind in used.items():
            place(values, path, None if nulls and kind.endswith("?") else SAMPLE[kind.removesuffix("?")])
        try:
            made._on(values)
        except ConditionFailed as error:
            raise BadCondition(f"cannot be evaluated: {error.fields[made.source][0]}") from error
