"""What a step asks to be filled in: typed fields, and what is wrong with the values given."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from services.dispatch.domain.flows.pattern import Pattern

LONGEST_TEXT = 2000
LARGEST = 2**53  # beyond it JSON's numbers lose their last digits
CENT = Decimal("0.01")
_PHONE = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)
_EMAIL = re.compile(r"[^@\s,;<>\"]{1,64}@(?:[\w-]+\.)+[\w-]{2,}")


class BadValue(ValueError):
    """A value that does not fit its field: the message is for the person who fills it in."""


@dataclass(frozen=True, kw_only=True)
class FieldSpec:
    """One field: `least` and `most` bound a number, an amount, or the length of a text; `of` are a choice's values."""

    code: str
    type: str
    name: Mapping[str, str] = field(default_factory=dict)
    required: bool = False
    least: Decimal | None = None
    most: Decimal | None = None
    pattern: Pattern | None = None
    of: tuple[str, ...] = ()

    def read(self, value: Any) -> Any:
        """The value as it is kept, JSON-able; None for an optional one that is null or empty. Raises `BadValue`."""
        if value is None or value == "":
            if self.required:
                raise BadValue("is required")
            return None
        return READERS[self.type](self, value)


def text(spec: FieldSpec, value: Any) -> str:
    """Text for people, trimmed: `least` to `most` characters (2,000 at most), matching `pattern` as a whole."""
    if not isinstance(value, str):
        raise BadValue("must be text")
    kept = value.strip()
    if any(unicodedata.category(char) in ("Cc", "Cs") and char not in "\t\n" for char in kept):
        raise BadValue("contains control characters")
    most = min(spec.most or LONGEST_TEXT, Decimal(LONGEST_TEXT))
    if not (spec.least or (1 if spec.required else 0)) <= len(kept) <= most:
        raise BadValue(f"must have {spec.least or 1} to {most} characters, not {len(kept)}")
    if spec.pattern and not spec.pattern.fits(kept):
        raise BadValue(f"does not match {spec.pattern.source}")
    return kept


def number(spec: FieldSpec, value: Any) -> int | float:
    """A number proper, from `least` to `most`."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= LARGEST:
        raise BadValue("must be a number")
    _within(spec, Decimal(str(value)))
    return value


def integer(spec: FieldSpec, value: Any) -> int:
    """A whole number, from `least` to `most`."""
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > LARGEST:
        raise BadValue("must be a whole number")
    _within(spec, Decimal(value))
    return value


def money(spec: FieldSpec, value: Any) -> str:
    """An amount, `"120.50"` for 120.5 or "120.5": exact, with two places."""
    amount = amount_of(value)
    _within(spec, amount)
    return str(amount)


def amount_of(value: Any) -> Decimal:
    """The amount that a text or number names, with two places. Raises `BadValue`."""
    if isinstance(value, bool) or not isinstance(value, str | int | float) or len(str(value)) > 20:
        raise BadValue("must be an amount, for example 120.50")
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        raise BadValue("must be an amount, for example 120.50") from None
    if not amount.is_finite() or abs(amount) > LARGEST // 100 or amount != amount.quantize(CENT):
        raise BadValue("must be an amount with two places at most, for example 120.50")
    return amount.quantize(CENT)


def choice(spec: FieldSpec, value: Any) -> str:
    """One of the declared values."""
    if value not in spec.of or not isinstance(value, str):
        raise BadValue(f"must be one of {', '.join(spec.of)}")
    return value


def yes_no(spec: FieldSpec, value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise BadValue("must be true or false")
    return value


def day(spec: FieldSpec, value: Any) -> str:
    """A day, `2026-03-02`."""
    try:
        if isinstance(value, str) and len(value) == 10:
            return date.fromisoformat(value).isoformat()
    except ValueError:
        pass
    raise BadValue("must be a date, for example 2026-03-02")


def instant(spec: FieldSpec, value: Any) -> str:
    """A time with a zone, kept in UTC: `2026-03-02T09:00:00.000Z`."""
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) and 16 <= len(value) <= 40 else None
        if at is not None and at.utcoffset() is not None:
            return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except (ValueError, OverflowError):
        pass
    raise BadValue("must be a time with a zone, for example 2026-03-02T09:00:00+08:00")


def phone(spec: FieldSpec, value: Any) -> str:
    """A telephone number with its country code, as E.164; whether it is in service is not looked up."""
    plain = re.sub(r"[\s().-]", "", value) if isinstance(value, str) and len(value) <= 40 else ""
    if not _PHONE.fullmatch(plain):
        raise BadValue("must be a telephone number with its country code, for example +8613800138000")
    return plain


def email(spec: FieldSpec, value: Any) -> str:
    """An e-mail address by its form."""
    if not isinstance(value, str) or len(value) > 254 or not _EMAIL.fullmatch(value.strip()):
        raise BadValue("must be an e-mail address")
    return value.strip()


def _within(spec: FieldSpec, value: Decimal) -> None:
    if spec.least is not None and value < spec.least:
        raise BadValue(f"must be at least {spec.least}")
    if spec.most is not None and value > spec.most:
        raise BadValue(f"must be at most {spec.most}")


READERS: Mapping[str, Callable[[FieldSpec, Any], Any]] = {
    "text": text,
    "number": number,
    "integer": integer,
    "money": money,
    "choice": choice,
    "yes_no": yes_no,
    "date": day,
    "time": instant,
    "phone": phone,
    "email": email,
}
TYPES = tuple(READERS)

#: How a condition sees a field (shared/conditions): an amount as a number, a date as text that sorts, a time as a time.
IN_CONDITIONS = {"number": "number", "integer": "number", "money": "number", "yes_no": "bool", "time": "time?"}


def condition_type(spec: FieldSpec) -> str:
    """The type by which conditions may name the field."""
    return IN_CONDITIONS.get(spec.type, "string")


def condition_value(spec: FieldSpec, value: Any) -> Any:
    """A kept value as conditions see it."""
    if value is None:
        return None
    if spec.type == "money":
        return float(value)
    return datetime.fromisoformat(value) if spec.type == "time" else value
