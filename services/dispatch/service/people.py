"""Dispatch's RPC methods: agents, their shifts and their presence. Every command answers the agent, but `heartbeat`."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from services.dispatch import domain
from services.dispatch.answers import people as answers_people
from services.dispatch.domain import Agent, AgentEntry
from services.dispatch.domain.people import absences
from services.dispatch.domain.people.agent import AgentDecide, AgentDecision
from services.dispatch.domain.people.on_duty import who_is_on
from services.dispatch.domain.people.presence import Status
from services.dispatch.domain.people.saving import saved_as
from services.dispatch.schemas import people as schemas_people
from services.dispatch.store import DispatchStore
from shared.bus import Call, command, query
from shared.mongo import Mongo


class People:
    """Agents, their shifts and their presence."""

    store: Mongo[DispatchStore]

    @command("supervise", schemas_people.SaveAgent)
    def save_agent(self, call: Call, agent_id: str, **given: Any) -> Any:
        """Creates or changes it. Raises NotFound (team, skill, channel, rota), ValidationError, TwoDuties,
        TooLittleRest.
        """
        reference, entry = self.store.reference.current(), AgentEntry.from_dict(agent_id, given)

        def decide(agent: Agent, at: datetime) -> AgentDecision:
            return saved_as(agent, at, entry, reference)

        return self.store.save_agent(call, agent_id, decide, self._agent_answer)

    @command("work", schemas_people.SetPresence)
    def set_presence(self, call: Call, agent_id: str, status: str, expires_in: int | None) -> Any:
        """What an agent says of itself. Raises NotFound."""
        usual = self.store.reference.current().presence_expires
        lasts = timedelta(seconds=expires_in) if expires_in is not None else usual

        def decide(agent: Agent, at: datetime) -> AgentDecision:
            return domain.set_presence(agent, at, Status(status), lasts)

        return self._change_agent(call, agent_id, decide)

    @command("work", schemas_people.Heartbeat)
    def heartbeat(self, call: Call, agent_id: str) -> Any:
        """A sign of life: what the agent said of itself goes on being believed. Raises NotFound."""
        return answers_people.sign_of_life(self.store.agents.hear(agent_id, call.at or self.store.now()))

    @command("supervise", schemas_people.RecordLeave)
    def record_leave(self, call: Call, agent_id: str, **given: Any) -> Any:
        """It is not there in a period. Raises NotFound, OnLeave, TooManyExceptions."""
        return self._change_agent(call, agent_id, lambda agent, at: absences.record_leave(agent, at, **given))

    @command("supervise", schemas_people.CancelLeave)
    def cancel_leave(self, call: Call, agent_id: str, leave_id: str, reason: str) -> Any:
        """A leave does not take place, or ends now. Raises NotFound, LeaveIsOver, TwoDuties, TooLittleRest."""
        roster = self.store.reference.current().roster

        def decide(agent: Agent, at: datetime) -> AgentDecision:
            return absences.cancel_leave(agent, at, roster, leave_id=leave_id, reason=reason)

        return self._change_agent(call, agent_id, decide)

    @command("supervise", schemas_people.AddDuty)
    def add_duty(self, call: Call, agent_id: str, date: date, shift: str, reason: str) -> Any:
        """It works a shift besides its rota.

        Raises NotFound (agent, shift), NoRota, ValidationError, DutyHasBegun, OnLeave, TwoDuties, TooLittleRest,
        TooManyExceptions.
        """
        roster = self.store.reference.current().roster

        def decide(agent: Agent, at: datetime) -> AgentDecision:
            return absences.add_duty(agent, at, roster, day=date, shift=shift, reason=reason)

        return self._change_agent(call, agent_id, decide)

    @command("supervise", schemas_people.CancelDuty)
    def cancel_duty(self, call: Call, agent_id: str, duty_id: str, reason: str) -> Any:
        """An extra duty does not take place, or ends now. Raises NotFound (agent, duty), DutyHasBegun."""

        def decide(agent: Agent, at: datetime) -> AgentDecision:
            return absences.cancel_duty(agent, at, duty_id=duty_id, reason=reason)

        return self._change_agent(call, agent_id, decide)

    @command("supervise", schemas_people.SwapShifts)
    def swap_shifts(self, call: Call, agent_id: str, date: date, with_agent: str, with_date: date, reason: str) -> Any:
        """Two agents work each other's duty; for both or for neither.

        Raises NotFound (agent, duty), NoRota, DutyHasBegun, OnLeave, TwoDuties, TooLittleRest, TooManyExceptions.
        """
        roster = self.store.reference.current().roster

        def decide(agent: Agent, other: Agent, at: datetime) -> tuple[AgentDecision, AgentDecision]:
            return absences.swap_shifts((agent, date), (other, with_date), at, roster, reason=reason)

        return self.store.swap_shifts(call, agent_id, with_agent, decide, self._agent_answer)

    @query("read", schemas_people.GetAgent)
    def get_agent(self, call: Call, agent_id: str) -> Any:
        """The agent. Raises NotFound."""
        return self._agent_answer(self.store.agents.get(agent_id))

    @query("read", schemas_people.FindAgents)
    def find_agents(self, call: Call, limit: int, after: str | None, **filters: Any) -> Any:
        """A page, by id: {agents: [...], next: cursor of the next page, or null}."""
        found, more = self.store.agents.find(filters, limit, after)
        return {"agents": [self._agent_answer(agent) for agent in found], "next": more}

    @query("read", schemas_people.WhoIsOn)
    def who_is_on(self, call: Call, limit: int, after: str | None, at_time: datetime | None, **team: str) -> Any:
        """A page, by id, of how a team's agents stand: {at, agents: [...], next}. Raises NotFound (team)."""
        reference, at = self.store.reference.current(), at_time or self.store.now()
        for code in team.values():
            reference.team(code)
        found, more = self.store.agents.find(team, limit, after)
        rows = who_is_on(found, reference.roster, at, live=at_time is None)
        return {"at": at, "agents": [answers_people.standing(row) for row in rows], "next": more}

    @query("read", schemas_people.GetRoster)
    def get_roster(
        self, call: Call, since: datetime, until: datetime, limit: int, after: str | None, **whose: str
    ) -> Any:
        """A page, by id, of agents' duties in a period: {agents: [...], next}. Raises NotFound (team, agent)."""
        reference = self.store.reference.current()
        if "agent_id" in whose:
            found, more = [self.store.agents.get(whose["agent_id"])], None
        else:
            reference.team(whose["team"])
            found, more = self.store.agents.find(whose, limit, after)
        rows = [answers_people.roster(agent, reference.roster, since, until) for agent in found]
        return {"agents": rows, "next": more}

    def _change_agent(self, call: Call, agent_id: str, decide: AgentDecide) -> Any:
        return self.store.change_agent(call, agent_id, decide, self._agent_answer)

    def _agent_answer(self, state: Agent) -> dict[str, Any]:
        return answers_people.agent(state, self.store.reference.current().roster, self.store.now())
