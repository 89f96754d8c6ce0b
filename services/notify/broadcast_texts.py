"""The words of broadcasts: a template of the reference data, or texts of their own, compiled once per edition."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from services.notify.domain.audience import CALL, SMS
from services.notify.domain.broadcasts import Broadcast, Plan
from services.notify.domain.ledger import Content
from services.notify.reference import Reference
from services.notify.reference.broadcasts import SAMPLE, VARIANTS
from services.notify.texts import ANY_LANGUAGE, Errors, Texts

OWN = "broadcast"
"""What the template of a message is called that has a broadcast's own words."""
REMEMBERED = 64


def faults(reference: Reference, plan: Plan, recipients: Mapping[str, Any]) -> Errors:
    """What is wrong with the words of a plan, by place; `recipients`: what each of them brings, with a sample."""
    if plan.template is not None and plan.template not in reference.body["templates"]:
        return {"template": [f"unknown template {plan.template!r}"]}
    name = plan.template or OWN
    sources = {name: reference.body["templates"][name] if plan.template else plan.texts}
    texts = _compiled(sources, reference)
    for channel, languages in sources[name].items():
        for language in languages:
            for variant in VARIANTS:
                texts.check(name, channel, language, {**SAMPLE, **recipients, **plan.variables, **variant})
    said = _placed(texts.errors, plan.template)
    return said | _lacking(sources[name], plan, reference)


def _lacking(channels: Mapping[str, Mapping[str, Any]], plan: Plan, reference: Reference) -> Errors:
    """Channels without a text that everybody can be told in."""
    found: Errors = {}
    for number, channel in enumerate(plan.channels):
        languages = channels.get(channel) or (channels.get(SMS, {}) if channel == CALL else {})
        if not {ANY_LANGUAGE, reference.default_language} & set(languages):
            found[f"channels.{number}"] = [f"no {channel} text in {reference.default_language} or {ANY_LANGUAGE}"]
    return found


def _placed(errors: Errors, template: str | None) -> Errors:
    """Under the request's own names: `texts.sms.en.text`, or `template` where the words are the reference data's."""
    if template is not None:
        every = [f"{place.partition('.')[2]}: {one}" for place, said in errors.items() for one in said]
        return {"template": every} if every else {}
    return {f"texts.{place.split('.', 2)[2]}": said for place, said in errors.items()}


def _compiled(sources: Mapping[str, Any], reference: Reference) -> Texts:
    return Texts(sources, ZoneInfo(reference.body["time_zone"]), reference.default_language)


class BroadcastTexts:
    """Writes what a broadcast says to somebody; keeps the compiled words of those used last."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, int, int], Texts] = OrderedDict()

    def written(
        self,
        reference: Reference,
        broadcast: Broadcast,
        edition: int,
        channel: str,
        language: str,
        said: Mapping[str, Any],
        zone: str | None,
    ) -> tuple[str, Content]:
        """The text of that edition, and the language that it is in. `LookupError` where there is none."""
        plan = broadcast.edition_of(edition)
        if plan is None:
            raise LookupError(f"broadcast {broadcast.broadcast_id} has no edition {edition}")
        if plan.template is not None:
            return reference.written(plan.template, channel, language, said, zone)
        texts = self._texts(reference, broadcast, plan)
        found = texts.language(OWN, channel, language)
        return language if found == ANY_LANGUAGE else found, texts.render(OWN, channel, found, said, zone)

    def _texts(self, reference: Reference, broadcast: Broadcast, plan: Plan) -> Texts:
        key = (broadcast.broadcast_id, plan.edition, reference.version)
        texts = self._known.get(key)
        if texts is None:
            texts = self._known[key] = _compiled({OWN: plan.texts}, reference)
        self._known.move_to_end(key)
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return texts
