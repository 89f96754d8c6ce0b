"""The rows of assignments held against the history: who had which step, from when to when, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from services.dispatch.domain import Order
from services.dispatch.domain.work.assignment import claimed
from services.dispatch.storage.assignments import end_of
from shared.clock import to_text
from shared.events import Fact

Entry = Mapping[str, Any]
Row = dict[str, Any]

#: Facts by which somebody comes by a step.
BEGIN = ("work_assigned", "work_handed_over")


class Rows:
    """Makes the rows from a history, write by write."""

    def __init__(self) -> None:
        self.made: dict[int, tuple[int, Row]] = {}
        """Number of the assignment -> number of the entry by which it began, and what its row has to say."""

    def take(self, before: Order | None, write: Sequence[Entry], after: Order) -> None:
        """One write, with the states before and after it."""
        had = claimed(before) if before is not None else {}
        for entry in write:
            data = entry["data"]
            if entry["type"] in BEGIN and data["agent"] is not None:
                self.made[data["assignment"]] = (entry["number"], _begun(entry))
            elif entry["type"] == "work_accepted" and (seat := had.get(data["visit"])) and seat.assignment in self.made:
                self.made[seat.assignment][1]["accepted_at"] = to_text(entry["at"])
        kept = {seat.assignment: seat for seat in claimed(after).values()}
        facts = [Fact(entry["type"], entry["at"], entry["data"]) for entry in write]
        for visit, seat in had.items():
            if seat.assignment not in kept and seat.assignment in self.made:
                end = end_of(visit, facts, max(entry["at"] for entry in write))
                self.made[seat.assignment][1].update(ended_at=to_text(end.at), outcome=end.outcome)
        for number, seat in kept.items():
            if number in self.made:
                self.made[number][1]["units"] = seat.units

    def faults(self, recorded: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, str, str, str]]:
        """What the rows say and the history does not: (entry, what, in the row, by the history)."""
        there = {row.get("number"): row for row in recorded}
        for number, (entry, made) in self.made.items():
            row = there.pop(number, None)
            if row is None and "digest" in made:
                continue  # whoever looks for the record of the choice says so
            if row is None:
                yield entry, f"assignment {number}", "has no row", str(made["agent"])
                continue
            for name, value in made.items():
                if row.get(name) != value:
                    yield entry, f"assignment {number}, {name}", str(row.get(name)), str(value)
        for unknown, row in there.items():
            yield 0, f"assignment {unknown}", str(row.get("agent")), "the history has none"


def _begun(entry: Entry) -> Row:
    data = entry["data"]
    row = {name: data[name] for name in ("agent", "visit", "team", "priority")}
    if entry["type"] == "work_assigned":
        row |= {"rule": data["rule"], "digest": data["choice"], "accept_by": data["accept_by"]}
        row["principal"] = data["principal"]
    return row | {"assigned_at": to_text(entry["at"]), "accepted_at": None, "ended_at": None, "outcome": None}
