"""What the rules would make of an event, and why the others do nothing. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.notify.domain.audience import AddressBook, Customer
from services.notify.domain.rules import Considered, Notice, Rule, Usable, considered
from shared.conditions import ConditionFailed

ANOTHER_EVENT, CONDITION, NOBODY = "another_event", "condition", "nobody"
"""Why a rule does nothing: it is for another event, its condition does not hold, it means nobody."""

Foretell = Callable[[Notice], Mapping[str, Any]]
"""Notice -> what would become of it now: state, reason, until."""


@dataclass(frozen=True)
class Preview:
    """A rule (the `place`-th, from 0), why it does nothing (None: it acts), and whom it would tell."""

    place: int
    rule: Rule
    why_not: str | None
    considered: tuple[Considered, ...] = ()


def preview(
    rules: Sequence[Rule],
    book: AddressBook,
    event: str,
    data: Mapping[str, Any],
    customer: Customer | None,
    usable: Usable,
) -> Iterator[Preview]:
    """Every rule in its order. Those of this event whose condition holds are followed together, as the event would be:
    so whoever is told by an earlier one shows at the later one."""
    why_not = {place: _why_not(rule, event, data) for place, rule in enumerate(rules)}
    act = [rule for place, rule in enumerate(rules) if why_not[place] is None]
    meant: dict[int, list[Considered]] = {id(rule): [] for rule in act}
    for one in considered(act, book, data, customer, usable):
        meant[id(one.notice.rule)].append(one)
    for place, rule in enumerate(rules):
        found = tuple(meant.get(id(rule), ()))
        yield Preview(place, rule, why_not[place] or (None if found else NOBODY), found)


def _why_not(rule: Rule, event: str, data: Mapping[str, Any]) -> str | None:
    if rule.event != event:
        return ANOTHER_EVENT
    try:
        return None if rule.when is None or rule.when.holds(data) else CONDITION
    except ConditionFailed as error:
        return f"{CONDITION}: {error}"
