"""Reading a field's declaration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from services.dispatch.domain.flows.fields import LARGEST, LONGEST_TEXT, BadValue, FieldSpec, amount_of
from services.dispatch.domain.flows.pattern import Pattern
from shared.conditions import BadCondition

_WORDS = (
    "as break const continue else false for function if import in let loop package namespace null return true var "
    "void while"
)
#: Words of CEL: a step or field of that name could not be named in a condition.
RESERVED = frozenset(_WORDS.split())
NO_PATTERN = (
    "is no regular expression of the RE2 form (https://github.com/google/re2/wiki/Syntax), or has over 92 characters "
    "(a backslash counts for two) or 50 counted repetitions, or counts those of a group"
)
BOUNDED = ("text", "number", "integer", "money")


def read_field(code: str, body: Mapping[str, Any]) -> FieldSpec:
    """The field that `body` declares."""
    return FieldSpec(
        code=code,
        type=body["type"],
        name=body.get("name") or {},
        required=body.get("required", False),
        least=_decimal(body.get("min")),
        most=_decimal(body.get("max")),
        pattern=_pattern(body),
        of=tuple(body.get("of") or ()),
    )


def _pattern(body: Mapping[str, Any]) -> Pattern | None:
    try:
        return Pattern.of(body["pattern"]) if "pattern" in body else None
    except BadCondition:
        return None


def _decimal(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def unfit(name: str, body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What in a field's declaration does not go with its type: place, message."""
    kind = body["type"]
    if name in RESERVED:
        yield "", "is a word of the condition language; give the field another code"
    if ("of" in body) != (kind == "choice"):
        yield ".of", "a choice lists its values in `of`; other types have none"
    yield from ((".of", f"{value} is named twice") for value in _twice(body.get("of") or ()))
    yield from _unfit_bounds(body, kind)
    if "pattern" in body and kind != "text":
        yield ".pattern", "only text may have a pattern"
    if "pattern" in body and _pattern(body) is None:
        yield ".pattern", NO_PATTERN


def _twice(values: Sequence[str]) -> list[str]:
    return [value for place, value in enumerate(values) if values.index(value) < place]


def _unfit_bounds(body: Mapping[str, Any], kind: str) -> Iterator[tuple[str, str]]:
    """Bounds are values of the type themselves, so that something lies between them."""
    bounds = [bound for bound in ("min", "max") if bound in body]
    if kind not in BOUNDED:
        yield from ((f".{bound}", f"a {kind} has no bounds; {', '.join(BOUNDED)} may have") for bound in bounds)
        return
    wrong = [(f".{bound}", message) for bound in bounds if (message := _no_bound(kind, bound, body[bound]))]
    yield from wrong
    if not wrong and len(bounds) == 2 and body["min"] > body["max"]:
        yield ".min", "is more than max"


def _no_bound(kind: str, bound: str, value: Any) -> str:
    """Why this cannot be a bound of that type, or ""."""
    if kind == "text":
        least = 1 if bound == "max" else 0
        fits = value in range(least, LONGEST_TEXT + 1)
        return "" if fits else f"is a number of characters, from {least} to {LONGEST_TEXT}"
    if kind == "money":
        try:
            amount_of(value)
        except BadValue as fault:
            return str(fault)
        return ""
    if not abs(value) <= LARGEST:
        return f"must lie between -{LARGEST} and {LARGEST}"
    return "a whole number has whole bounds" if kind == "integer" and value != int(value) else ""
