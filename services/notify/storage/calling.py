"""Who of a household that a broadcast has not reached can be called, as they are known today."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from services.notify.domain.audience import Customer
from services.notify.domain.broadcasts import Broadcast
from services.notify.domain.preferences import ADDRESS, CUSTOMER
from services.notify.domain.proof import Missed
from services.notify.domain.recipients import Target, nobody, to_call, why_not_called
from services.notify.reference import Reference as Rules
from services.notify.storage.customers import Customers
from services.notify.storage.preferences import PreferencesStore
from services.notify.storage.proof import Proof
from shared.reference import Reference

#: Of the unreached, those that one query for the uncallable ones looks at: so that it ends soon where nearly all can be
#: called.
LOOKED_AT = 5_000
PIECE = 1_000


class Unreached(NamedTuple):
    """A household or customer that nothing has reached; who of them is called, or `why_not` (`recipients.py`)."""

    missed: Missed
    whom: Target | None
    why_not: str | None


class Calling:
    """Finds whom to call; makes no call."""

    def __init__(
        self, reference: Reference[Rules], customers: Customers, preferences: PreferencesStore, proof: Proof
    ) -> None:
        self._reference = reference
        self._customers = customers
        self._preferences = preferences
        self._proof = proof

    def of(self, broadcast: Broadcast, missed: Sequence[Missed]) -> list[Unreached]:
        """For each of these, in two reads for all."""
        people = self._people([recipient for one in missed for recipient in one.recipients])
        wishes = self._preferences.wishes_of_many({name: target.addresses for name, target in people.items()})
        obligatory = self._reference.current().holding.kind(broadcast.about).obligatory
        found = []
        for one in missed:
            household = [people[name] for name in one.recipients]
            whom = to_call(household, wishes, broadcast.about, obligatory)
            found.append(Unreached(one, whom, why_not_called(household) if whom is None else None))
        return found

    def whom(self, broadcast: Broadcast, most: int, after: str | None) -> tuple[list[Target], str | None]:
        """Of the next `most` that the current edition has not reached, those who are to be called; and the cursor."""
        missed, cursor = self._proof.missed(broadcast, broadcast.plan.edition, most, after)
        found = self.of(broadcast, [one for one in missed if one.may_be_called])
        called = [(one.whom, one.missed) for one in found if one.whom is not None]
        return [replace(who, area=of.area, household=of.household) for who, of in called], cursor

    def page(
        self, broadcast: Broadcast, edition: int, limit: int, after: str | None, uncallable: bool
    ) -> tuple[list[Unreached], str | None]:
        """At most `limit` of the unreached, and the cursor of the next ones; with `uncallable` only whom nobody can
        call and nothing is under way to: that page may be short of its limit though there are more."""
        if not uncallable:
            missed, after = self._proof.missed(broadcast, edition, limit, after)
            return self.of(broadcast, missed), after
        found: list[Unreached] = []
        looked_at = 0
        while len(found) < limit and looked_at < LOOKED_AT:
            # never more than there is room for: the cursor stands behind the last that was read
            missed, after = self._proof.missed(broadcast, edition, min(PIECE, limit - len(found)), after)
            found += [one for one in self.of(broadcast, missed) if one.missed.may_be_called and one.why_not is not None]
            looked_at += len(missed)
            if after is None:
                break
        return found, after

    def _people(self, recipients: Sequence[str]) -> dict[str, Target]:
        """Who they are, as intake tells today; an address is a telephone, or none."""
        found = self._customers.find_many([name.removeprefix(CUSTOMER) for name in recipients])
        return {name: Target(name, found.get(name.removeprefix(CUSTOMER)) or _at(name)) for name in recipients}


def _at(recipient: str) -> Customer:
    """Whoever has an address; a customer of whom nobody knows any more has none."""
    address = recipient.removeprefix(ADDRESS)
    phone = address if recipient.startswith(ADDRESS) and address.startswith("+") else None
    return nobody(phone=phone)
