"""Plays the plan: every step becomes one RPC, under way with as many others as its lanes allow."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from deploy.demo import rules
from deploy.demo.lanes import Queue
from deploy.demo.telling import Step
from shared.client import Client, Request
from shared.errors import LoopdeskError, NotFound, Unavailable

TOGETHER = 40  # calls under way at once
POLL_SECONDS = 0.02
PATIENCE_SECONDS = 60.0
TRIES = 3
INTAKES = {"submit_ticket", "end_replay"}  # everything else is dispatch's
ASSIGNING = {"transfer", "complete_step", "reopen"}  # done only when somebody has the work, as is a submission
OVER = {"resolved", "closed", "withdrawn"}  # played before: the kept answers lead here


class StackTrouble(Exception):
    """The stack did not do what it must: no rule refused, something broke or took too long."""


@dataclass(frozen=True)
class Refusal:
    """A call that the rules refused."""

    step: Step
    code: str
    reason: str


class Play:
    """One play against a running stack; `played` hears of every step that has had its effect."""

    def __init__(self, client: Client, played: Callable[[Step], None] = lambda step: None) -> None:
        self.client = client
        self.played = played
        self.customers: dict[str, str] = {}  # incident -> customer id
        self.tickets: dict[str, str] = {}  # incident -> ticket number
        self.orders: dict[str, str] = {}  # incident -> work order number
        self.refused: list[Refusal] = []
        self._queue = Queue([])
        self._again: list[Step] = []
        self._awaited: list[tuple[Step, float]] = []
        self._tries: Counter[str] = Counter()

    def save_customers(self, callers: Mapping[str, str]) -> None:
        """Every caller becomes a customer, by the fixed rules; `callers` gives each incident's."""
        wanted = sorted(set(callers.values()))
        answers = self.client.call_many([_save_customer(caller) for caller in wanted], window=TOGETHER)
        ids = {caller: _sure(answer)["customer_id"] for caller, answer in zip(wanted, answers, strict=True)}
        self.customers = {incident: ids[caller] for incident, caller in callers.items()}

    def play(self, steps: Iterable[Step]) -> None:
        """Every step, each after the effects that it builds on; raises StackTrouble."""
        self._queue = Queue(steps)
        while self._queue or self._again or self._awaited:
            turn = self._again + self._possible(self._queue.take(TOGETHER))
            asked, self._again, self._awaited = self._awaited, [], []
            questions = [Request.query("dispatch", "get_work", ticket_no=self.tickets[s.incident]) for s, _ in asked]
            answers = self.client.call_many([*map(self._request, turn), *questions], window=2 * TOGETHER)
            for step, answer in zip(turn, answers[: len(turn)], strict=True):
                self._take_in(step, answer)
            for (step, until), answer in zip(asked, answers[len(turn) :], strict=True):
                self._look(step, until, answer)
            if not turn and self._awaited:
                time.sleep(POLL_SECONDS)

    def _possible(self, steps: list[Step]) -> list[Step]:
        """Without those whose ticket was refused: they are refused with it, and listed."""
        orphans = [step for step in steps if step.method != "submit_ticket" and step.incident not in self.orders]
        for step in orphans:
            self._refuse(step, "NotFound", "there is no ticket: it was refused")
        return [step for step in steps if step not in orphans]

    def _request(self, step: Step) -> Request:
        service = "intake" if step.method in INTAKES else "dispatch"
        fields = {**step.fields, **self._names(step), "at": step.at, "request_id": step.request_id}
        return Request.command(service, step.method, **fields)

    def _names(self, step: Step) -> dict[str, str]:
        if step.method == "submit_ticket":
            return {"customer_id": self.customers[step.incident]}
        if step.method in INTAKES:
            return {"ticket_no": self.tickets[step.incident]}
        return {"order_no": self.orders[step.incident]}

    def _take_in(self, step: Step, answer: Any) -> None:
        if isinstance(answer, Unavailable):
            self._tries[step.request_id] += 1
            if self._tries[step.request_id] == TRIES:
                raise StackTrouble(f"{step.request_id}: {answer}")
            self._again.append(step)  # the same request id: answered once, however often it is asked
        elif isinstance(answer, LoopdeskError):
            self._refuse(step, answer.code, answer.message)
        elif step.method == "submit_ticket":
            self.tickets[step.incident] = answer["ticket_no"]
            self._await(step)
        elif step.method in ASSIGNING and not answer["agent"]:
            self._await(step)
        else:
            self._done(step)

    def _await(self, step: Step) -> None:
        self._awaited.append((step, time.monotonic() + PATIENCE_SECONDS))

    def _look(self, step: Step, until: float, answer: Any) -> None:
        """Has the work come to somebody? It comes by an event, or by the next agent with room."""
        work = None if isinstance(answer, Unavailable | NotFound) else _sure(answer)
        if work and (work["agent"] or work["state"] in OVER):
            self.orders[step.incident] = work["order_no"]
            self._done(step)
        elif time.monotonic() < until:
            self._awaited.append((step, until))
        else:
            raise StackTrouble(f"{step.request_id}: nobody has the work after {PATIENCE_SECONDS:g} s")

    def _refuse(self, step: Step, code: str, reason: str) -> None:
        self.refused.append(Refusal(step, code, reason))
        self._done(step)

    def _done(self, step: Step) -> None:
        self._queue.release(step)
        self.played(step)


def _save_customer(caller: str) -> Request:
    return Request.command(
        "intake",
        "save_customer",
        request_id=f"caller/{rules.number_in(caller)}",
        name=caller,
        language=rules.language_of(caller),
        phone=rules.phone_of(caller),
        email=rules.email_of(caller),
        preferred_channels=rules.channels_of(caller),
        area=rules.area_of(caller),
        household=rules.household_of(caller),
    )


def _sure(answer: Any) -> Any:
    if isinstance(answer, LoopdeskError):
        raise StackTrouble(f"{answer.code}: {answer}")
    return answer
