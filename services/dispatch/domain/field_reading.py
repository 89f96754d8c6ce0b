"""Reading a field's declaration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from services.dispatch.domain.fields import FieldSpec
from services.dispatch.domain.pattern import Pattern
from shared.conditions import BadCondition

_WORDS = (
    "as break const continue else false for function if import in let loop package namespace null return true var "
    "void while"
)
#: Words of CEL: a step or field of that name could not be named in a condition.
RESERVED = frozenset(_WORDS.split())
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
    for bound in ("min", "max"):
        if bound in body and kind not in BOUNDED:
            yield f".{bound}", f"a {kind} has no bounds; {', '.join(BOUNDED)} may have"
    if "min" in body and "max" in body and body["min"] > body["max"]:
        yield ".min", "is more than max"
    if "pattern" in body and kind != "text":
        yield ".pattern", "only text may have a pattern"
    if "pattern" in body and _pattern(body) is None:
        yield ".pattern", "is no regular expression of the RE2 form (https://github.com/google/re2/wiki/Syntax)"
