"""One demo from log to outcome, against a stack that runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

from deploy.demo import broadcast, messages, organisation, quiet, reference
from deploy.demo.log import Incident
from deploy.demo.outcome import Outcome, agreement, ask, explained, made_sla
from deploy.demo.plan import Plan, plan
from deploy.demo.play import Play, Refusal
from shared.client import Client
from shared.clock import to_text


class Watcher:
    """Hears how far the demo is; this one does nothing with it."""

    def stage(self, name: str, total: int | None = None) -> None:
        """A stage begins, of `total` steps if that is known."""

    def step(self) -> None:
        """One more step has had its effect."""

    def note(self, text: str) -> None:
        """How the stage stands, in words."""


@dataclass
class Session:
    """A demo of `incidents`; `everybody` is the whole log: a part of it finds the same teams as the whole.

    `client` calls as an account that may backdate and administer; `parked` counts parked messages by service. The
    messages are left readable in `folder`.
    """

    client: Client
    parked: Callable[[], dict[str, int]]
    incidents: list[Incident]
    everybody: list[Incident]
    folder: Path
    watcher: Watcher = field(default_factory=Watcher)
    seconds: dict[str, float] = field(default_factory=dict)

    def run(self) -> Outcome:
        """Everything; raises StackTrouble."""
        planned = plan(self.incidents, reference.routes(self.everybody))
        with self._stage("reference data"):
            organisation.install(self.client, self.everybody)
        play = Play(self.client, lambda step: self.watcher.step())
        with self._stage("customers"):
            play.save_customers(planned.callers)
        with self._stage("incidents", len(planned.steps)):
            play.play(planned.steps)
        return self._outcome(planned, play)

    def _outcome(self, planned: Plan, play: Play) -> Outcome:
        since = min(incident.submitted_at for incident in self.incidents)
        until = max(incident.submitted_at for incident in self.incidents) + timedelta(minutes=1)
        with self._stage("closing"):
            remaining = quiet.wait(self.client, since, until, lambda left: self.watcher.note(str(left)))
        with self._stage("broadcast"):
            told = broadcast.tell(self.client, datetime.now(UTC), self.watcher.note)
        with self._stage("figures"):
            answers = ask(self.client, since, until, play.orders)
        with self._stage("messages"):
            rendered = messages.write(self.client, self.folder)
        return Outcome(
            contacts=len(self.incidents),
            customers=len(set(play.customers.values())),
            answers=answers,
            parked=self.parked(),
            refused=[_told(refusal) for refusal in play.refused],
            untold=dict(planned.untold),
            first_group_transfers=planned.reroutes,
            log_made_sla=made_sla(self.incidents),
            agreement=agreement(self.incidents, answers.resolved_in_time),
            explained=explained(self.client, play.orders, answers.resolved_in_time),
            remaining=asdict(remaining),
            seconds=self.seconds,
            broadcast=told,
            rendered={"folder": str(self.folder), "messages": rendered},
        )

    @contextmanager
    def _stage(self, name: str, total: int | None = None) -> Iterator[None]:
        self.watcher.stage(name, total)
        began = monotonic()
        yield
        self.seconds[name] = round(monotonic() - began, 1)


def _told(refusal: Refusal) -> dict[str, str | int]:
    step = refusal.step
    return {
        "incident": step.incident,
        "row": step.row,
        "at": to_text(step.at),
        "method": step.method,
        "code": refusal.code,
        "reason": refusal.reason,
    }
