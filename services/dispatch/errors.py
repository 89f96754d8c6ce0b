"""What dispatch refuses, by name."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from shared.clock import to_text
from shared.errors import IllegalMove, LoopdeskError, NotFound, ValidationError


class NoSuchMove(IllegalMove):
    """The transition table lacks this move in this state."""

    def __init__(self, order_no: str, move: str, state: str) -> None:
        super().__init__(f"{order_no}: cannot {move} work that is {state}", rule="transition", move=move, state=state)


class StaleRound(IllegalMove):
    """It speaks of an earlier round of the work: the work was reopened since."""

    def __init__(self, order_no: str, told: int, now: int) -> None:
        super().__init__(
            f"{order_no}: told of round {told}, the work is in round {now}", rule="round", round=told, current=now
        )


class Ineligible(IllegalMove):
    """The agent that was asked for cannot have the work: `limits` names what excludes it (docs/assignment.md)."""

    def __init__(self, agent_id: str, limits: Sequence[str]) -> None:
        super().__init__(
            f"agent {agent_id!r} cannot have it: {', '.join(limits)}",
            rule="eligible",
            agent=agent_id,
            limits=list(limits),
        )


class NotOnTeam(IllegalMove):
    """The agent that was asked for does not belong to the team."""

    def __init__(self, agent_id: str, team: str) -> None:
        super().__init__(f"agent {agent_id!r} is not on team {team!r}", rule="membership", agent=agent_id, team=team)


class NothingChanges(IllegalMove):
    """The work is already where it should go."""

    def __init__(self, order_no: str, where: str, said: str | None = None) -> None:
        said = said or f"is already with {where!r}"
        super().__init__(f"{order_no}: {said}", rule="destination", where=where)


class InThePast(ValidationError):
    """An appointment lies ahead."""

    def __init__(self, starts_at: datetime) -> None:
        super().__init__({"starts_at": [f"{to_text(starts_at)} is not ahead."]})


class NoAppointment(IllegalMove):
    """Nobody is to come."""

    def __init__(self, order_no: str) -> None:
        super().__init__(f"{order_no} has no appointment", rule="appointments", order_no=order_no)


class NoSuchClock(NotFound):
    """The work has no clock of that name; `known` are those that it has."""

    def __init__(self, order_no: str, name: str, known: Sequence[str]) -> None:
        has = f"has {', '.join(known)}" if known else "has none yet"
        LoopdeskError.__init__(
            self, f"{order_no}: no clock {name!r}; it {has}", what="clock", key=name, known=list(known)
        )


class NameTheStep(IllegalMove):
    """Several open steps could be meant."""

    def __init__(self, order_no: str, move: str, steps: list[str]) -> None:
        super().__init__(
            f"{order_no}: say which step to {move}: {', '.join(steps)} are open", rule="step", move=move, steps=steps
        )


class StepsRemain(IllegalMove):
    """The work is not done yet: these steps are open, or would be next."""

    def __init__(self, order_no: str, steps: list[str]) -> None:
        super().__init__(f"{order_no}: has to go through {', '.join(steps)} yet", rule="steps_remain", steps=steps)


class CannotLeave(IllegalMove):
    """The step's exit condition does not hold."""

    def __init__(self, order_no: str, step: str, condition: str) -> None:
        super().__init__(
            f"{order_no}: step {step!r} is done only when {condition}", rule="exit", step=step, condition=condition
        )


class NotSkippable(IllegalMove):
    """The step may not be skipped, or not now."""

    def __init__(self, order_no: str, step: str, why: str) -> None:
        super().__init__(f"{order_no}: step {step!r} {why}", rule="skip", step=step)


class OutOfBlock(IllegalMove):
    """Work cannot be sent into a parallel branch that it is not in."""

    def __init__(self, order_no: str, to: str) -> None:
        super().__init__(f"{order_no}: step {to!r} is in a parallel branch that is not open", rule="block", step=to)


class TooSoon(IllegalMove):
    """The same side has urged the work a short while ago; `again_at` is when it may again."""

    def __init__(self, order_no: str, by: str, again_at: datetime) -> None:
        again = to_text(again_at)
        super().__init__(f"{order_no}: the {by} may urge it again at {again}", rule="urge", by=by, again_at=again)


class TooManyWatchers(IllegalMove):
    """As many watch the work as may."""

    def __init__(self, order_no: str, most: int) -> None:
        super().__init__(f"{order_no}: {most} watch it already, which is the most", rule="watchers", most=most)


class AlreadyVoid(IllegalMove):
    """The fee was voided before."""

    def __init__(self, order_no: str, fee: int) -> None:
        super().__init__(f"{order_no}: fee {fee} is void already", rule="void", fee=fee)


class CycleOfStandIns(IllegalMove):
    """The work of an agent would come back to it; `chain` begins and ends with it, `at` is the first such instant."""

    def __init__(self, chain: Sequence[str], at: datetime) -> None:
        super().__init__(
            f"at {to_text(at)} the work would come back: {' -> '.join(chain)}",
            rule="cycle",
            chain=list(chain),
            at=to_text(at),
        )


class OverlappingHandOver(IllegalMove):
    """The agent's work is handed over for a part of that period already."""

    def __init__(self, agent_id: str, other: str, since: datetime, until: datetime) -> None:
        super().__init__(
            f"the work of agent {agent_id!r} is handed over from {to_text(since)} to {to_text(until)} already",
            rule="overlap",
            agent=agent_id,
            hand_over=other,
            since=to_text(since),
            until=to_text(until),
        )


