"""Dispatch's RPC methods: work that experts look at first, and work that stands for many."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from services.dispatch import answers, domain
from services.dispatch.domain import Decision, Order
from services.dispatch.domain.work import about, incidents
from services.dispatch.schemas import incidents as schemas_incidents
from services.dispatch.store import DispatchStore
from shared.bus import Call, command, query
from shared.mongo import Mongo


class Incidents:
    """Work that experts look at first, and work that stands for many."""

    store: Mongo[DispatchStore]

    @command("work", schemas_incidents.TriageWork)
    def triage_work(self, call: Call, order_no: str, complained_of: str | None, **what: Any) -> Any:
        """Experts say what work in triage is: its own course begins, or it is part of a mass incident that it matches.

        Raises NotFound (work, team, agent), NoSuchMove, NotInTriage, ValidationError (category).
        """
        if complained_of is not None:
            self.store.agents.get(complained_of)

        def decide(order: Order, at: datetime) -> Decision:
            return domain.triage_work(order, at, complained_of=complained_of, **what)

        return self.store.incidents.change(call, order_no, decide, answers.receipt)

    @command("supervise", schemas_incidents.SetSubject)
    def set_subject(self, call: Call, order_no: str, agent: str | None, reason: str) -> Any:
        """Whom a complaint is about (null: nobody), who then never has it, and has it no more.

        Raises NotFound (work, agent), NoSuchMove, NothingChanges.
        """
        if agent is not None:
            self.store.agents.get(agent)
        return self.store.change_with_seats(
            call, order_no, lambda order, at: about.set_subject(order, at, agent, reason), answers.receipt
        )

    @command("supervise", schemas_incidents.DeclareMassIncident)
    def declare_mass_incident(
        self, call: Call, order_no: str, eta: datetime | None, match: str | None, reason: str
    ) -> Any:
        """The work stands for many from now on. Raises NotFound, NoSuchMove, ValidationError (match, eta)."""
        return self.store.change(
            call,
            order_no,
            lambda order, at: incidents.declare(order, at, eta=eta, match=match, reason=reason),
            answers.receipt,
        )

    @command("work", schemas_incidents.LinkWork)
    def link_work(self, call: Call, order_no: str, parent: str, reason: str) -> Any:
        """The work is part of a mass incident, and done with it.

        Raises NotFound, NoSuchMove, NotAMassIncident, MassOfMass, MassIncidentOver, NotSettled.
        """
        return self.store.incidents.link(call, order_no, parent, reason, answers.receipt)

    @command("work", schemas_incidents.UnlinkWork)
    def unlink_work(self, call: Call, order_no: str, reason: str) -> Any:
        """It is no part of it, and begins anew on its own. Raises NotFound, NoSuchMove."""
        return self.store.change_with_seats(
            call, order_no, lambda order, at: incidents.unlink(order, at, reason), answers.receipt
        )

    @command("work", schemas_incidents.AnnounceEta)
    def announce_eta(self, call: Call, order_no: str, eta: datetime | None, note: str | None) -> Any:
        """By when the mass incident will be over: every reporter is told.

        Raises NotFound, NoSuchMove, NotAMassIncident, NothingChanges, ValidationError (eta).
        """
        return self.store.change(
            call, order_no, lambda order, at: incidents.announce(order, at, eta=eta, note=note), answers.receipt
        )

    @query("read", schemas_incidents.FindMassIncidents)
    def find_mass_incidents(self, call: Call, limit: int) -> Any:
        """The open ones, the oldest first: {mass_incidents: [...]}."""
        found = [self.store.orders.get(doc["_id"]) for doc in self.store.incidents.open_ones(limit)]
        return {"mass_incidents": [answers.summary(order) for order in found]}
