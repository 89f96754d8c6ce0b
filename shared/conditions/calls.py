"""The functions that are offered, and what each asks of its arguments."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from shared.conditions import engine
from shared.conditions.kinds import as_list, said
from shared.conditions.tree import Call, Literal, Name, Node

if TYPE_CHECKING:
    from shared.conditions.check import Checker, Scope

# The engine compiles a pattern at each evaluation; a class of Unicode characters takes 0.2 ms each time it is repeated.
MOST_PATTERNS, LONGEST_PATTERN, MOST_COPIES = 3, 100, 50


def call(checker: Checker, node: Call, scope: Scope) -> str:
    """The type of a call. Raises `BadCondition`."""
    if node.name == "has":
        checker.refuse(node, 'has() is not needed: what is declared is there; compare it with "", 0, [] or null')
    if node.name in (GLOBALS if node.of is None else METHODS):
        return OFFERED[node.name](checker, node, scope)
    if node.name in OFFERED:
        checker.refuse(node, f"write it as in: {EXAMPLES[node.name]}")
    checker.refuse(node, f"'{node.name}' is not offered; known are {', '.join(sorted(OFFERED))}")


def _macro(checker: Checker, node: Call, scope: Scope) -> str:
    among = as_list(checker.whole(_receiver(node), scope))
    if len(node.args) != 2 or not isinstance(bound := node.args[0], Name) or not among.startswith("list of "):
        checker.refuse(node, f"{node.name}() is asked of a list, as in: {EXAMPLES[node.name]}")
    if scope.bound:
        checker.refuse(node, f"{node.name}() for each item of another list would take long; try 'in'")
    if bound.name in checker.names:
        checker.refuse(bound, f"'{bound.name}' already has a meaning; take another name for the item")
    checker.boolean(node.args[1], scope.binding(bound.name, among.removeprefix("list of ")))
    return among if node.name == "filter" else "bool"


def _about_text(checker: Checker, node: Call, scope: Scope) -> str:
    checker.one_of(("string",), _receiver(node), scope)
    if len(node.args) != 1:
        checker.refuse(node, f"{node.name}() takes one string, as in: {EXAMPLES[node.name]}")
    checker.one_of(("string",), node.args[0], scope)
    return "bool"


def _matches(checker: Checker, node: Call, scope: Scope) -> str:
    kind = _about_text(checker, node, scope)
    literal = node.args[0]
    checker.patterns += 1
    if not isinstance(literal, Literal):
        checker.refuse(literal, "the pattern of matches() is written out, not computed")
    if scope.bound or checker.patterns > MOST_PATTERNS:
        checker.refuse(node, f"matches() takes long: at most {MOST_PATTERNS} of them, none for each item of a list")
    if len(literal.text) > LONGEST_PATTERN or "){" in literal.text or _copies(literal.text) > MOST_COPIES:
        limits = f"{LONGEST_PATTERN} characters and {MOST_COPIES} counted repetitions, none of a group"
        checker.refuse(literal, f"a pattern may have {limits}")
    if why := engine.refusal(f'"".matches({literal.text})'):
        checker.refuse(literal, f"is no pattern: {why}")
    return kind


def _constant(checker: Checker, node: Call, scope: Scope) -> str:
    literal = node.args[0] if len(node.args) == 1 else None
    if not isinstance(literal, Literal) or literal.kind != "string":
        checker.refuse(node, f"a {node.name} is written out, as in: {EXAMPLES[node.name]}")
    if engine.refusal(f"{node.name}({literal.text})"):
        checker.refuse(literal, f"{literal.text} is no {node.name}; write it as in: {EXAMPLES[node.name]}")
    return "time" if node.name == "timestamp" else "duration"


def _size(checker: Checker, node: Call, scope: Scope) -> str:
    args = node.args if node.of is None else (node.of, *node.args)
    if len(args) != 1:
        checker.refuse(node, f"size() takes one string or list, as in: {EXAMPLES[node.name]}")
    kind = as_list(checker.whole(args[0], scope))
    if kind != "string" and not kind.startswith("list of "):
        checker.refuse(node, f"a {said(kind)} has no size")
    checker.edits.append((node.at, node.at + len("size"), engine.LENGTH))
    return "number"


def _receiver(node: Call) -> Node:
    assert node.of is not None  # noqa: S101 - METHODS have one
    return node.of


def _copies(pattern: str) -> int:
    return sum(max(int(low or 0), int(high or 0)) for low, high in re.findall(r"\{(\d*),?(\d*)\}", pattern))


_Offered = Callable[["Checker", Call, "Scope"], str]
GLOBALS = ("duration", "size", "timestamp")
METHODS = ("all", "contains", "endsWith", "exists", "exists_one", "filter", "matches", "size", "startsWith")
OFFERED: Mapping[str, _Offered] = {
    **dict.fromkeys(("all", "exists", "exists_one", "filter"), _macro),
    **dict.fromkeys(("contains", "endsWith", "startsWith"), _about_text),
    **dict.fromkeys(("duration", "timestamp"), _constant),
    "matches": _matches,
    "size": _size,
}
EXAMPLES: Mapping[str, str] = {
    **{name: f'tags.{name}(tag, tag == "vip")' for name in ("all", "exists", "exists_one", "filter")},
    **{name: f'text.{name}("a")' for name in ("contains", "endsWith", "startsWith")},
    "duration": 'duration("1h30m")',
    "timestamp": 'timestamp("2026-01-31T08:00:00Z")',
    "matches": 'text.matches("^[A-Z]{2}[0-9]+$")',
    "size": "size(text)",
}
