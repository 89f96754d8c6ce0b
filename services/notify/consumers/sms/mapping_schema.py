"""The form of a mapping file (docs/sms.md)."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from shared.schemas import Code, Number, Request

_POINTER = validate.Regexp(r"(/[^/]+)+\Z", error="Not a JSON pointer, for example /data/id.")
_METHODS = ("GET", "POST", "PUT")


def _pointer(**options: Any) -> fields.String:
    return fields.String(validate=_POINTER, **options)


class Condition(Request):
    """`status`: one of these; `at` and `values`: one of these at the place."""

    status = fields.List(fields.Integer(strict=True, validate=validate.Range(100, 599)), load_default=list)
    at = _pointer(load_default=None)
    values = fields.List(fields.Raw(), load_default=list, data_key="is")

    @validates_schema
    def _says_something(self, data: dict[str, Any], **_: Any) -> None:
        if not data["status"] and data["at"] is None:
            raise ValidationError("Give status, or at and is.", "status")
        if (data["at"] is None) != (not data["values"]):
            raise ValidationError("Goes with at.", "is")


def _conditions(**options: Any) -> fields.List[Any]:
    return fields.List(fields.Nested(Condition), **(options or {"load_default": list}))


class SendAnswer(Request):
    """What an answer to a message means. What fits none is no answer: the message's fate is unknown."""

    accepted = _conditions(required=True, validate=validate.Length(min=1))
    throttled = _conditions()
    temporary = _conditions()
    permanent = _conditions()
    id = _pointer(load_default=None)
    detail = _pointer(load_default=None)


class QueryAnswer(Request):
    """What an answer about a message means. `absent`: the gateway has certainly never had it."""

    absent = _conditions()
    delivered = _conditions()
    failed = _conditions()
    accepted = _conditions()
    id = _pointer(load_default=None)
    detail = _pointer(load_default=None)


class ReplyAnswer(Request):
    """Nothing is read but the list."""


class Call(Request):
    """A request. `fields` are the body's, or for `none` there is no body."""

    url = fields.String(required=True, validate=validate.Regexp(r"https?://[^\s/{]+(/\S*)?\Z"))
    method = fields.String(load_default="POST", validate=validate.OneOf(_METHODS))
    headers = fields.Dict(keys=fields.String(), values=fields.String(), load_default=dict)
    body = fields.String(load_default="json", validate=validate.OneOf(("json", "form", "none")))
    fields_ = fields.Dict(load_default=dict, data_key="fields", attribute="fields")


class Send(Call):
    """How a message is sent."""

    answer = fields.Nested(SendAnswer, required=True)


class Query(Call):
    """How the gateway is asked about a message."""

    method = fields.String(load_default="GET", validate=validate.OneOf(_METHODS))
    body = fields.String(load_default="none", validate=validate.OneOf(("json", "form", "none")))
    answer = fields.Nested(QueryAnswer, required=True)


class Replies(Call):
    """How SMS from phones are fetched."""

    method = fields.String(load_default="GET", validate=validate.OneOf(_METHODS))
    body = fields.String(load_default="none", validate=validate.OneOf(("json", "form", "none")))
    answer = fields.Nested(ReplyAnswer, load_default=dict)
    every = Number(load_default=30.0, validate=validate.Range(0.2, 3600))
    list = _pointer(required=True)
    id = _pointer(required=True)
    text = _pointer(required=True)
    to = _pointer(load_default=None)
    sender = _pointer(required=True, data_key="from", attribute="from")


class MappingFile(Request):
    """A gateway. `timeout`, `query_after` in seconds; 0 asks after nothing. `drops_copies`: a message that it is given
    again with the same `message_id` is not sent again."""

    name = Code(40, required=True)
    window = fields.Integer(load_default=5, strict=True, validate=validate.Range(1, 100))
    timeout = Number(load_default=20.0, validate=validate.Range(0.2, 300))
    most_parts = fields.Integer(load_default=10, strict=True, validate=validate.Range(1, 255))
    region = fields.String(load_default="", validate=validate.Regexp(r"([A-Z]{2})?\Z"))
    query_after = Number(load_default=600.0, validate=validate.Range(0, 30 * 86_400))
    drops_copies = fields.Boolean(load_default=False)
    send = fields.Nested(Send, required=True)
    query = fields.Nested(Query, load_default=None, allow_none=True)
    replies = fields.Nested(Replies, load_default=None, allow_none=True)
