"""From an event to the ledger: every message that the rules owe on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.notify.addresses import usable
from services.notify.domain import rules
from services.notify.domain.audience import LIST, Customer
from services.notify.domain.ledger import Message
from services.notify.domain.occurrence import Occurrence, promise_of
from services.notify.domain.preferences import ADDRESS, CUSTOMER, NO_WISHES, WISHES, Wishes
from services.notify.domain.rules import Notice, Usable
from services.notify.reference import Reference as Rules
from services.notify.storage.means import Means
from services.notify.storage.messages import live
from services.notify.storage.preferences import PreferencesStore
from shared.cause import Cause
from shared.events import Event, Fact


class Telling:
    """What happens becomes messages, once."""

    def __init__(self, means: Means) -> None:
        self._means = means

    def tell(self, event: Event) -> None:
        """Write every message that the rules owe on this event; those written before stay as they are."""
        reference = self._means.reference.current()
        cause = Cause.from_event(event)
        obsolescence, obsoleting = self._means.holding.obsolescence, reference.holding.obsoleting
        obsolescence.cancel(event, live(cause), obsoleting)
        owed = reference.rules_for(event.type, event.data)
        customer = self._means.customers.get(event.data["customer_id"]) if rules.needs_customer(owed) else None
        wanted = Wanted(self._means.preferences, reference, customer)
        told = drafts(reference, occurrence_of(event), event.data, customer, wanted) if owed else []
        for drafted, facts in told:
            self._means.write(cause, drafted, facts, wanted.wishes(drafted.recipient))
        obsolescence.remember(event, len(told), obsoleting)


class Wanted:
    """What those want whom one event concerns; staff are told as the rules say."""

    def __init__(self, preferences: PreferencesStore, reference: Rules, customer: Customer | None) -> None:
        self._preferences = preferences
        self._reference = reference
        self._wishes: dict[str, Wishes] = {}
        if customer is not None:
            self._wishes[f"{CUSTOMER}{customer.customer_id}"] = preferences.wishes_of(customer)

    def wishes(self, recipient: str) -> Wishes:
        """Everything that was said about one recipient."""
        return self._wishes.get(recipient, NO_WISHES)

    def fit(self, recipient: str, kind: str, channel: str, address: str) -> str | None:
        """`Usable`: addresses that can be one, and that they do not mind being told at."""
        if recipient.startswith((LIST, ADDRESS)):
            self._wishes[recipient] = self._preferences.wishes(recipient, (address,))
        return wanted(self._reference, self.wishes(recipient))(recipient, kind, channel, address)


def wanted(reference: Rules, wishes: Wishes) -> Usable:
    """The same for one recipient, of whom these are the wishes."""
    if wishes is NO_WISHES:
        return usable

    def fit(recipient: str, kind: str, channel: str, address: str) -> str | None:
        unfit = usable(recipient, kind, channel, address)
        if unfit is not None:
            return unfit
        return wishes.refuse(kind, reference.holding.kind(kind).obligatory, channel, address)

    return fit


def drafts(
    reference: Rules, occurrence: Occurrence, data: Mapping[str, Any], customer: Customer | None, wanted: Wanted
) -> list[tuple[Message, list[Fact]]]:
    """What is owed on an occurrence, by the channels that the recipients want; not decided yet whether it goes now."""
    known = wanted.wishes(f"{CUSTOMER}{customer.customer_id}").customer(customer) if customer is not None else None
    notices = reference.notices(occurrence, data, known, wanted.fit)
    return [reference.drafted(occurrence, notice, data, known, **_detail(notice)) for notice in notices]


def unwanted(notice: Notice) -> str | None:
    """Where no channel is left, it is what they want that says so, also if another channel has no address."""
    return next((why for _, why in notice.refused if why in WISHES), None) if notice.to is None else None


def _detail(notice: Notice) -> dict[str, Any]:
    why = unwanted(notice)
    return {} if why is None else {"detail": why}


def occurrence_of(event: Event) -> Occurrence:
    """What an event is to those who are told of it."""
    return Occurrence(
        id=event.id,
        event=event.type,
        at=event.at,
        recorded_at=event.recorded_at,
        ticket_no=event.data.get("ticket_no", ""),
        order_no=event.data.get("order_no", ""),
        promise=promise_of(event.type, event.data),
        replayed=event.replay_until is not None,
        number=event.number,
    )
