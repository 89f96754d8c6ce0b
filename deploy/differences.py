"""What differs between two versions of reference data, for people to read."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Change:
    """One difference: `before` or `after` is None where there is nothing."""

    path: str
    before: str | None
    after: str | None


def canonical(body: Any) -> str:
    """The same text for equal content, whatever the order of names."""
    return json.dumps(body, sort_keys=True, ensure_ascii=False)


def differences(before: Any, after: Any, path: str = "") -> Iterator[Change]:
    """Name by name; items of a list by content, since their order seldom says anything to the reader."""
    if canonical(before) == canonical(after):
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in [*before, *(name for name in after if name not in before)]:
            here = f"{path}.{name}" if path else str(name)
            if name not in after:
                yield Change(here, _text(before[name]), None)
            elif name not in before:
                yield Change(here, None, _text(after[name]))
            else:
                yield from differences(before[name], after[name], here)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _items(before, after, path)
    else:
        yield Change(path, _text(before), _text(after))


def _items(before: list[Any], after: list[Any], path: str) -> Iterator[Change]:
    old, new = Counter(map(canonical, before)), Counter(map(canonical, after))
    gone, come = old - new, new - old
    if not gone and not come:
        yield Change(path, "(order)", "(another order)")
    for item in gone.elements():
        yield Change(f"{path}[]", _text(json.loads(item)), None)
    for item in come.elements():
        yield Change(f"{path}[]", None, _text(json.loads(item)))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
