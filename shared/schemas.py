"""Fields and bases for marshmallow schemas: what may come in, and in which form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from marshmallow import EXCLUDE, RAISE, Schema, ValidationError, fields, validate

from shared import errors
from shared.business_time.zones import zone_named
from shared.clock import from_text, to_text

#: C0 and C1 controls but tab and line feed, lone surrogates, and Unicode non-characters that break other systems.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_CODE = re.compile(r"[\w .:/@+-]+", re.UNICODE)


class Text(fields.String):
    """Text for people, in any language, kept as it came; no control characters but tab and line feed.

    At most `longest` characters as it came. Blank is missing: a text of nothing but white space says nothing.
    """

    def __init__(self, longest: int = 200, **kwargs: Any) -> None:
        super().__init__(validate=validate.Length(1, longest), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text: str = super()._deserialize(value, attr, data, **kwargs)
        if _CONTROL.search(text):
            raise ValidationError("Contains control characters.")
        if not text.strip():
            raise self.make_error("required") if self.required else ValidationError("Must not be blank.")
        return text


class Code(Text):
    """A short identifier: letters, digits, space and . : / @ + - _"""

    def __init__(self, longest: int = 64, **kwargs: Any) -> None:
        super().__init__(longest, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if text and not _CODE.fullmatch(text):
            raise ValidationError("Holds characters that a code may not have.")
        return text


class Key(Code):
    """The name of an aggregate, for example a ticket number."""


class Instant(fields.Field[datetime]):
    """An RFC 3339 time with a zone <-> aware UTC."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        if isinstance(value, str) and 16 <= len(value) <= 40:
            try:
                at = from_text(value)
                return at.replace(microsecond=at.microsecond // 1000 * 1000)
            except (ValueError, OverflowError):
                pass
        raise ValidationError("Not a time with a zone, for example 2016-02-29T01:16:00Z.")

    def _serialize(self, value: datetime | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return to_text(value) if value is not None else None


class Zone(fields.String):
    """A time zone by its IANA name, as the pinned time zone data have it."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        name: str = super()._deserialize(value, attr, data, **kwargs)
        try:
            zone_named(name)
        except ValueError:
            raise ValidationError("Not a time zone, for example Asia/Shanghai.") from None
        return name


class Day(fields.String):
    """A day from 1900 to 2199, kept as the text that ISO 8601 writes: 2016-02-29."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text: str = super()._deserialize(value, attr, data, **kwargs)
        try:
            day = date.fromisoformat(text) if len(text) == 10 else None
        except ValueError:
            day = None
        if day is None or day.isoformat() != text or not 1900 <= day.year < 2200:
            raise ValidationError("Not a day from 1900 to 2199, for example 2016-02-29.")
        return text


class Number(fields.Float):
    """A number proper: the body is kept as it came, so a text that looks like one will not do."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> float:
        if isinstance(value, str):
            raise self.make_error("invalid", input=value)
        number: float = super()._deserialize(value, attr, data, **kwargs)
        return number


class YesNo(fields.Field[bool]):
    """True or false; not 1 and 0, which Python takes for the same."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if value is not True and value is not False:
            raise ValidationError("Not a valid boolean.")
        return value


class Phone(fields.String):
    """A telephone number with country code -> E.164."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text: str = super()._deserialize(value, attr, data, **kwargs)
        if len(text) > 40:
            raise ValidationError("Not a telephone number with its country code.")
        return normal_phone(text)


@lru_cache(4096)
def normal_phone(text: str) -> str:
    """E.164 of a number with country code; marshmallow's `ValidationError` otherwise."""
    try:
        number = phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_valid_number(number):
        raise ValidationError("Not a telephone number with its country code.")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


class Email(fields.String):
    """An e-mail address, normalised; the domain is not looked up. Reserved example domains are allowed."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text: str = super()._deserialize(value, attr, data, **kwargs)
        if len(text) > 254:
            raise ValidationError("Not an e-mail address.")
        return normal_email(text)


@lru_cache(4096)
def normal_email(text: str) -> str:
    """The normalised address; marshmallow's `ValidationError` otherwise."""
    try:
        return validate_email(text, check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError:
        raise ValidationError("Not an e-mail address.") from None


class Names(fields.Dict):
    """A name by language, in an event: `{"zh-CN": …, "en": …}`."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(keys=fields.String(), values=fields.String(), **kwargs)


class Request(Schema):
    """Base of every request: unknown fields are refused."""

    class Meta:
        """Marshmallow's options."""

        unknown = RAISE


class Consumed(Schema):
    """Base of every consumed event's data: fields that we do not read may come and go."""

    class Meta:
        """Marshmallow's options."""

        unknown = EXCLUDE


class Page(Request):
    """Base of every paged query; `after` is the `next` of the page before."""

    limit = fields.Integer(load_default=50, strict=True, validate=validate.Range(1, 200))
    after = Text(400, load_default=None, allow_none=True)


@lru_cache(256)
def _instance(schema: type[Schema]) -> Schema:
    return schema()


def load(schema: type[Schema], data: Any) -> dict[str, Any]:
    """The validated data; raises the catalogue's `ValidationError` naming every bad field."""
    try:
        return dict(_instance(schema).load(data))
    except ValidationError as error:
        raise errors.ValidationError(flat(error.normalized_messages())) from None


def flat(messages: Mapping[Any, Any], path: str = "") -> dict[str, list[str]]:
    """Marshmallow's nested messages as dotted path -> messages."""
    found: dict[str, list[str]] = {}
    for name, value in messages.items():
        here = path if name == "_schema" and path else f"{path}.{name}" if path else str(name)
        if isinstance(value, Mapping):
            found |= flat(value, here)
        else:
            found[here] = [str(item) for item in value]
    return found
