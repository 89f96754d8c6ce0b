"""A broadcast on the real database in the test's own process: what its processes and supervisors do with it."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from services.notify.domain import broadcasts as rules
from services.notify.domain.broadcasts import Audience, Broadcast, Plan
from shared.cause import Cause
from tests.interface.notify.indoors import MAILS, TEXTS, Indoors

WORDS = {"sms": TEXTS, "email": MAILS}


def noticed(made: dict[str, Any]) -> None:
    """Reference data with the kind that such broadcasts have."""
    made["kinds"]["notice"] = {"name": {"en": "x", "zh-CN": "x"}}


class Notice:
    """A broadcast to so many customers, by SMS, else by mail."""

    def __init__(self, desk: Indoors, number: int, **fields: Any) -> None:
        self.desk, self.id, area = desk, uuid4().hex, uuid4().hex[:8]
        desk.db.collection("notify_customers").insert_many([_customer(area, n) for n in range(number)])
        texts = {c: {"default": dict.fromkeys(parts["en"], "x")} for c, parts in WORDS.items()}
        plan = Plan(edition=1, at=self.now, channels=("sms", "email"), valid_for=timedelta(days=3), texts=texts)
        draft = Broadcast(
            broadcast_id=self.id,
            name="Notice",
            kind="announcement",
            about="notice",
            urgency="bulk",
            plan=plan,
            audience=Audience(listed=False, areas=(area,)),
            created_at=self.now,
            **fields,
        )
        state, facts = rules.start(draft, self.now)
        desk.store.broadcasts.create(Cause.tick(self.now), self.id, state, facts)
        self.goes_on()

    @property
    def now(self) -> datetime:
        return self.desk.clock.at

    @property
    def state(self) -> str:
        return self.desk.store.broadcasts.get(self.id).state

    def goes_on(self) -> None:
        """The broadcaster, until nothing is due."""
        while self.desk.store.broadcasting.go_on():
            pass

    def does(self, decide: Any) -> None:
        """A supervisor's command, noticed by every process."""
        self.desk.store.broadcasts.change(Cause.tick(self.now), self.id, decide)
        self.desk.store.standing.forget()
        self.goes_on()

    def is_stopped(self) -> None:
        """A supervisor cancels it."""
        self.does(lambda state, at: rules.stop(state, at, "cancel", "not so"))

    @property
    def cause(self) -> Cause:
        return Cause.tick(self.now)

    def rows(self) -> Counter[tuple[str, str | None]]:
        """How many rows are in which state, and held for what."""
        return Counter((row["state"], row.get("held_for")) for row in self.desk.rows(broadcast=self.id))


def _customer(area: str, n: int) -> dict[str, Any]:
    known = {"name": f"Customer {n}", "tier": "standard", "language": "en", "preferred_channels": [], "number": 1}
    home: dict[str, Any] = {"area": area, "household": None, "time_zone": None, "dates": {}}
    return {"_id": f"{area}-{n}", "phone": f"+4411649{60_000 + n}", "email": f"{n}@example.com", **known, **home}
