"""What recipients want: their own word over what intake says of them, and that over the desk's. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from services.notify.domain.audience import ALL_CHANNELS, Customer
from services.notify.domain.quiet_hours import QuietHours
from services.notify.domain.reading import STOP
from services.notify.errors import Obligatory
from shared.events import Aggregate, Fact

CUSTOMER, ADDRESS = "customer:", "address:"
"""Recipients that have preferences, and people on lists have; staff are told as the rules say."""
ALL_KINDS = "*"
OPTED_OUT, NOT_WANTED = "opted_out", "channel_not_wanted"
#: Why a message is not sent that its recipient does not want.
WISHES = (OPTED_OUT, NOT_WANTED)
#: What `set_preferences` may set; the others are opt-outs.
SETTABLE = ("channels", "unwanted", "language", "time_zone", "quiet_hours", "per_day")


@dataclass(frozen=True, kw_only=True)
class Preferences(Aggregate):
    """What one recipient has said.

    `channels` are wanted, in this order; `unwanted` never used. `opted_out`: kinds, or `*` for all that may be opted
    out of. `quiet_hours` of no length: none at all. `per_day`: kind -> at most so many a day. None and empty: nothing
    said. `word`: the `place` of the newest message by which an address has said STOP or START; places sort by time.
    """

    recipient: str
    channels: tuple[str, ...] = ()
    unwanted: tuple[str, ...] = ()
    opted_out: frozenset[str] = frozenset()
    language: str | None = None
    time_zone: str | None = None
    quiet_hours: QuietHours | None = None
    per_day: Mapping[str, int] = field(default_factory=dict)
    word: str = ""

    def opted_out_of(self, kind: str) -> bool:
        """Whether they want no more of this kind, obligatory or not."""
        return not self.opted_out.isdisjoint((kind, ALL_KINDS))


def set_to(
    preferences: Preferences, at: datetime, said: Mapping[str, Any], obligatory: Collection[str]
) -> tuple[Preferences, list[Fact]]:
    """After the recipient has said this: `SETTABLE` fields and `opted_out`, the kinds; what is not named stays.

    Raises `Obligatory` for a kind that nobody can opt out of.
    """
    new = replace(preferences, **{name: said[name] for name in SETTABLE if name in said})
    facts = [Fact("preferences_set", at, {"what": sorted(said)})]
    if "opted_out" not in said:
        return new, facts
    wanted = frozenset(said["opted_out"])
    for kind in sorted(wanted - preferences.opted_out):
        _refuse_obligatory(kind, obligatory)
        facts.append(_fact("contact_unsubscribed", at, kind, "preferences"))
    facts += [_fact("contact_resubscribed", at, kind, "preferences") for kind in sorted(preferences.opted_out - wanted)]
    return replace(new, opted_out=wanted), facts


def opt_out(
    preferences: Preferences, at: datetime, kind: str | None, cause: str, obligatory: Collection[str]
) -> tuple[Preferences, list[Fact]]:
    """No more of this kind, None: of all that may be opted out of; nothing happens the second time.

    Raises `Obligatory` for a kind that nobody can opt out of.
    """
    word = kind or ALL_KINDS
    _refuse_obligatory(word, obligatory)
    if word in preferences.opted_out:
        return preferences, []
    return replace(preferences, opted_out=preferences.opted_out | {word}), [
        _fact("contact_unsubscribed", at, word, cause)
    ]


def opt_in(preferences: Preferences, at: datetime, kind: str | None, cause: str) -> tuple[Preferences, list[Fact]]:
    """This kind is wanted again, None: all are; who had opted out of everything gets everything again."""
    left = preferences.opted_out - {kind, ALL_KINDS} if kind else frozenset[str]()
    if left == preferences.opted_out:
        return preferences, []
    return replace(preferences, opted_out=left), [_fact("contact_resubscribed", at, kind or ALL_KINDS, cause)]


def say(
    preferences: Preferences, at: datetime, word: str, place: str, obligatory: Collection[str]
) -> tuple[Preferences, list[Fact]]:
    """STOP or START by the message at `place`: what was said last counts, in whatever order it is heard."""
    if place <= preferences.word:
        return preferences, []
    known = replace(preferences, word=place)
    return opt_out(known, at, None, STOP, obligatory) if word == STOP else opt_in(known, at, None, STOP)


def _refuse_obligatory(kind: str, obligatory: Collection[str]) -> None:
    if kind in obligatory:
        raise Obligatory(kind)


def _fact(name: str, at: datetime, kind: str, cause: str) -> Fact:
    return Fact(name, at, {"kind": kind, "cause": cause})


def mailbox(address: str) -> str:
    """Whoever has this address: people write their own in any case, and no mail system of today tells cases apart."""
    return address.lower()


@dataclass(frozen=True)
class Wishes:
    """All that was said about one recipient: by themselves, and by whoever holds one of the addresses (`mailbox`)."""

    own: Preferences | None = None
    addresses: Mapping[str, Preferences] = field(default_factory=dict)

    def refuse(self, kind: str, obligatory: bool, channel: str, address: str) -> str | None:
        """Why this kind does not go to this address; None: it may. What is obligatory always goes."""
        if obligatory:
            return None
        holder = self.addresses.get(mailbox(address))
        if any(one is not None and one.opted_out_of(kind) for one in (self.own, holder)):
            return OPTED_OUT
        unwanted = any(one is not None and channel in one.unwanted for one in (self.own, holder))
        return NOT_WANTED if unwanted else None

    def customer(self, customer: Customer) -> Customer:
        """The customer as intake tells of it, with what they said here put above that."""
        own = self.own
        if own is None:
            return customer
        return replace(
            customer,
            language=own.language or customer.language,
            time_zone=own.time_zone or customer.time_zone,
            preferred_channels=self._order(own, customer.preferred_channels),
        )

    def _order(self, own: Preferences, preferred: Sequence[str]) -> tuple[str, ...]:
        """Wanted channels first; unwanted ones, which only what is obligatory goes by, last."""
        first = own.channels or tuple(preferred)
        if not own.unwanted:
            return first
        return tuple(dict.fromkeys(name for name in (*first, *ALL_CHANNELS) if name not in own.unwanted))

    def first_said(self, name: str) -> Any:
        """What they said themselves, else what was said for an address; None: nothing."""
        said = (getattr(one, name) for one in (self.own, *self.addresses.values()) if one is not None)
        return next((value for value in said if value is not None), None)

    def per_day(self, kind: str) -> int | None:
        """The smallest number that anybody set for this kind."""
        everybody = (self.own, *self.addresses.values())
        return min((one.per_day[kind] for one in everybody if one is not None and kind in one.per_day), default=None)


NO_WISHES = Wishes()
