"""What a condition may name, and the values that stand behind the names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias

Names: TypeAlias = "Mapping[str, str | Names]"
Frozen: TypeAlias = "tuple[tuple[str, str | Frozen], ...]"

MOST_ITEMS = 200  # of a list in a context
LARGEST = 1e15  # below it every whole number is exact
ABSENT: Mapping[str, Any] = {"string": "", "number": 0.0, "bool": False, "list": []}
SAMPLE: Mapping[str, Any] = {
    "string": "x",
    "number": 1.0,
    "bool": True,
    "list": ["x"],
    "time": datetime(2026, 1, 1, tzinfo=UTC),
}
TYPES = frozenset(SAMPLE)


def freeze(names: Names) -> Frozen:
    """The same, hashable. Raises `ValueError` for a type that there is not."""
    frozen: list[tuple[str, str | Frozen]] = []
    for name, kind in names.items():
        if isinstance(kind, str) and kind.removesuffix("?") not in TYPES:
            raise ValueError(f"{name}: {kind!r} is no type; known are {', '.join(sorted(TYPES))}")
        frozen.append((name, kind if isinstance(kind, str) else freeze(kind)))
    return tuple(frozen)


def thaw(frozen: Frozen) -> dict[str, Any]:
    """`freeze`, undone."""
    return {name: kind if isinstance(kind, str) else thaw(kind) for name, kind in frozen}


def place(values: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    """Put a value at a path of nested mappings."""
    for name in path[:-1]:
        values = values.setdefault(name, {})
    values[path[-1]] = value


def look_up(context: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    """The value at a path; None where there is none."""
    found: Any = context
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def value_of(value: Any, kind: str) -> Any:
    """A value as the engine takes it. Raises `ValueError` saying why one is not of its kind."""
    if value is None:
        if kind.endswith("?"):
            return None
        if kind == "time":
            raise ValueError("is missing")
        return ABSENT[kind]
    return CONVERSIONS[kind.removesuffix("?")](value)


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"a {type(value).__name__} is no string")
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"a {type(value).__name__} is no number")
    if not abs(value) < LARGEST:
        raise ValueError("is too large, or not a number at all")
    return float(value)


def _bool(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"a {type(value).__name__} is neither true nor false")
    return value


def _list(value: Any) -> list[str]:
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        raise ValueError(f"a {type(value).__name__} is no list")
    items = [_string(item) for item in value]
    if len(items) > MOST_ITEMS:
        raise ValueError(f"has {len(items)} items; a condition looks at no more than {MOST_ITEMS}")
    return items


def _time(value: Any) -> datetime:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise ValueError(f"a {type(value).__name__} without a zone, or no time")
    return value.astimezone(UTC)


CONVERSIONS: Mapping[str, Callable[[Any], Any]] = {
    "string": _string,
    "number": _number,
    "bool": _bool,
    "list": _list,
    "time": _time,
}
