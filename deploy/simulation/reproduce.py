"""An export played again: every deadline, and every assignment, must come out as it was recorded.

Each write of a history is judged from the state that the record gives before it, so that one difference does not bring
others: what fell due by then, what the command made of the clocks, who was chosen of whom, and when the work was given,
queued or handed over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from deploy.simulation.again import given_again, parent_of
from deploy.simulation.rows import Rows
from deploy.simulation.settling import settled
from deploy.simulation.witness import Witness
from services.dispatch import domain
from services.dispatch.domain import Order
from services.dispatch.domain.assigning.record import digest, recomputed
from services.dispatch.domain.clocks.clock import Clock
from services.dispatch.domain.work.order import Books
from services.dispatch.domain.work.record import FORMS, clock_of, order_of
from shared.cause import TIMER
from shared.clock import to_text
from shared.errors import LoopdeskError
from shared.events import Fact, to_json
from shared.values import replace

Entry = Mapping[str, Any]

#: Who has the work, and facts that follow from it: they change no clock.
SETTLED = frozenset(
    {"work_assigned", "work_queued", "work_stranded", "work_stranded_too", "work_handed_over", "work_deescalated"}
)
#: Facts about promises, and what of them must be the same.
PROMISES = ("due", "met", "first_response_due", "resolution_due", "clock", "part", "visit", "level")
OF_CLOCKS = ("due", "missed", "done_at", "called_off_at", "settled", "paused", "target", "marks")


@dataclass(frozen=True)
class Difference:
    """What did not come out the same: in which work order, at which entry of its history, what, and how."""

    order_no: str
    number: int
    what: str
    recorded: str
    again: str

    def __str__(self) -> str:
        """For people, in one line."""
        return f"{self.order_no} #{self.number} {self.what}: recorded {self.recorded}, by the rules {self.again}"


@dataclass
class Checked:
    """How much was compared."""

    orders: int = 0
    deadlines: int = 0
    assignments: int = 0


class Reproduction:
    """Plays histories again. `books` has the versions of the reference data, `witness` knows agents and hand-overs,
    `checked` counts what was compared, `last` is the state that the last history ended in, as recorded."""

    def __init__(self, books: Books, witness: Witness) -> None:
        self._books = books
        self._witness = witness
        self.checked = Checked()
        self.last: Order | None = None

    def differences(self, entries: Sequence[Entry], assignments: Sequence[Mapping[str, Any]]) -> Iterator[Difference]:
        """What of one history does not come out the same; `assignments` are the records of its choices."""
        self.checked.orders += 1
        order_no = str((entries[0].get("set") or {}).get("order_no", "?"))
        yield from self._assignments(order_no, entries, assignments)
        records = {one["number"]: one.get("record") for one in assignments}
        state: Order | None = None
        rows = Rows()
        for _, write in groupby(entries, key=lambda entry: (entry["cause"], entry["recorded_at"])):
            own = list(write)
            after = state
            for entry in own:
                if entry["type"] in SETTLED and after is not None:
                    yield from self._settled(after, entry, records.get(entry["data"].get("assignment")))
                after = folded(after, entry, self._books)
            assert after is not None  # noqa: S101 - a write has entries
            yield from self._write(state, own, after)
            rows.take(state, own, after)
            state = after
        for number, what, recorded, again in rows.faults(assignments):
            yield Difference(order_no, number, what, recorded, again)
        self.last = state

    # deadlines

    def _write(self, before: Order | None, write: Sequence[Entry], after: Order) -> Iterator[Difference]:
        told = [entry for entry in write if entry["type"] not in SETTLED]
        if not told or told[0]["type"] == "work_withdrawn_unopened":
            return
        last = told[-1]
        try:
            order, facts = self._again(before, told)
        except (LoopdeskError, ValueError, KeyError, LookupError) as error:
            yield Difference(after.order_no, last["number"], last["type"], "happened", f"refused: {error!r}")
            return
        yield from self._facts(after.order_no, told, facts)
        yield from self._clocks(last["number"], after, order)

    def _again(self, before: Order | None, told: Sequence[Entry]) -> tuple[Order, list[Fact]]:
        at: datetime = max(entry["at"] for entry in told)
        if before is None:
            return self._opened(told)
        if told[0]["cause"] == TIMER:
            return domain.advance(before, at)
        order, due = domain.advance(before, at)
        order, facts = given_again(order, at, told, self._books)
        return order, [*due, *facts]

    def _opened(self, told: Sequence[Entry]) -> tuple[Order, list[Fact]]:
        first = told[0]
        order = order_of(first["set"], books=self._books)
        reference = self._books(order.policy.version)
        linked = any(entry["type"] == "work_linked" for entry in told)
        parent = parent_of(order, told) if linked else None
        return domain.open_work(ticket_of(first["set"]), first["at"], reference, self._books, parent)

    def _facts(self, order_no: str, told: Sequence[Entry], facts: Sequence[Fact]) -> Iterator[Difference]:
        """The facts about promises: the same ones, at the same time, with the same dues and verdicts."""
        was = [(entry, _promise(entry["type"], entry["at"], entry["data"])) for entry in told if _about(entry["type"])]
        now = [_promise(fact.type, fact.at, to_json(fact.data)) for fact in facts if _about(fact.type)]
        self.checked.deadlines += len(was)
        for place in range(max(len(was), len(now))):
            recorded = was[place][1] if place < len(was) else "nothing"
            again = now[place] if place < len(now) else "nothing"
            if recorded != again:
                entry = was[place][0] if place < len(was) else told[-1]
                yield Difference(order_no, entry["number"], entry["type"], recorded, again)
                return

    def _clocks(self, number: int, after: Order, again: Order) -> Iterator[Difference]:
        for name in sorted(after.clocks.keys() | again.clocks.keys()):
            was, now = after.clocks.get(name), again.clocks.get(name)
            self.checked.deadlines += was is not None
            if was != now:
                what, recorded, by_rules = _first_difference(was, now)
                yield Difference(after.order_no, number, f"clock {name}, {what}", recorded, by_rules)

    # assignments

    def _assignments(
        self, order_no: str, entries: Sequence[Entry], assignments: Sequence[Mapping[str, Any]]
    ) -> Iterator[Difference]:
        """Each recorded choice, made again from its record by the rules of the version that it names."""
        told = [entry for entry in entries if entry["type"] == "work_assigned"]
        by_number = {one["number"]: one for one in assignments}
        for entry in told:
            self.checked.assignments += 1
            kept = by_number.get(entry["data"].get("assignment"))
            if kept is None:
                yield Difference(order_no, entry["number"], "assignment", str(entry["data"]["agent"]), "has no record")
                continue
            yield from self._choice(order_no, entry, kept)

    def _choice(self, order_no: str, entry: Entry, kept: Mapping[str, Any]) -> Iterator[Difference]:
        agent = str(entry["data"]["agent"])
        try:
            record = kept["record"]
            again = str(recomputed(record, self._books(int(record["version"])).assignment).agent_id)
        except (LoopdeskError, ValueError, KeyError, TypeError, LookupError) as error:
            again = f"cannot be made again: {error!r}"
        if again != agent:
            yield Difference(order_no, entry["number"], "assignment", agent, again)
        elif digest(kept["record"]) != entry["data"]["choice"]:
            yield Difference(order_no, entry["number"], "assignment", "another record", "this record")

    def _settled(self, before: Order, entry: Entry, record: Mapping[str, Any] | None) -> Iterator[Difference]:
        """Who has the work, and from when, by the state before and by who there was; another record says nothing."""
        if record is not None and digest(record) != entry["data"].get("choice"):
            record = None
        try:
            for what, recorded, again in settled(before, entry, record, self._books, self._witness):
                yield Difference(before.order_no, entry["number"], f"{entry['type']}, {what}", recorded, again)
        except (LoopdeskError, ValueError, KeyError, TypeError, LookupError) as error:
            yield Difference(before.order_no, entry["number"], entry["type"], "happened", f"refused: {error!r}")


def folded(order: Order | None, entry: Entry, books: Books) -> Order:
    """The state after that entry, as the record has it."""
    changed = entry.get("set") or {}
    if order is None:
        return order_of(changed, books=books, version=1)
    values = {name: _value(name, value) for name, value in changed.items() if name != "clocks"}
    if "clocks" in changed:
        clocks = {**order.clocks, **{name: clock_of(name, doc) for name, doc in changed["clocks"].items() if doc}}
        gone = {name for name, doc in changed["clocks"].items() if not doc}
        values["clocks"] = {name: clock for name, clock in clocks.items() if name not in gone}
    return replace(order, **values) if values else order


def _value(name: str, stored: Any) -> Any:
    return stored if stored is None or name not in FORMS else FORMS[name][1](stored)


def ticket_of(state: Mapping[str, Any]) -> dict[str, Any]:
    """What was submitted, from the first state of the work that it became."""
    asked = state.get("asked") or {}
    named = ("ticket_no", "customer_id", "type", "category", "priority", "subject", "channel", "tier", "reference")
    return {
        **{name: state[name] for name in named},
        "language": asked.get("language", ""),
        "confidence": asked.get("confidence"),
        "sensitive": asked.get("sensitive", False),
        "wanted_agent": asked.get("agent"),
        "complained_of": asked.get("subject"),
        "incident": None,
    }


def _about(type: str) -> bool:
    return type.startswith(("deadline_", "step_")) or type in (
        "work_opened",
        "work_escalated",
        "work_responded",
        "work_responded_again",
        "work_resolved",
    )


def _promise(type: str, at: datetime, data: Mapping[str, Any]) -> str:
    named = ", ".join(f"{name} {data[name]}" for name in PROMISES if data.get(name) is not None)
    return f"{type} at {to_text(at)}" + (f" ({named})" if named else "")


def _first_difference(was: Clock | None, now: Clock | None) -> tuple[str, str, str]:
    if was is None or now is None:
        return "whether there is one", str(was is not None), str(now is not None)
    names = (*OF_CLOCKS, *vars(was))
    name = next(name for name in names if getattr(was, name) != getattr(now, name))
    return name, str(getattr(was, name)), str(getattr(now, name))
