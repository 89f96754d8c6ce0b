"""What has to fit together in notify's reference data: rules, kinds, lists, and templates that can be written."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

from services.notify.domain.audience import CALL, LIST, SMS
from services.notify.domain.care import SAMPLE as CARE_SAMPLE
from services.notify.domain.kinds import EMPTY, FOR_CUSTOMERS, KINDS, NULLABLE, OF_ALL
from services.notify.domain.rules import Rule
from services.notify.reference import broadcasts as reference_broadcasts
from services.notify.reference import care as reference_care
from services.notify.reference import holding as reference_holding
from services.notify.reference.holding import DIGEST_SAMPLE, DIGEST_TEMPLATE
from services.notify.texts import ANY_LANGUAGE, Errors, Sources, Texts

LANGUAGES = ("zh-CN", "en")
"""Those that every text for people is written in."""


def faults(rules: Sequence[Rule], body: Mapping[str, Any], texts: Texts) -> Errors:
    """Everything that is wrong, by its place in the body."""
    _try_all(rules, body, texts)
    sources = body["templates"]
    found = (
        *(_overlaps(rules), _missing(rules, sources), _unknown_kinds(rules, body["kinds"])),
        reference_holding.faults(rules, body, LANGUAGES),
        reference_broadcasts.faults(body),
        reference_care.faults(body, LANGUAGES),
    )
    return {place: said for errors in (*found, _unknown_lists(rules, body["lists"])) for place, said in errors.items()}


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
            languages = _languages(sources, rule.template, channel)
            lacking = [language for language in LANGUAGES if not {language, ANY_LANGUAGE} & set(languages)]
            if lacking:
                place = f"rules.{number}.template"
                said = f"template {rule.template!r} has no {channel} text in {', '.join(lacking)}"
                errors.setdefault(place, []).append(said)
    return errors


def _languages(sources: Sources, template: str, channel: str) -> Collection[str]:
    """Of a channel's texts; what is said on the telephone may be the SMS."""
    channels = sources.get(template, {})
    return channels.get(channel) or (channels.get(SMS, {}) if channel == CALL else {})


def _unknown_lists(rules: Sequence[Rule], lists: Collection[str]) -> Errors:
    named = {n: r.audience.removeprefix(LIST) for n, r in enumerate(rules) if r.audience.startswith(LIST)}
    return {f"rules.{n}.audience": [f"unknown list {code!r}"] for n, code in named.items() if code not in lists}


def _try_all(rules: Sequence[Rule], body: Mapping[str, Any], texts: Texts) -> None:
    """Try each template on all that it may be given; one that no rule uses, on all there is."""
    kinds = (CARE_SAMPLE, *KINDS.values(), OF_ALL, FOR_CUSTOMERS)
    everything = {name: value for kind in kinds for name, value in kind.items()}
    for template, channels in body["templates"].items():
        of_rules = [_sample(rule) for rule in rules if rule.template == template]
        of_others = [*reference_broadcasts.samples(body, template), *reference_care.samples(body, template)]
        samples = [*of_rules, *of_others] or [
            DIGEST_SAMPLE if template == DIGEST_TEMPLATE else {**everything, **OF_ALL, **FOR_CUSTOMERS}
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
