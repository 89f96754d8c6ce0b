"""Templates: compiled once per version of the reference data, checked when that is checked, sandboxed always."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, meta
from jinja2.sandbox import ImmutableSandboxedEnvironment

from services.notify import formats
from services.notify.domain.audience import CALL, SMS
from services.notify.domain.ledger import Content
from services.notify.formats import LANGUAGE, ZONE

#: Template -> channel -> language -> part (`text`, `subject`, `html`) -> source, as in deploy/config/notify.yaml.
Sources = Mapping[str, Mapping[str, Mapping[str, Mapping[str, str]]]]
Errors = dict[str, list[str]]

SUBJECT_MAX = 200
#: What a template's own mistakes raise; `RuntimeError`: one that calls itself for ever.
RENDERING = (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RuntimeError)


#: Written for whom no text in their own language is there, if a template has it; else the desk's language is.
ANY_LANGUAGE = "default"
#: What nobody writes but to deceive: control characters, and those that turn the direction of writing.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def _environment(html: bool) -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        autoescape=html, undefined=StrictUndefined, finalize=_shown, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= formats.filters()
    return environment


def _shown(value: Any) -> Any:
    return "" if value is None else value


class Texts:
    """The compiled templates. Their filters for times and numbers (formats.py) write as the recipient's own language
    and zone do."""

    def __init__(self, sources: Sources, zone: ZoneInfo, language: str = "zh-CN") -> None:
        self.errors: Errors = {}
        self._zone = zone
        self._language = language
        self._plain = _environment(html=False)
        self._html = _environment(html=True)
        self._parts: dict[tuple[str, str, str], dict[str, Template]] = {}
        self._languages: dict[tuple[str, str], list[str]] = {}
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
        languages = self._languages.setdefault(place[:2], [])
        if place[2] not in languages:
            languages.append(place[2])

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
        language = self._language if place[2] == ANY_LANGUAGE else place[2]
        try:
            compiled.render({**variables, LANGUAGE: language, ZONE: self._zone})
        except RENDERING as error:
            self._fault(place, f"cannot be rendered: {error}")

    def language(self, template: str, channel: str, wanted: str | None) -> str:
        """In which of its languages a template is written for somebody: the wanted one, else the desk's.

        `LookupError` where the channel has no text at all.
        """
        there = self._languages.get((template, self._words_of(template, channel)), [])
        choices = (wanted, ANY_LANGUAGE, self._language, *there)
        found = next((language for language in choices if language in there), None)
        if found is None:
            raise LookupError(f"template {template!r} has no text for {channel}")
        return found

    def _words_of(self, template: str, channel: str) -> str:
        """The channel whose words are used: what a person says on the telephone is the SMS, unless it has its own."""
        return SMS if channel == CALL and (template, CALL) not in self._languages else channel

    def render(
        self, template: str, channel: str, language: str, variables: Mapping[str, Any], zone: str | None = None
    ) -> Content:
        """What the recipient will read; the reference data's check has seen to it that the template is there.

        `zone`: the recipient's own, as IANA names it; None: the desk's.
        """
        parts = self._parts[template, self._words_of(template, channel), language]
        written = self._language if language == ANY_LANGUAGE else language
        given = {**variables, LANGUAGE: written, ZONE: ZoneInfo(zone) if zone else self._zone}
        subject = parts["subject"].render(given) if "subject" in parts else None
        return Content(
            text=_seen(parts["text"].render(given)).strip(),
            subject=_one_line(subject) if subject is not None else None,
            html=_seen(parts["html"].render(given)).strip() if "html" in parts else None,
        )


def _places(sources: Sources) -> Iterator[tuple[tuple[str, str, str, str], str]]:
    for template, channels in sources.items():
        for channel, languages in channels.items():
            for language, parts in languages.items():
                for part, source in parts.items():
                    yield (template, channel, language, part), source


def _one_line(text: str) -> str:
    """A subject fits in one header: no line breaks, and not longer than anybody reads."""
    return re.sub(r"\s+", " ", _seen(text)).strip()[:SUBJECT_MAX]


def _seen(text: str) -> str:
    return _UNSEEN.sub("", text)
