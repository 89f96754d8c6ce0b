"""The reference data of notify as values: rules, address book, compiled templates. Built once per version."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import combinations
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from services.notify.domain.audience import AddressBook, Contact, Customer
from services.notify.domain.kinds import EMPTY, FOR_CUSTOMERS, KINDS, NULLABLE, OF_ALL, names_of
from services.notify.domain.ledger import Message, Occurrence, write
from services.notify.domain.rules import Notice, Rule, notices, rules_for
from services.notify.domain.words import in_language
from services.notify.texts import Errors, Sources, Texts
from shared.conditions import BadCondition, condition
from shared.errors import ValidationError
from shared.events import Fact

LANGUAGES = ("zh-CN", "en")
#: In force until something is applied: nobody is told anything.
NOTHING: Mapping[str, Any] = {
    "default_language": LANGUAGES[0],
    "time_zone": "UTC",
    "survey_link": "https://localhost/{token}",
    "staff": {},
    "kinds": {},
    "rules": [],
    "templates": {},
}
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


@dataclass(frozen=True)
class Reference:
    """What the handlers ask: whom to tell, and in which words."""

    rules: Sequence[Rule]
    staff: AddressBook
    texts: Texts
    default_language: str
    survey_link: str
    version: int

    @classmethod
    def from_dict(cls, body: Mapping[str, Any], version: int) -> Reference:
        """From a body as its schema loads it; raises `ValidationError` by path for what does not fit together."""
        errors: Errors = {}
        rules = [_rule(number, entry, errors) for number, entry in enumerate(body["rules"])]
        sources = body["templates"]
        texts = Texts(sources, ZoneInfo(body["time_zone"]))
        errors |= _overlaps(rules) | _missing(rules, sources) | _unknown_kinds(rules, body["kinds"])
        _try_all(rules, sources, texts)
        if errors or texts.errors:
            raise ValidationError(errors | texts.errors)
        staff = {group: {key: Contact(**entry) for key, entry in book.items()} for group, book in body["staff"].items()}
        return cls(rules, AddressBook(**staff), texts, body["default_language"], body["survey_link"], version)

    def rules_for(self, event: str, data: Mapping[str, Any]) -> list[Rule]:
        """The rules of an event of this type that says this."""
        return rules_for(self.rules, event, data)

    def messages(
        self, occurrence: Occurrence, data: Mapping[str, Any], customer: Customer | None
    ) -> Iterator[tuple[Message, list[Fact]]]:
        """The ledger's new rows for an occurrence, each with what happened to it."""
        if occurrence.event == "deadline_near" and data["due"] <= occurrence.at:
            return  # it came under a new target when its time was over already: the miss tells it
        for notice in notices(self.rules_for(occurrence.event, data), self.staff, data, customer):
            language = notice.language or self.default_language
            content = self._content(occurrence, notice, language, data, customer) if notice.to else None
            yield write(occurrence, notice, language, content, reference_version=self.version)

    def _content(
        self, occurrence: Occurrence, notice: Notice, language: str, data: Mapping[str, Any], customer: Customer | None
    ) -> Any:
        variables = in_language(data, language) | {"past": occurrence.past(notice.rule.valid_for)}
        if "token" in data:
            variables["link"] = self.survey_link.replace("{token}", quote(data["token"], safe=""))
        if customer is not None and notice.rule.audience == "customer":
            variables["customer_name"] = customer.name
        return self.texts.render(notice.rule.template, notice.channel, language, variables)


def duration(text: str) -> timedelta:
    """`90m`, `36h` or `5d`; `ValueError` on anything else."""
    form = re.fullmatch(r"([1-9][0-9]{0,4})([mhd])", text)
    if form is None:
        raise ValueError("needs a form like 90m, 36h or 5d")
    return int(form[1]) * _UNITS[form[2]]


def _rule(number: int, entry: Mapping[str, Any], errors: Errors) -> Rule:
    when = None
    try:
        when = condition(entry["when"], names_of(entry["event"])) if "when" in entry else None
    except BadCondition as fault:
        errors[f"rules.{number}.when"] = [str(fault)]
    lists = {name: tuple(entry[name]) for name in ("channels", "obsolete") if name in entry}
    return Rule(**{**entry, **lists, "valid_for": duration(entry["valid_for"]), "when": when})


def _overlaps(rules: Sequence[Rule]) -> Errors:
    """Two rules that could tell one recipient the same thing twice by one channel."""
    return {
        f"rules.{second}.channels": [f"rule {first} tells the {b.audience} of {b.event} by the same channel already"]
        for (first, a), (second, b) in combinations(enumerate(rules), 2)
        if (a.event, a.audience) == (b.event, b.audience) and set(a.channels) & set(b.channels)
    }


def _unknown_kinds(rules: Sequence[Rule], kinds: Collection[str]) -> Errors:
    return {f"rules.{n}.kind": [f"unknown kind {r.kind!r}"] for n, r in enumerate(rules) if r.kind not in kinds}


def _missing(rules: Sequence[Rule], sources: Sources) -> Errors:
    """Rules whose template lacks a channel or a language."""
    errors: Errors = {}
    for number, rule in enumerate(rules):
        for channel in rule.channels:
            languages = sources.get(rule.template, {}).get(channel, {})
            lacking = [language for language in LANGUAGES if language not in languages]
            if lacking:
                place = f"rules.{number}.template"
                said = f"template {rule.template!r} has no {channel} text in {', '.join(lacking)}"
                errors.setdefault(place, []).append(said)
    return errors


def _try_all(rules: Sequence[Rule], sources: Sources, texts: Texts) -> None:
    """Try each template on all that it may be given; one that no rule uses, on all there is."""
    kinds = (*KINDS.values(), OF_ALL, FOR_CUSTOMERS)
    everything = {name: value for kind in kinds for name, value in kind.items()}
    for template, channels in sources.items():
        samples = [_sample(rule) for rule in rules if rule.template == template] or [
            {**everything, **OF_ALL, **FOR_CUSTOMERS}
        ]
        for channel, languages in channels.items():
            for language in languages:
                for sample in samples:
                    for variant in _variants(sample):
                        texts.check(template, channel, language, variant)


def _sample(rule: Rule) -> dict[str, Any]:
    return {**KINDS[rule.event], **OF_ALL, **(FOR_CUSTOMERS if rule.audience == "customer" else {})}


def _variants(sample: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The sample, and it again with each thing that may be otherwise."""
    yield sample
    yield from ({**sample, name: None} for name in NULLABLE if name in sample)
    yield from ({**sample, name: []} for name in EMPTY if isinstance(sample.get(name), list))
    yield {**sample, "past": True}
