"""Customers whom no SMS reaches, and who are told by mail instead: what becomes of each notice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from deploy.catalogue import subscriptions
from shared.events import Event
from tests.crowd import Crowd
from tests.interface.feigned import on_the_bus
from tests.support import Stack

SHOWN = {"ticket_no": 1, "channel": 1, "state": 1, "previous": 1, "followed_by": 1, "look": 1}


class Chained(Crowd):
    """All have a phone and an address, and are asked by SMS first; a notice is open until its mail is sent."""

    def open(self) -> int:
        """How many have no mail yet that has left."""
        return len(self.told) - sum(row["channel"] == "email" and row["state"] == "sent" for row in self._all())

    def broken(self) -> list[str]:
        """Tickets whose rows are not these two: an SMS that failed, and the mail that it was followed by."""
        chains: dict[str, list[dict[str, Any]]] = {}
        for row in self._all():
            chains.setdefault(row["ticket_no"], []).append(row)
        return sorted(ticket_no for ticket_no, rows in chains.items() if not _is_whole(rows))

    def mails(self) -> dict[int, int]:
        """How often somebody got a mail -> how many of them."""
        got = Counter(to for mail in self._stack.mails() if f".{self.name}@" in (to := str(mail["To"])))
        return dict(Counter(got.values()))

    def _event_about(self, number: int) -> Event:
        return self._survey(number)

    def _customer(self, number: int) -> Event:
        event = super()._customer(number)
        return replace(event, data={**event.data, "email": f"c{number}.{self.name}@example.com"})

    def _all(self) -> list[dict[str, Any]]:
        mine = {"ticket_no": {"$gte": f"T-{self.name}-", "$lt": f"T-{self.name}."}}
        return list(self._stack.database["notify_messages"].find(mine, SHOWN))


def _is_whole(rows: list[dict[str, Any]]) -> bool:
    sms = [row for row in rows if (row["channel"], row["state"]) == ("sms", "failed") and "look" not in row]
    mails = [row for row in rows if (row["channel"], row["state"]) == ("email", "sent")]
    if (len(rows), len(sms), len(mails)) != (2, 1, 1):
        return False
    return (sms[0].get("followed_by"), mails[0].get("previous")) == (mails[0]["_id"], sms[0]["_id"])


@contextmanager
def chained(stack: Stack, size: int) -> Iterator[Chained]:
    """Feigned events about customers of their own."""
    with on_the_bus(stack.admin_amqp_uri, "notify", subscriptions("notify")) as (feigned, _):
        yield Chained(feigned, stack, size)
