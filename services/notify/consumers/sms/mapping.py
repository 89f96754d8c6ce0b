"""How a gateway with HTTP is spoken to: declared in a file, filled from names, never evaluated (docs/sms.md)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import yaml

from services.notify.consumers.sms.mapping_schema import MappingFile
from shared.errors import ValidationError
from shared.schemas import load

#: What a template may name, beside `secret:NAME`; `gateway_id` only where the gateway is asked.
NAMES = frozenset({"message_id", "to", "to_digits", "text", "language", "kind", "encoding", "segments"})
ASKED = frozenset({"message_id", "gateway_id", "to", "to_digits"})
LONGEST_NAME = 500  # characters
_HOLE = re.compile(r"\{([a-z_]+|secret:[A-Z][A-Z0-9_]*)\}")


@dataclass(frozen=True)
class Answer:
    """What a gateway answered: `body` is its JSON, None where it is none."""

    status: int
    body: Any


@dataclass(frozen=True)
class Condition:
    """All that is said must hold: one of the statuses, one of the values at the place."""

    status: frozenset[int] = frozenset()
    at: str | None = None
    values: frozenset[str] = frozenset()

    def holds(self, answer: Answer) -> bool:
        """Whether the answer is such a one."""
        if self.status and answer.status not in self.status:
            return False
        return self.at is None or ((value := found(answer.body, self.at)) is not None and value in self.values)


@dataclass(frozen=True)
class Call:
    """A request: templates by name, and the conditions under which an answer means something, in order."""

    url: str
    method: str
    headers: Mapping[str, str]
    body: str
    fields: Any
    verdicts: tuple[tuple[str, Condition], ...]
    id_at: str | None
    detail_at: str | None

    def verdict(self, answer: Answer) -> str | None:
        """What the answer means; None: nothing that was declared."""
        return next((verdict for verdict, condition in self.verdicts if condition.holds(answer)), None)

    def named(self, answer: Answer, where: str | None) -> str | None:
        """What stands at a place of the answer, cut where no name or word of a gateway is as long."""
        said = found(answer.body, where) if where else None
        return said and said[:LONGEST_NAME]


@dataclass(frozen=True)
class Replies:
    """How SMS from phones are fetched: a list at a place of the answer, and where in each entry things stand."""

    call: Call
    every: float
    list_at: str
    places: Mapping[str, str]


@dataclass(frozen=True)
class Gateway:
    """A gateway: `send`, and what it can be asked."""

    name: str
    window: int
    timeout: float
    most_parts: int
    region: str
    query_after: float
    drops_copies: bool
    send: Call
    query: Call | None
    replies: Replies | None

    @property
    def asked_by_our_id(self) -> bool:
        """Whether the gateway can say of our id that it has no such message."""
        return self.query is not None and any(verdict == "absent" for verdict, _ in self.query.verdicts)


def read_mapping(path: Path, environ: Mapping[str, str]) -> Gateway:
    """The mapping in a YAML or JSON file, secrets put in. Raises `ValidationError`, `ValueError` for no file."""
    try:
        raw = yaml.safe_load(path.read_text())
    except (OSError, UnicodeError, yaml.YAMLError) as error:
        raise ValueError(f"the mapping cannot be read: {type(error).__name__}") from error
    return mapping_of(load(MappingFile, raw), environ)


def mapping_of(raw: Mapping[str, Any], environ: Mapping[str, str]) -> Gateway:
    """The mapping that a checked body declares. Raises `ValidationError` naming the place."""
    put = _Secrets(environ)
    query, replies = raw["query"], raw["replies"]
    mapping = Gateway(
        **{
            name: raw[name]
            for name in ("name", "window", "timeout", "most_parts", "region", "query_after", "drops_copies")
        },
        send=_call(raw["send"], put, "send", NAMES),
        query=_call(query, put, "query", ASKED) if query else None,
        replies=_replies(replies, put) if replies else None,
    )
    if put.wrong:
        raise ValidationError(put.wrong)
    return mapping


def filled(template: Any, values: Mapping[str, str], escape: Callable[[str], str] = str) -> Any:
    """A template with each `{name}` replaced, in one pass: what is put in is never looked at again."""
    if isinstance(template, str):
        return _HOLE.sub(lambda hole: escape(values.get(hole[1], "")), template)
    if isinstance(template, Mapping):
        return {name: filled(value, values, escape) for name, value in template.items()}
    if isinstance(template, list):
        return [filled(value, values, escape) for value in template]
    return template


def in_url(value: str) -> str:
    """A value as it may stand anywhere in an address."""
    return quote(value, safe="")


def found(body: Any, pointer: str) -> str | None:
    """What stands at a JSON pointer (RFC 6901), as text; None where nothing plain does. What is no character is `?`."""
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(body, Mapping):
            body = body.get(name)
        elif isinstance(body, list) and name.isdecimal() and int(name) < len(body):
            body = body[int(name)]
        else:
            return None
    if body is None or isinstance(body, Mapping | list):
        return None
    said = body if isinstance(body, str) else json.dumps(body)
    return said.encode("utf-8", "replace").decode()


def listed(body: Any, pointer: str) -> list[Any] | None:
    """The list at a JSON pointer; None where there is none."""
    for step in pointer.split("/")[1:]:
        body = body.get(step) if isinstance(body, Mapping) else None
    return body if isinstance(body, list) else None


class _Secrets:
    """Puts secrets from the environment into templates, and keeps what is wrong with those."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.wrong: dict[str, list[str]] = {}

    def into(self, template: Any, where: str, names: Iterable[str]) -> Any:
        """The template with its secrets; what it names beside is checked."""
        if isinstance(template, Mapping):
            return {name: self.into(value, f"{where}.{name}", names) for name, value in template.items()}
        if isinstance(template, list):
            return [self.into(value, f"{where}.{at}", names) for at, value in enumerate(template)]
        if isinstance(template, str):
            return _HOLE.sub(lambda hole: self._put(hole, where, names), template)
        return template

    def _put(self, hole: re.Match[str], where: str, names: Iterable[str]) -> str:
        name = hole[1]
        secret = name.removeprefix("secret:")
        if secret == name and name in names:
            return hole[0]
        value = self._environ.get(secret) if secret != name else None
        if not value:
            said = f"{secret} is not set in the environment." if secret != name else f"{name} is no name that is known."
            self.wrong.setdefault(where, []).append(said)
        elif _HOLE.search(value):
            self.wrong.setdefault(where, []).append(f"{secret} has a value like a template.")
        return value or ""


def _call(raw: Mapping[str, Any], put: _Secrets, where: str, names: frozenset[str]) -> Call:
    return Call(
        url=put.into(raw["url"], f"{where}.url", names),
        method=raw["method"],
        headers=put.into(raw["headers"], f"{where}.headers", names),
        body=raw["body"],
        fields=put.into(raw["fields"], f"{where}.fields", names),
        verdicts=tuple(
            (verdict, Condition(frozenset(one["status"]), one["at"], frozenset(map(_plain, one["values"]))))
            for verdict, conditions in raw["answer"].items()
            if isinstance(conditions, list)
            for one in conditions
        ),
        id_at=raw["answer"].get("id"),
        detail_at=raw["answer"].get("detail"),
    )


def _replies(raw: Mapping[str, Any], put: _Secrets) -> Replies:
    call = _call(raw, put, "replies", frozenset())
    places = {name: raw[name] for name in ("id", "from", "to", "text") if raw[name]}
    return Replies(call, raw["every"], raw["list"], places)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
