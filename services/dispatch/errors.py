"""What dispatch refuses, by name."""

from __future__ import annotations

from collections.abc import Sequence

from shared.errors import IllegalMove, LoopdeskError, NotFound


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


class NoRoom(IllegalMove):
    """The agent that was asked for is absent or has as much work as it takes."""

    def __init__(self, agent_id: str) -> None:
        super().__init__(f"agent {agent_id!r} is absent or has no room", rule="room", agent=agent_id)


class NotOnTeam(IllegalMove):
    """The agent that was asked for does not belong to the team."""

    def __init__(self, agent_id: str, team: str) -> None:
        super().__init__(f"agent {agent_id!r} is not on team {team!r}", rule="membership", agent=agent_id, team=team)


class NothingChanges(IllegalMove):
    """The work is already where it should go."""

    def __init__(self, order_no: str, where: str) -> None:
        super().__init__(f"{order_no}: is already with {where!r}", rule="destination", where=where)


class NoSuchClock(NotFound):
    """The work has no clock of that name; `known` are those that it has."""

    def __init__(self, order_no: str, name: str, known: Sequence[str]) -> None:
        has = f"has {', '.join(known)}" if known else "has none yet"
        LoopdeskError.__init__(
            self, f"{order_no}: no clock {name!r}; it {has}", what="clock", key=name, known=list(known)
        )
