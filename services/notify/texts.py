"""Templates: compiled once per version of the reference data, checked when that is checked, sandboxed always."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, meta
from jinja2.sandbox import ImmutableSandboxedEnvironment

from services.notify.domain.ledger import Content

#: Template -> channel -> language -> part (`text`, `subject`, `html`) -> source, as in deploy/config/notify.yaml.
Sources = Mapping[str, Mapping[str, Mapping[str, Mapping[str, str]]]]
Errors = dict[str, list[str]]

SUBJECT_MAX = 200
#: What a template's own mistakes raise; `RuntimeError`: one that calls itself for ever.
RENDERING = (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RuntimeError)


def _environment(zone: ZoneInfo, html: bool) -> ImmutableSandboxedEnvironment:
    def shown(value: Any) -> Any:
        return "" if value is None else value

    def local(value: datetime | None) -> str:
        if value is None:
            return ""
        if not isinstance(value, datetime):
            raise TemplateError("`local` needs a time")
        return value.astimezone(zone).strftime("%Y-%m-%d %H:%M")

    environment = ImmutableSandboxedEnvironment(
        autoescape=html, undefined=StrictUndefined, finalize=shown, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["local"] = local
    return environment


class Texts:
    """The compiled templates. `local` is their filter for times: date and minute in the desk's zone."""

    def __init__(self, sources: Sources, zone: ZoneInfo) -> None:
        self.errors: Errors = {}
        self._plain = _environment(zone, html=False)
        self._html = _environment(zone, html=True)
        self._parts: dict[tuple[str, str, str], dict[str, Template]] = {}
        self._names: dict[str, set[str]] = {}
        for place, source in _places(sources):
            self._compile(place, source)

    def _compile(self, place: tuple[str, str, str, str], source: str) -> None:
        environment = self._html if place[-1] == "html" else self._plain
        try:
            parsed = environment.parse(source)
            template = environment.from_string(parsed)
        except TemplateSyntaxError as error:
            self._fault(place, f"line {error.lineno}: {error.message}")
            return
        self._names[".".join(place)] = meta.find_undeclared_variables(parsed)
        self._parts.setdefault(place[:3], {})[place[3]] = template

    def _fault(self, place: tuple[str, ...], message: str) -> None:
        said = self.errors.setdefault(".".join(("templates", *place)), [])
        if message not in said:
            said.append(message)

    def check(self, template: str, channel: str, language: str, variables: Mapping[str, Any]) -> None:
        """Try the template on a sample of what it will be given; what is wrong goes to `errors`, by place."""
        parts = self._parts.get((template, channel, language), {})
        for part, compiled in parts.items():
            place = (template, channel, language, part)
            unknown = sorted(self._names[".".join(place)] - variables.keys())
            for name in unknown:
                self._fault(place, f"unknown variable {name!r}")
            if not unknown:
                self._try(place, compiled, variables)

    def _try(self, place: tuple[str, ...], compiled: Template, variables: Mapping[str, Any]) -> None:
        try:
            compiled.render(variables)
        except RENDERING as error:
            self._fault(place, f"cannot be rendered: {error}")

    def render(self, template: str, channel: str, language: str, variables: Mapping[str, Any]) -> Content:
        """What the recipient will read; the reference data's check has seen to it that the template is there."""
        parts = self._parts[template, channel, language]
        subject = parts["subject"].render(variables) if "subject" in parts else None
        return Content(
            text=parts["text"].render(variables).strip(),
            subject=_one_line(subject) if subject is not None else None,
            html=parts["html"].render(variables).strip() if "html" in parts else None,
        )


def _places(sources: Sources) -> Iterator[tuple[tuple[str, str, str, str], str]]:
    for template, channels in sources.items():
        for channel, languages in channels.items():
            for language, parts in languages.items():
                for part, source in parts.items():
                    yield (template, channel, language, part), source


def _one_line(text: str) -> str:
    """A subject fits in one header: no line breaks, and not longer than anybody reads."""
    return re.sub(r"\s+", " ", text).strip()[:SUBJECT_MAX]