class TooManyHandOvers(IllegalMove):
    """There are as many hand-overs, planned or under way, as the register holds."""

    def __init__(self, most: int) -> None:
        super().__init__(f"{most} hand-overs are planned or under way, which is the most", rule="at_once", most=most)


# triage and mass incidents


class NotTriaged(IllegalMove):
    """Experts have still to say what it is."""

    def __init__(self, order_no: str) -> None:
        super().__init__(f"{order_no}: is in triage: say first what it is (triage_work)", rule="triage")


class NotInTriage(IllegalMove):
    """It is known what it is."""

    def __init__(self, order_no: str) -> None:
        super().__init__(f"{order_no}: is not in triage", rule="not_in_triage")


class NotAMassIncident(IllegalMove):
    """Nothing is linked to it: nobody has declared it a mass incident."""

    def __init__(self, order_no: str) -> None:
        super().__init__(f"{order_no}: is no mass incident", rule="mass_incident", parent=order_no)


class MassOfMass(IllegalMove):
    """A mass incident is nobody's part: there are no chains."""

    def __init__(self, order_no: str, parent: str) -> None:
        said = f"{order_no}: is a mass incident itself, so it cannot be linked to {parent}"
        super().__init__(said, rule="chain", parent=parent)


class MassIncidentOver(IllegalMove):
    """Nothing is linked to a mass incident that is over."""

    def __init__(self, parent: str, state: str) -> None:
        super().__init__(f"{parent}: is {state}; nothing can be linked to it", rule="over", parent=parent, state=state)


class NotSettled(IllegalMove):
    """The work linked to it is just being resolved with an earlier round of it."""

    def __init__(self, parent: str) -> None:
        said = f"{parent}: was reopened while what is linked to it is still being resolved; link it a moment later"
        super().__init__(said, rule="settling", parent=parent)


class NotOnShift(IllegalMove):
    """The agent neither takes over from the shift of the log nor supervises its team: it cannot acknowledge it."""

    def __init__(self, agent_id: str, log_id: str) -> None:
        super().__init__(
            f"agent {agent_id!r} neither takes over from the shift of {log_id} nor supervises its team",
            rule="next_shift",
            agent=agent_id,
            log_id=log_id,
        )


class ShiftNotOver(IllegalMove):
    """The shift goes on: its log is not written yet."""

    def __init__(self, log_id: str) -> None:
        super().__init__(f"the shift of {log_id} is not over yet", rule="shift_end", log_id=log_id)


class AlreadyAcknowledged(IllegalMove):
    """The next shift has read the log."""

    def __init__(self, log_id: str, by: str) -> None:
        super().__init__(f"{log_id} was acknowledged by {by!r}", rule="acknowledged", log_id=log_id, by=by)


class TooManyNotes(IllegalMove):
    """The log of a shift has as many notes as it takes."""

    def __init__(self, log_id: str, most: int) -> None:
        super().__init__(f"{log_id} has {most} notes, which is the most", rule="notes", log_id=log_id, most=most)


class NoShiftAhead(IllegalMove):
    """Nobody of the team has a duty in the next two weeks, so no shift would ever leave the note to another."""

    def __init__(self, team: str) -> None:
        super().__init__(f"nobody of team {team!r} has a duty ahead", rule="no_shift", team=team)


class NoRota(IllegalMove):
    """Who has no rota has no duties that could be added or swapped."""

    def __init__(self, agent_id: str) -> None:
        super().__init__(f"agent {agent_id!r} is on no rota", rule="rota", agent=agent_id)


class TwoDuties(IllegalMove):
    """The agent would have two duties at once."""

    def __init__(self, agent_id: str, one: str, other: str) -> None:
        super().__init__(
            f"agent {agent_id!r} would have two duties at once: {one} and {other}",
            rule="two_duties",
            agent=agent_id,
            duties=[one, other],
        )


class TooLittleRest(IllegalMove):
    """There would be less rest between two duties of the agent than the work rule asks for."""

    def __init__(self, agent_id: str, one: str, other: str, rest: timedelta) -> None:
        super().__init__(
            f"agent {agent_id!r} would have less than {rest} of rest between {one} and {other}",
            rule="rest",
            agent=agent_id,
            duties=[one, other],
            rest_seconds=rest // timedelta(seconds=1),
        )


class OnLeave(IllegalMove):
    """The agent is on leave then."""

    def __init__(self, agent_id: str, leave: str, since: datetime, until: datetime) -> None:
        super().__init__(
            f"agent {agent_id!r} is on leave from {to_text(since)} to {to_text(until)} ({leave})",
            rule="leave",
            agent=agent_id,
            leave=leave,
        )


class LeaveIsOver(IllegalMove):
    """What is over cannot be cancelled."""

    def __init__(self, agent_id: str, leave: str) -> None:
        super().__init__(f"{leave} of agent {agent_id!r} is over", rule="leave_over", agent=agent_id, leave=leave)


class DutyHasBegun(IllegalMove):
    """A duty that has begun is not swapped, and none is added, or cancelled, that is over."""

    def __init__(self, agent_id: str, shift: str, day: str) -> None:
        super().__init__(
            f"{shift!r} of {day} has begun or is over", rule="duty_begun", agent=agent_id, shift=shift, date=day
        )


class TooManyExceptions(IllegalMove):
    """So many leaves, swaps and extra duties of one agent are no rota any more."""

    def __init__(self, agent_id: str, most: int) -> None:
        super().__init__(
            f"agent {agent_id!r} has {most} exceptions to its rota, which is the most",
            rule="exceptions",
            agent=agent_id,
            most=most,
        )
