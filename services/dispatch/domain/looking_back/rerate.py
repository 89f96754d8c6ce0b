"""What would have been met and missed under another version of the reference data (ADR 0055). Pure.

What the world did is taken from the history of the work: when it was opened and what the matter was, responses, holds
with their reasons, priorities given by people, what experts said it is, resolutions, reopenings, the withdrawal. What a
policy did of itself is not: the other one warns, escalates and raises priorities by its own rules. Flows are not
rerated: a priority that the limit of a step has raised counts as given, and so does the team that has the work.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from services.dispatch.domain.clocks.clock import Clock, counted_at
from services.dispatch.domain.clocks.promise import Promise
from services.dispatch.domain.looking_back.runs import Calendars, Entry, runs
from services.dispatch.domain.reference.policy import PROMISED
from services.dispatch.domain.reference.reference import Reference
from services.dispatch.domain.work import timing
from services.dispatch.domain.work.advance import advance
from services.dispatch.domain.work.moves import ESCALATION, prioritise
from services.dispatch.domain.work.order import Order
from services.dispatch.domain.work.record import order_of
from services.dispatch.domain.work.states import State

RESPONSES = ("work_responded", "work_responded_again")


class Outcome(StrEnum):
    """What became of a promise; of one made several times (the next update), of all of them."""

    MET = "met"
    MISSED = "missed"
    OPEN = "open"
    NONE = "none"


Outcomes = dict[Promise, Outcome]
Runs = dict[tuple[str, datetime], Clock]
"""Every run of every clock by name and start, as it was last."""


def recorded(entries: Iterable[Entry], until: datetime, calendars: Calendars) -> Outcomes:
    """What became of each promise, judged at `until`, which is not before the last entry."""
    last = {
        (name, run[0].clock.started_at): run[-1].clock
        for name, mine in runs(entries, calendars).items()
        for run in mine
    }
    return _outcomes(last, until, calendars)


def rerate(entries: Sequence[Entry], until: datetime, reference: Reference) -> Outcomes:
    """What would have become of each promise under this version, judged at `until`."""
    replay = _Replay(entries[0], reference)
    for entry, following in zip(entries, [*entries[1:], None], strict=True):
        replay.advance(entry["at"])
        replay.apply(entry, _with(entry, following))
    replay.advance(until)
    return _outcomes(replay.last, until, lambda pin: reference.calendar(pin.code))


def _outcomes(last: Runs, until: datetime, calendars: Calendars) -> Outcomes:
    found: dict[Promise, list[Outcome]] = {promise: [] for promise in PROMISED}
    for clock in last.values():
        if clock.promise in found:
            found[clock.promise].append(_outcome(clock, until, calendars))
    return {promise: _all_of(outcomes) for promise, outcomes in found.items()}


def _outcome(clock: Clock, until: datetime, calendars: Calendars) -> Outcome:
    if clock.missed:
        return Outcome.MISSED
    if clock.stopped:
        return Outcome.MET if clock.done_at else Outcome.NONE
    counted = counted_at(clock, until, calendars(clock.calendar))
    return Outcome.MISSED if counted >= clock.target else Outcome.OPEN


def _all_of(outcomes: Sequence[Outcome]) -> Outcome:
    """The first of these that is among them."""
    order = (Outcome.MISSED, Outcome.OPEN, Outcome.MET)
    return next((one for one in order if one in outcomes), Outcome.NONE)


class _Replay:
    """The work's promises under one version, moved on by what the world did; `last` has every run of every clock."""

    def __init__(self, first: Entry, reference: Reference) -> None:
        order = order_of(first["set"], books=lambda _: reference)
        policy = reference.policy_for(order.matter)
        # always in work, without steps: those are the flow's, which is not rerated
        bare = replace(order, state=State.ACCEPTED, flow=None, clocks={}, visits=(), blocks=())
        self._order = replace(bare, policy=policy.pin)
        self.last: Runs = {}

    def advance(self, to: datetime) -> None:
        """What falls due up to `to` is settled, with all that the policy does of itself."""
        self._now(advance(self._order, to)[0])

    def apply(self, entry: Entry, ends_with: str | None) -> None:
        """What the world did, by that entry; `ends_with`: the type of the entry that the same command made next."""
        at, data = entry["at"], entry.get("data") or {}
        if "own_team" in (entry.get("set") or {}):
            self._order = replace(self._order, own_team=entry["set"]["own_team"])
        match entry["type"]:
            case "work_opened":
                self._begin(at, Promise.FIRST_RESPONSE, Promise.RESOLUTION)
            case "work_responded" | "work_responded_again":
                self._now(timing.finished(self._order, at, Promise.FIRST_RESPONSE, Promise.NEXT_UPDATE))
                if ends_with != "work_resolved":  # a solution is the first response, and promises no further update
                    self._begin(at, Promise.NEXT_UPDATE)
            case "work_held":
                paused = timing.paused(self._order, at, data["reason"])
                self._now(replace(paused, hold_reason=data["reason"]))
            case "work_resumed" | "work_linked":
                self._off_hold(at)
            case "work_triaged":
                self._is(at, data["to"])
            case "work_prioritised" if not _by_the_policy(entry):
                self._prioritise(at, data["to"])
            case "work_resolved":
                self._off_hold(at)
                self._now(timing.resolved(self._order, at))
            case "work_reopened":
                self._now(timing.reopened(self._order, at))
            case "work_withdrawn":
                self._off_hold(at)
                self._now(timing.called_off(self._order, at))

    def _begin(self, at: datetime, *promises: Promise) -> None:
        for promise in promises:
            self._now(timing.begun_promise(self._order, promise, at))

    def _off_hold(self, at: datetime) -> None:
        self._now(replace(timing.resumed(self._order, at), hold_reason=None))

    def _is(self, at: datetime, what: Mapping[str, str]) -> None:
        """Experts have said what it is: the policy that fits that promises, from the original starts."""
        known = replace(self._order, type=what["type"], category=what["category"], priority=what["priority"])
        known = replace(known, own_team=what["team"])
        policy = known.books(known.policy.version).policy_for(known.matter)
        self._now(timing.retargeted(replace(known, policy=policy.pin), at))

    def _prioritise(self, at: datetime, priority: str) -> None:
        if priority != self._order.priority:
            self._now(prioritise(self._order, at, priority, "")[0])

    def _now(self, order: Order) -> None:
        self._order = order
        self.last.update({(name, clock.started_at): clock for name, clock in order.clocks.items()})


def _with(entry: Entry, following: Entry | None) -> str | None:
    """The type of the entry that the same command made next at the same time."""
    if following is None or (entry["at"], entry.get("cause")) != (following["at"], following.get("cause")):
        return None
    return str(following["type"])


def _by_the_policy(entry: Entry) -> bool:
    """Whether an escalation of what a policy promises gave the priority; not one of the flow's steps and groups."""
    return entry["data"]["by"] == ESCALATION and entry["data"]["reason"] in PROMISED
