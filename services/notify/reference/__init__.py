"""The reference data of notify as values: rules, address book, compiled templates. Built once per version."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from services.notify.addresses import usable
from services.notify.domain.audience import AddressBook, Contact, Customer
from services.notify.domain.kinds import names_of
from services.notify.domain.ledger import Content, Message, Occurrence, draft, start
from services.notify.domain.limits import Limits
from services.notify.domain.questions import asked
from services.notify.domain.rules import Notice, Rule, Usable, notices, rules_for
from services.notify.domain.words import in_language
from services.notify.durations import duration
from services.notify.reference.care import Care, care_of
from services.notify.reference.checks import LANGUAGES, faults
from services.notify.reference.holding import Holding, holding_of
from services.notify.reference.ledger import limits_of
from services.notify.reference.replies import Inbound, usual
from services.notify.texts import ANY_LANGUAGE, Errors, Texts
from shared.conditions import BadCondition, condition
from shared.errors import ValidationError
from shared.events import Fact

#: In force until something is applied: nobody is told anything.
NOTHING: Mapping[str, Any] = {
    "default_language": LANGUAGES[0],
    "time_zone": "UTC",
    "survey_link": "https://localhost/{token}",
    "unsubscribe_link": None,
    "staff": {},
    "lists": {},
    "kinds": {},
    "rules": [],
    "templates": {},
}


@dataclass(frozen=True)
class Reference:
    """What the handlers ask: whom to tell, and in which words."""

    rules: Sequence[Rule]
    staff: AddressBook
    kinds: Mapping[str, Mapping[str, Any]]
    texts: Texts
    default_language: str
    survey_link: str
    unsubscribe_link: str | None
    version: int
    body: Mapping[str, Any]
    holding: Holding
    inbound: Inbound
    limits: Limits
    care: Care

    @classmethod
    def from_dict(cls, body: Mapping[str, Any], version: int) -> Reference:
        """From a body as its schema loads it; raises `ValidationError` by path for what does not fit together."""
        errors: Errors = {}
        rules = [_rule(number, entry, errors) for number, entry in enumerate(body["rules"])]
        texts = Texts(body["templates"], ZoneInfo(body["time_zone"]), body["default_language"])
        errors |= faults(rules, body, texts)
        if errors or texts.errors:
            raise ValidationError(errors | texts.errors)
        care = care_of(body)
        return cls(
            rules,
            _address_book(body),
            body["kinds"],
            texts,
            body["default_language"],
            body["survey_link"],
            body["unsubscribe_link"],
            version,
            body,
            holding_of(body, rules, care.rules),
            Inbound.from_dict(body["inbound"]) if "inbound" in body else usual(),
            limits_of(body),
            care,
        )

    def rules_for(self, event: str, data: Mapping[str, Any]) -> list[Rule]:
        """The rules of an event of this type that says this."""
        return rules_for(self.rules, event, data)

    def notices(
        self, occurrence: Occurrence, data: Mapping[str, Any], customer: Customer | None, usable: Usable = usable
    ) -> list[Notice]:
        """What is owed on an occurrence, and to whom."""
        if occurrence.event == "deadline_near" and data["due"] <= occurrence.at:
            return []  # it came under a new target when its time was over already: the miss tells it
        return notices(self.rules_for(occurrence.event, data), self.staff, data, customer, usable)

    def messages(
        self, occurrence: Occurrence, data: Mapping[str, Any], customer: Customer | None
    ) -> Iterator[tuple[Message, list[Fact]]]:
        """The ledger's new rows for an occurrence, each with what happened to it, as if nothing held any."""
        for notice in self.notices(occurrence, data, customer):
            yield self.row(occurrence, notice, data, customer)

    def row(
        self,
        occurrence: Occurrence,
        notice: Notice,
        data: Mapping[str, Any],
        customer: Customer | None,
        **more: Any,
    ) -> tuple[Message, list[Fact]]:
        """The ledger's new row for one notice, and what happened to it; `more`: further fields of the row."""
        drafted, facts = self.drafted(occurrence, notice, data, customer, **more)
        message, started = start(drafted, occurrence.at)
        return message, facts + started

    def drafted(
        self,
        occurrence: Occurrence,
        notice: Notice,
        data: Mapping[str, Any],
        customer: Customer | None,
        **more: Any,
    ) -> tuple[Message, list[Fact]]:
        """The same before it is decided whether it goes."""
        said = self.said(occurrence, notice.rule, data, customer)
        zone = customer.time_zone if customer is not None and notice.rule.audience == "customer" else None
        language = notice.language or self.default_language
        content = None
        if notice.to:
            language, content = self.written(notice.rule.template, notice.channel, language, said, zone)
        known = {"reference_version": self.version, "zone": zone, "said": said}
        known |= asked(notice.rule.answers, said)
        return draft(occurrence, notice, language, content, **known | more)

    def said(
        self, occurrence: Occurrence, rule: Rule, data: Mapping[str, Any], customer: Customer | None
    ) -> dict[str, Any]:
        """What the templates of a rule are given, in no language yet: it can be kept, and written again."""
        said = {**data, "past": occurrence.past(rule.valid_for)}
        if "token" in data:
            said["link"] = self.survey_link.replace("{token}", quote(data["token"], safe=""))
        if customer is not None and rule.audience == "customer":
            said["customer_name"] = customer.name
        return said

    def unsubscribe(self, kind: str, token: str) -> str | None:
        """Where a click ends messages of this kind; None: they cannot be ended, or there is no such place."""
        link = self.unsubscribe_link or ""
        if not link.startswith("https:") or kind in self.holding.obligatory:
            return None
        return link.replace("{token}", token)

    def written(
        self, template: str, channel: str, language: str, said: Mapping[str, Any], zone: str | None = None
    ) -> tuple[str, Content]:
        """The text for somebody who reads `language`, and the language that it is in."""
        found = self.texts.language(template, channel, language)
        read = language if found == ANY_LANGUAGE else found
        return read, self.texts.render(template, channel, found, in_language(said, read), zone)


def _address_book(body: Mapping[str, Any]) -> AddressBook:
    staff = {group: {key: Contact(**entry) for key, entry in book.items()} for group, book in body["staff"].items()}
    lists = {code: {name: Contact(**entry) for name, entry in people.items()} for code, people in body["lists"].items()}
    return AddressBook(**staff, lists=lists)


def _rule(number: int, entry: Mapping[str, Any], errors: Errors) -> Rule:
    when = None
    try:
        when = condition(entry["when"], names_of(entry["event"])) if "when" in entry else None
    except BadCondition as fault:
        errors[f"rules.{number}.when"] = [str(fault)]
    lists = {name: tuple(entry[name]) for name in ("channels", "obsolete") if name in entry}
    return Rule(**{**entry, **lists, "valid_for": duration(entry["valid_for"]), "when": when})
