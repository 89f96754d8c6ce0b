"""What recipients want, a document each: customers as `customer:<id>`, holders of an address as `address:<address>`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from services.notify.domain.audience import LIST, Customer
from services.notify.domain.preferences import (
    ADDRESS,
    CUSTOMER,
    NO_WISHES,
    Preferences,
    Wishes,
    mailbox,
    opt_in,
    opt_out,
    say,
    set_to,
)
from services.notify.domain.quiet_hours import QuietHours
from services.notify.events.holding import OF_PREFERENCES, UNHEARD
from shared.aggregates import STATE_ONLY, Aggregates
from shared.cause import Call, Cause
from shared.events import Fact, kernel_fields
from shared.mongo import Database

Changed = tuple[Preferences, list[Fact]]
_LISTS = ("channels", "unwanted", "opted_out")
_VALUES = ("language", "time_zone", "per_day", "word")


class PreferencesStore(Aggregates[Preferences]):
    """Preferences by recipient. `obligatory` gives the kinds that nobody can opt out of."""

    def __init__(self, db: Database, obligatory: Callable[[], Collection[str]]) -> None:
        super().__init__(
            db,
            "notify_preferences",
            what="preferences",
            to_document=to_document,
            from_document=from_document,
            published=OF_PREFERENCES,
            unheard=UNHEARD,
        )
        self._obligatory = obligatory

    def said_by(self, recipient: str) -> Preferences:
        """What the recipient has said; where that is nothing, preferences that say nothing."""
        return self.find(_named(recipient)) or Preferences(recipient=_named(recipient))

    def wishes(self, recipient: str, addresses: Sequence[str | None]) -> Wishes:
        """What a customer or address has said, and whoever holds the addresses, in one read; staff say nothing."""
        if not recipient.startswith((CUSTOMER, ADDRESS, LIST)):
            return NO_WISHES
        return self.wishes_of_many({recipient: addresses})[recipient]

    def wishes_of_many(self, asked: Mapping[str, Sequence[str | None]]) -> dict[str, Wishes]:
        """The same for many recipients, each with their addresses, in one read."""
        keys = {one: [_named(one), *(at_address(its) for its in their if its)] for one, their in asked.items()}
        wanted = list({key for their in keys.values() for key in their})
        rows = self.collection.find({"_id": {"$in": wanted}}, STATE_ONLY) if wanted else ()
        found = {doc["_id"]: from_document(doc) for doc in rows}
        if not found:
            return dict.fromkeys(asked, NO_WISHES)
        return {one: _wishes(_named(one), [found[key] for key in their if key in found]) for one, their in keys.items()}

    def wishes_of(self, customer: Customer) -> Wishes:
        """The same for a customer."""
        return self.wishes(f"{CUSTOMER}{customer.customer_id}", (customer.phone, customer.email))

    def set(self, call: Call, recipient: str, said: Mapping[str, Any], reply: Any) -> dict[str, Any] | None:
        """The recipient says this; what is not named stays. Raises `Obligatory`."""
        return self._change(call, recipient, lambda now, at: set_to(now, at, said, self._obligatory()), reply)

    def opt_out(self, cause: Cause, recipient: str, kind: str | None, why: str, reply: Any = None) -> Any:
        """`recipient` wants no more of this kind, None: of any that may be opted out of; twice is once.

        Raises `Obligatory` for a kind that nobody can opt out of.
        """
        return self._change(cause, recipient, lambda now, at: opt_out(now, at, kind, why, self._obligatory()), reply)

    def opt_in(self, cause: Cause, recipient: str, kind: str | None, why: str, reply: Any = None) -> Any:
        """They want this kind again, None: all of them; twice is once."""
        return self._change(cause, recipient, lambda now, at: opt_in(now, at, kind, why), reply)

    def word(self, cause: Cause, address: str, word: str, place: str) -> bool:
        """Whoever has the address says STOP or START by the message at `place`; whether that is their newest word."""
        name = at_address(address)
        self._change(cause, name, lambda now, at: say(now, at, word, place, self._obligatory()), None)
        return self.get(name).word == place

    def _change(
        self, cause: Cause, recipient: str, decide: Callable[[Preferences, datetime], Changed], reply: Any
    ) -> dict[str, Any] | None:
        name = _named(recipient)
        return self.change_or_create(cause, name, lambda: Preferences(recipient=name), decide, reply)


def _wishes(recipient: str, found: Sequence[Preferences]) -> Wishes:
    if not found:
        return NO_WISHES
    own = next((one for one in found if one.recipient == recipient), None)
    others = {one.recipient.removeprefix(ADDRESS): one for one in found if one.recipient.startswith(ADDRESS)}
    return Wishes(own, others)


def at_address(address: str) -> str:
    """The recipient that whoever has this address is, in E.164 or as an e-mail address."""
    return f"{ADDRESS}{mailbox(address)}"


def _named(recipient: str) -> str:
    """An address in any case is one recipient."""
    return at_address(recipient.removeprefix(ADDRESS)) if recipient.startswith(ADDRESS) else recipient


def to_document(preferences: Preferences) -> dict[str, Any]:
    """What was said; what was not is not stored."""
    quiet = preferences.quiet_hours
    doc: dict[str, Any] = {name: sorted(value) for name in _LISTS[2:] if (value := getattr(preferences, name))}
    doc |= {name: list(value) for name in _LISTS[:2] if (value := getattr(preferences, name))}
    doc |= {name: value for name in _VALUES if (value := getattr(preferences, name))}
    return doc | ({"quiet_hours": [quiet.start.isoformat("minutes"), quiet.end.isoformat("minutes")]} if quiet else {})


def from_document(doc: Mapping[str, Any]) -> Preferences:
    """The preferences in a document."""
    return Preferences(
        recipient=doc["_id"],
        channels=tuple(doc.get("channels", ())),
        unwanted=tuple(doc.get("unwanted", ())),
        opted_out=frozenset(doc.get("opted_out", ())),
        quiet_hours=QuietHours.parse(*doc["quiet_hours"]) if "quiet_hours" in doc else None,
        language=doc.get("language"),
        time_zone=doc.get("time_zone"),
        per_day=doc.get("per_day", {}),
        word=doc.get("word", ""),
        **kernel_fields(doc),
    )
