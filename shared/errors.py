"""The error catalogue: the only refusals that a caller ever sees."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self


class LoopdeskError(Exception):
    """A refusal with a code; everything else that goes wrong inside becomes `Unavailable`."""

    code: ClassVar[str] = "Unavailable"

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details = details

    def to_wire(self) -> dict[str, Any]:
        """The `error` member of an RPC reply (docs/wire.md)."""
        return {
            "exc_type": self.code,
            "exc_path": f"loopdesk.{self.code}",
            "exc_args": [self.message],
            "value": self.message,
            "details": self.details,
        }


class ValidationError(LoopdeskError):
    """The request does not have the form that its schema asks for.

    `fields` maps the dotted path of each bad field to its messages.
    """

    code = "ValidationError"

    def __init__(self, fields: Mapping[str, list[str]]) -> None:
        named = "; ".join(f"{name}: {' '.join(messages)}" for name, messages in sorted(fields.items()))
        super().__init__(named, fields=dict(fields))

    @property
    def fields(self) -> dict[str, list[str]]:
        """Field path -> messages."""
        return dict(self.details["fields"])


class NotFound(LoopdeskError):
    """There is no such thing: `what` is a word of the glossary, `key` what was asked for."""

    code = "NotFound"

    def __init__(self, what: str, key: str) -> None:
        super().__init__(f"no {what} {key!r}", what=what, key=key)

    def named_in(self, request: Mapping[str, Any]) -> Self:
        """The same, with `field`: the field of the request whose value is the key, or holds it, if just one does."""
        key = self.details["key"]
        fields = [name for name, value in request.items() if value == key or _holds(value, key)]
        if len(fields) == 1:
            self.details.setdefault("field", fields[0])
        return self


def _holds(value: Any, key: str) -> bool:
    return isinstance(value, list | dict) and key in value


class Conflict(LoopdeskError):
    """Somebody was there first: another version, or the same request id with other content."""

    code = "Conflict"


class IllegalMove(LoopdeskError):
    """A rule of the domain refuses it in this state; `details` names the rule."""

    code = "IllegalMove"


class Forbidden(LoopdeskError):
    """The account, or what it asked for, lacks a permission."""

    code = "Forbidden"


class Unavailable(LoopdeskError):
    """It could not be done now; the same request may be sent again."""

    code = "Unavailable"


class NotYetKnown(Exception):
    """An event came before what it is about; its handler asks for it again later (never sent to a caller)."""


CATALOGUE: dict[str, type[LoopdeskError]] = {
    cls.code: cls for cls in (ValidationError, NotFound, Conflict, IllegalMove, Forbidden, Unavailable)
}


def from_wire(error: Mapping[str, Any]) -> LoopdeskError:
    """The exception that a reply's `error` member stands for; an unknown code becomes `Unavailable`."""
    cls = CATALOGUE.get(str(error.get("exc_type")), Unavailable)
    raised = cls.__new__(cls)
    LoopdeskError.__init__(raised, str(error.get("value") or error.get("exc_type")), **(error.get("details") or {}))
    return raised
