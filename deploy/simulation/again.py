"""The commands of a history, given again: by which rule each group of facts came about, with what was said then."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from services.dispatch import domain
from services.dispatch.domain import Decision, Order, State
from services.dispatch.domain.looking_back.rerate import RESPONSES
from services.dispatch.domain.rollouts.repin import apply_newer, extend_horizons
from services.dispatch.domain.work import incidents, triage
from services.dispatch.domain.work.facets import MassIncident
from services.dispatch.domain.work.moves import DISSATISFIED, reopen_dissatisfied
from services.dispatch.domain.work.order import Books
from shared.clock import from_text
from shared.values import replace

Entry = Mapping[str, Any]
Told = Sequence[Entry]
Rule = Callable[[Order, datetime, Told], Decision]


def given_again(order: Order, at: datetime, told: Told, books: Books) -> Decision:
    """What the rules make of the command that these entries (of one write, without assignments) tell of.

    A command that no rule of `RULES` stands for changes nothing that is promised: the work is given back as it was.
    Raises what the move raises.
    """
    types = {entry["type"] for entry in told}
    rule = next((RULES[type] for type in RULES if type in types), None)
    if "policy_applied" in types:
        version = int(_the(told, "policy_applied")["set"]["policy"]["version"])
        return apply_newer(order, at, books(version), str(_data(told, "policy_applied")["why"]))
    order, facts = rule(order, at, told) if rule else (order, [])
    if version := _horizon(told, order):
        order, more = extend_horizons(order, at, books(version))
        facts = [*facts, *more]
    return order, facts


def _the(told: Told, type: str) -> Entry:
    return next(entry for entry in told if entry["type"] == type)


def _data(told: Told, type: str) -> Mapping[str, Any]:
    data: Mapping[str, Any] = _the(told, type)["data"]
    return data


def _has(told: Told, type: str) -> bool:
    return any(entry["type"] == type for entry in told)


def _horizon(told: Told, order: Order) -> int:
    """The version of the calendars that a write has let clocks count in beside what it did; 0: none."""
    versions = [
        clock["calendar"]["version"]
        for entry in told
        if entry["type"] in ("deadline_moved", "clock_repinned")
        for clock in (entry.get("set") or {}).get("clocks", {}).values()
        if clock
    ]
    return max(versions, default=0)


def _complete(order: Order, at: datetime, told: Told) -> Decision:
    ended = _data(told, "work_resolved") if _has(told, "work_resolved") else {}
    if order.state is State.LINKED:
        return incidents.resolve_with(order, at, str(order.parent), ended["solution"], ended["language"])
    if ended and (order.flow is None or order.state is State.HELD or not _has(told, "step_completed")):
        return domain.resolve(order, at, ended["solution"], ended["language"])
    done = _data(told, "step_completed")
    fee = _data(told, "fee_recorded") if _has(told, "fee_recorded") else None
    return domain.complete_step(
        order,
        at,
        step=str(done["visit"]),
        fields=done["fields"],
        fee={"amount": fee["amount"], "note": fee["note"]} if fee else None,
        solution=ended.get("solution"),
        language=ended.get("language"),
    )


def _reopen(order: Order, at: datetime, told: Told) -> Decision:
    data = _data(told, "work_reopened")
    if data["cause"] == DISSATISFIED:
        return reopen_dissatisfied(order, at, round=order.round, reason=data["reason"])
    return domain.reopen(order, at, reason=data["reason"], cause=data["cause"])


def _skip(order: Order, at: datetime, told: Told) -> Decision:
    data = _data(told, "step_skipped")
    return domain.skip_step(order, at, reason=data["reason"], step=str(data["visit"]))


def _reroute(order: Order, at: datetime, told: Told) -> Decision:
    """`step` is not told: it only names one of several steps of the same branch that were given up."""
    data = _data(told, "work_rerouted")
    gone = data["from_steps"]
    whole = len(order.visits) == len(gone) or not gone
    return domain.reroute(order, at, to=data["to"], reason=data["reason"], step=None if whole else gone[0])


def _prioritise(order: Order, at: datetime, told: Told) -> Decision:
    data = _data(told, "work_prioritised")
    return domain.prioritise(order, at, data["to"], data["reason"], data["by"], data.get("rule"))


def _hold(order: Order, at: datetime, told: Told) -> Decision:
    data = _data(told, "work_held")
    return domain.hold(order, at, data["reason"], data["note"])


def _respond(order: Order, at: datetime, told: Told) -> Decision:
    type = "work_responded" if _has(told, "work_responded") else "work_responded_again"
    return domain.respond(order, at, _data(told, type)["note"])


def _triage(order: Order, at: datetime, told: Told) -> Decision:
    data = _data(told, "work_triaged")
    known = {name: data["to"][name] for name in ("type", "category", "priority", "team")}
    known_as, facts = triage.triage_work(order, at, reasons=data["reasons"], **known)
    if not _has(told, "work_linked"):
        return known_as, facts
    linked, more = _link(known_as, at, told)  # it turned out to be part of a mass incident
    return linked, [*facts, *more]


def _link(order: Order, at: datetime, told: Told) -> Decision:
    return incidents.link(order, at, parent_of(order, told), "")


def parent_of(order: Order, told: Told) -> Order:
    """The mass incident that work was linked to by that write, as far as that counts for the work.

    In older records an ETA answered no customer: it counts where it did.
    """
    data = _data(told, "work_linked")
    answered = any(_has(told, type) for type in RESPONSES)
    mass = MassIncident(eta=from_text(data["eta"]) if answered else None, eta_note=None)
    return replace(order, order_no=data["parent_no"], state=State.QUEUED, mass=mass, parent=None)


RULES: Mapping[str, Rule] = {
    "work_reopened": _reopen,
    "work_triaged": _triage,
    "work_linked": _link,
    "work_unlinked": lambda order, at, told: incidents.unlink(order, at, _data(told, "work_unlinked")["reason"]),
    "work_withdrawn": lambda order, at, told: domain.withdraw(order, at, _data(told, "work_withdrawn")["reason"]),
    "work_rerouted": _reroute,
    "step_skipped": _skip,
    "step_completed": _complete,
    "work_resolved": _complete,
    "work_responded": _respond,
    "work_responded_again": _respond,
    "work_held": _hold,
    "work_resumed": lambda order, at, told: domain.resume(order, at),
    "work_prioritised": _prioritise,
    "work_closed": lambda order, at, told: domain.close(
        order, at, round=order.round, outcome=_data(told, "work_closed")["outcome"]
    ),
}
"""Type of a fact -> the rule that it stands for; of several in one write, the first here."""
