"""Dispatch's RPC methods: supervision (督办). Commands on work answer with its receipt."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from services.dispatch import answers, domain
from services.dispatch.domain.people.duty_log import DESK
from services.dispatch.domain.work import supervising
from services.dispatch.schemas import supervision as schemas_supervision
from services.dispatch.storage import duty_log, worklists, workload
from services.dispatch.store import Decide, DispatchStore
from shared.bus import Call, command, query
from shared.errors import Forbidden, ValidationError
from shared.mongo import Mongo


class Supervision:
    """Urging, watching and intervening; worklists, workload and the duty log."""

    store: Mongo[DispatchStore]

    @command("work", schemas_supervision.Urge)
    def urge(self, call: Call, order_no: str, by: str, note: str | None) -> Any:
        """Somebody wants it done; its owner is told, and from the third time on the supervisor.

        Raises NotFound, NoSuchMove, TooSoon, and Forbidden for a supervisor's urge without `supervise`.
        """
        if by == supervising.SUPERVISOR and "supervise" not in call.permissions:
            raise Forbidden(f"{call.caller} is no supervisor", permission="supervise", field="by")
        return self._supervise(call, order_no, lambda order, at: supervising.urge(order, at, by=by, note=note))

    @command("work", schemas_supervision.Watch)
    def watch(self, call: Call, order_no: str, watcher: str) -> Any:
        """The agent hears of what becomes of it.

        Raises NotFound (work, agent), NoSuchMove, NothingChanges, TooManyWatchers.
        """
        self.store.agents.get(watcher)
        return self._supervise(call, order_no, lambda order, at: supervising.watch(order, at, watcher))

    @command("work", schemas_supervision.Watch)
    def unwatch(self, call: Call, order_no: str, watcher: str) -> Any:
        """The agent hears of it no more. Raises NotFound, NoSuchMove, NothingChanges."""
        return self._supervise(call, order_no, lambda order, at: supervising.unwatch(order, at, watcher))

    @command("supervise", schemas_supervision.OverridePriority)
    def override_priority(self, call: Call, order_no: str, priority: str, reason: str) -> Any:
        """As `prioritise`, by a supervisor. Raises NotFound, NoSuchMove, NothingChanges."""
        by = supervising.SUPERVISOR
        return self._supervise(call, order_no, lambda order, at: domain.prioritise(order, at, priority, reason, by))

    @command("supervise", schemas_supervision.Intervene)
    def intervene(self, call: Call, order_no: str, reason: str, instruction: str) -> Any:
        """A supervisor tells its owners what is to be done; recorded. Raises NotFound, NoSuchMove."""
        return self._supervise(
            call,
            order_no,
            lambda order, at: supervising.intervene(order, at, reason=reason, instruction=instruction),
        )

    @query("read", schemas_supervision.FindWorklist)
    def find_worklist(self, call: Call, name: str, limit: int, after: str | None, **filters: str) -> Any:
        """A page of a list, what is to be done first first: {list, work: [...], next}.

        Raises ValidationError, NotFound (team, agent).
        """
        self._require_known(filters)
        wanted = worklists.query(name, filters, after)
        found, more = worklists.page(self.store.orders, self.store.books, wanted, limit, self.store.now())
        return {"list": name, "work": found, "next": more}

    @query("read", schemas_supervision.GetWorkload)
    def get_workload(self, call: Call, by: str, since: datetime | None, until: datetime | None, **of: str) -> Any:
        """What everybody has now, and what came of what they had in the period.

        Raises ValidationError (period), NotFound (team, agent, shift).
        """
        since, until = self._period(since, until, workload.USUAL, workload.longest(of))
        self._require_known(of)
        wanted = workload.Wanted(by=by, since=since, until=until, of=of)
        return {"by": by, "from": since, "to": until, "rows": self.store.workload.rows(wanted)}

    @command("work", schemas_supervision.AppendDutyLog)
    def append_duty_log(self, call: Call, team: str | None, text: str) -> Any:
        """One more entry: {log_id, entry}; none is ever changed. Raises NotFound (team)."""
        if team is not None:
            self.store.reference.current().team(team)
        return self.store.duty_logs.append(call, team, text)

    @query("read", schemas_supervision.FindDutyLog)
    def find_duty_log(
        self,
        call: Call,
        team: str | None,
        desk: bool,
        since: datetime | None,
        until: datetime | None,
        limit: int,
        after: str | None,
    ) -> Any:
        """A page, the newest first: {entries: [...], next}. Raises ValidationError (period, after)."""
        since, until = self._period(since, until, duty_log.USUAL, duty_log.LONGEST)
        before = duty_log.turn_of(after) if after is not None else None
        period = duty_log.Period(since, until, before)
        entries, more = self.store.duty_logs.find(DESK if desk else team, period, limit)
        return {"from": since, "to": until, "entries": entries, "next": more}

    def _require_known(self, filters: Mapping[str, str]) -> None:
        """`NotFound` for a team or a shift that there never was, and for an agent: else all would seem well."""
        if "team" in filters and not self.store.workload.ever_had(filters["team"]):
            self.store.reference.current().team(filters["team"])
        if "agent" in filters:
            self.store.agents.get(filters["agent"])
        if "shift" in filters:
            self.store.reference.require_shift(filters["shift"])

    def _supervise(self, call: Call, order_no: str, decide: Decide) -> Any:
        return self.store.change(call, order_no, decide, answers.receipt)

    def _period(
        self, since: datetime | None, until: datetime | None, usual: timedelta, longest: timedelta
    ) -> tuple[datetime, datetime]:
        """The period that is meant; `ValidationError` for one that is none, or too long to be read at once."""
        until = until or self.store.now()
        since = since or until - usual
        if until <= since:
            raise ValidationError({"to": ["Is not after from."]})
        if until - since > longest:
            raise ValidationError({"from": [f"The period is longer than {longest.days} days."]})
        return since, until
