"""A case: the follow-up of one resolution with the customer, from survey to end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from services.feedback.errors import IllegalCaseMove, SurveyOver
from shared.events import Aggregate, Fact


class State(StrEnum):
    """Where a case stands."""

    AWAITED = "awaited"  # something came about the round before its resolution did
    OPEN = "open"
    SATISFIED = "satisfied"
    DISSATISFIED = "dissatisfied"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class Move(StrEnum):
    """What can happen to a case."""

    RESOLVE = "resolve"
    PRAISE = "praise"
    COMPLAIN = "complain"
    EXPIRE = "expire"
    WITHDRAW = "withdraw"


#: The only moves there are. Events come late and out of order: what ended stays ended, and a resolution that
#: comes after the end of its round sends no survey.
MOVES: Mapping[tuple[State, Move], State] = {
    (State.AWAITED, Move.RESOLVE): State.OPEN,
    (State.AWAITED, Move.WITHDRAW): State.WITHDRAWN,
    (State.OPEN, Move.PRAISE): State.SATISFIED,
    (State.OPEN, Move.COMPLAIN): State.DISSATISFIED,
    (State.OPEN, Move.EXPIRE): State.EXPIRED,
    (State.OPEN, Move.WITHDRAW): State.WITHDRAWN,
    (State.WITHDRAWN, Move.RESOLVE): State.WITHDRAWN,
    (State.WITHDRAWN, Move.WITHDRAW): State.WITHDRAWN,
    (State.SATISFIED, Move.WITHDRAW): State.SATISFIED,
    (State.DISSATISFIED, Move.WITHDRAW): State.DISSATISFIED,
    (State.EXPIRED, Move.WITHDRAW): State.EXPIRED,
}


@dataclass(frozen=True, kw_only=True)
class Case(Aggregate):
    """One round of one work order. `token_hash` finds the case by its survey's token, which itself is not kept."""

    order_no: str
    ticket_no: str
    customer_id: str
    team: str
    priority: str
    round: int
    state: State = State.AWAITED
    token_hash: str | None = None
    resolved_at: datetime | None = None
    expires_at: datetime | None = None
    answered_at: datetime | None = None
    score: int | None = None
    comment: str | None = None
    closed_at: datetime | None = None

    @property
    def case_no(self) -> str:
        """`<order_no>/<round>`."""
        return case_no(self.order_no, self.round)


def case_no(order_no: str, round_: int) -> str:
    """The number of the case that follows up this round of a work order."""
    return f"{order_no}/{round_}"


def awaited(work: Mapping[str, Any], round_: int) -> Case:
    """The case before its resolution is known; `work` is the data of any dispatch event of the order."""
    shared = ("order_no", "ticket_no", "customer_id", "team", "priority")
    return Case(round=round_, **{name: work[name] for name in shared})


def send_survey(
    case: Case, at: datetime, work: Mapping[str, Any], days: float, token_hash: str
) -> tuple[Case, list[Fact]]:
    """The work was resolved: a survey goes out, and runs out after `days`; none if the round is over already."""
    resolved_at: datetime = work["resolved_at"]
    state = _after(case, Move.RESOLVE)
    case = replace(case, state=state, team=work["team"], priority=work["priority"], resolved_at=resolved_at)
    if state is State.WITHDRAWN:
        return case, [Fact("resolution_overtaken", at, {"resolved_at": resolved_at})]
    expires_at = resolved_at + timedelta(days=days)
    opened = replace(case, token_hash=token_hash, expires_at=expires_at)
    return opened, [Fact("survey_due", at, {"resolved_at": resolved_at, "expires_at": expires_at})]


def answer(
    case: Case, at: datetime, score: int, comment: str | None, dissatisfied_at_most: int
) -> tuple[Case, list[Fact]]:
    """The customer's one answer; `SurveyOver` when the case does not wait for one."""
    if case.state is not State.OPEN:
        raise SurveyOver(case.case_no, case.state)
    said = {"score": score, "comment": comment}
    answered = replace(case, answered_at=at, score=score, comment=comment, closed_at=at)
    facts = [Fact("survey_answered", at, said)]
    if score <= dissatisfied_at_most:
        return replace(answered, state=_after(case, Move.COMPLAIN)), [*facts, Fact("case_dissatisfied", at, said)]
    return replace(answered, state=_after(case, Move.PRAISE)), [*facts, _closed(at, "satisfied")]


def take_reply(
    case: Case, at: datetime, reply_id: str, score: int, comment: str | None, dissatisfied_at_most: int
) -> tuple[Case, list[Fact]]:
    """A message that answers the survey: as `answer`, and what became of it is told back.

    What the case waits for no more cannot be taken; `repeated`: the customer has said the same by another way.
    """
    if case.state is not State.OPEN:
        no_more = score == case.score and comment in (None, case.comment)
        why = "repeated" if no_more else case.state.value
        return case, [_settled(at, reply_id, why)]
    answered, facts = answer(case, at, score, comment, dissatisfied_at_most)
    return answered, [*facts, _settled(at, reply_id, None)]


def withdraw(case: Case, at: datetime, reason: str) -> tuple[Case, list[Fact]]:
    """The work was reopened or withdrawn: no answer is waited for any more. A case that had ended stays as it is."""
    state = _after(case, Move.WITHDRAW)
    if state is case.state:
        return case, []
    return replace(case, state=state, closed_at=at), [Fact("case_withdrawn", at, {"reason": reason})]


def go_live(case: Case, at: datetime) -> tuple[Case, list[Fact]]:
    """The replay of the work has ended: from here on the case's timer runs by the clock."""
    return replace(case, replay_until=None), [Fact("case_went_live", at)]


def advance(case: Case, to: datetime) -> tuple[Case, list[Fact]]:
    """The survey that ran out up to `to` closes its case at the instant at which it fell due."""
    due = next_due(case)
    if due is None or due > to:
        return case, []
    return replace(case, state=_after(case, Move.EXPIRE), closed_at=due), [_closed(due, "no_answer")]


def next_due(case: Case) -> datetime | None:
    """When the case must be looked at by itself: as its survey runs out."""
    return case.expires_at if case.state is State.OPEN else None


def _after(case: Case, move: Move) -> State:
    try:
        return MOVES[case.state, move]
    except KeyError:
        raise IllegalCaseMove(case.case_no, case.state, move) from None


def _settled(at: datetime, reply_id: str, why: str | None) -> Fact:
    return Fact("reply_settled", at, {"reply_id": reply_id, "taken": why is None, "why": why})


def _closed(at: datetime, outcome: str) -> Fact:
    return Fact("case_closed", at, {"outcome": outcome, "closed_at": at})
