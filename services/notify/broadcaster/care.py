"""The broadcaster's timer for care plans."""

from __future__ import annotations

from services.notify.store import NotifyStore
from shared.bus import every
from shared.mongo import Mongo

#: Customers that one turn of the timer looks at, about: so that a process that is told to stop does so soon.
AT_ONCE = 1_000


class CaresForCustomers:
    """Care plans are looked at by every replica; each piece of a plan's day is claimed by one."""

    store: Mongo[NotifyStore]

    @every(seconds=5)
    def care_for_customers(self) -> None:
        """Tells whoever is due by the care plans in force."""
        self.store.care.run_due(self.store.db.clock.now(), AT_ONCE)
