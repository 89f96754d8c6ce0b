"""Worklists: which lists of a supervisor open work stands in, what is to be done next about it, and by when. Pure.

All of it follows from the work's state alone, so that it can be kept with the work and found by an index (ADR 65).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from services.dispatch.domain.clocks.clock import Clock, Kind, Promise
from services.dispatch.domain.work import supervising
from services.dispatch.domain.work.order import Order
from services.dispatch.domain.work.states import OVER, Stage, State
from services.dispatch.domain.work.telling import measured
from services.dispatch.domain.work.visit import Visit

LISTS = ("near", "missed", "urged", "unaccepted", "held_long", "reopened", "stranded")
"""Near a deadline, past one, urged and not answered, given and not accepted, held too long, reopened, nobody can."""

ACTIONS: Mapping[str, Mapping[str, str]] = {
    "find_somebody": {"zh-CN": "无人可派，请协调人员", "en": "nobody can take it: find somebody"},
    "assign": {"zh-CN": "派给处理人", "en": "give it to somebody"},
    "accept": {"zh-CN": "接单", "en": "accept it"},
    "triage": {"zh-CN": "研判", "en": "say what it is"},
    "respond": {"zh-CN": "首次响应客户", "en": "respond to the customer"},
    "answer_urge": {"zh-CN": "答复催办", "en": "answer the urge"},
    "update_customer": {"zh-CN": "告知客户进展", "en": "tell the customer how it goes"},
    "complete_step": {"zh-CN": "完成环节", "en": "complete the step"},
    "resolve": {"zh-CN": "解决", "en": "resolve it"},
    "resume": {"zh-CN": "落实挂起原因后恢复", "en": "see to what it is held for, and resume it"},
    "wait_for_parent": {"zh-CN": "随主工单处理", "en": "it is done with its mass incident"},
}
"""What may be next, with its names; of two things by the same instant, the one that stands here first."""

_RANK = {action: rank for rank, action in enumerate(ACTIONS)}
_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class NextAction:
    """The next thing to do: `by` when (None: there is no time), and who: these agents, or anybody of the team."""

    action: str
    by: datetime | None
    team: str
    who: tuple[str, ...] = ()

    def late(self, at: datetime) -> bool:
        """Whether that time has passed."""
        return self.by is not None and self.by < at


def lists_of(order: Order) -> dict[str, tuple[Visit, ...]]:
    """List -> the open steps by which the work stands in it; none for work that is over."""
    if order.state in OVER:
        return {}
    held, everything = order.state is State.HELD, order.visits
    running = [clock for clock in order.clocks.values() if clock.since is not None]
    found: dict[str, Sequence[Visit] | None] = {
        "near": _about(order, [clock for clock in running if _is_near(clock)]),
        "missed": _about(order, [clock for clock in running if clock.missed]),
        "urged": everything if order.pressure.unanswered else None,
        "unaccepted": _those(visit for visit in everything if visit.state is Stage.ASSIGNED and not held),
        "held_long": everything if held and order.hold_late else None,
        "reopened": everything if order.round else None,
        "stranded": _those(visit for visit in everything if _is_stranded(visit) and not held),
    }
    return {name: tuple(visits) for name, visits in found.items() if visits is not None}


def keys_of(order: Order) -> list[str]:
    """What its document is found by: each list, and each list of a team, agent, type and customer tier."""
    keys: dict[str, None] = {}
    for name, visits in lists_of(order).items():
        teams = [visit.need.team for visit in visits] or [order.team]
        agents = [visit.agent for visit in visits if visit.agent]
        keys[name] = None
        keys |= dict.fromkeys(key(name, "team", team) for team in teams)
        keys |= dict.fromkeys(key(name, "agent", agent) for agent in agents)
        keys |= {key(name, "type", order.type): None} | ({key(name, "tier", order.tier): None} if order.tier else {})
    return list(keys)


def key(name: str, by: str, value: str) -> str:
    """The key of a list of one team, agent, type or tier; no code holds its signs."""
    return f"{name}|{by}={value}"


def next_action(order: Order) -> NextAction | None:
    """The next thing to do: of all that there is to do, what is to be done first; None for work that is over."""
    if order.state in OVER:
        return None
    return min(_to_do(order), key=lambda one: (one.by or _NEVER, _RANK[one.action]), default=None)


def act_by(order: Order) -> datetime:
    """By when that is; for work that has no time, the end of all time: it stands last in its lists."""
    following = next_action(order)
    return (following.by if following else None) or _NEVER


# the lists


def _is_near(clock: Clock) -> bool:
    return not clock.missed and any(key.startswith(Kind.NEAR) for key in clock.settled)


def _is_stranded(visit: Visit) -> bool:
    return visit.agent is None and visit.stranded is not None


def _about(order: Order, clocks: Sequence[Clock]) -> list[Visit] | None:
    """The open steps that any of these clocks is about, each once; None without a clock."""
    if not clocks:
        return None
    concerned = {visit.number for clock in clocks for visit in measured(order, clock)}
    return [visit for visit in order.visits if visit.number in concerned]


def _those(visits: Iterator[Visit]) -> list[Visit] | None:
    return list(visits) or None


# what there is to do


def _to_do(order: Order) -> Iterator[NextAction]:
    """Everything that there is to do."""
    running = [clock for clock in order.clocks.values() if clock.since is not None and clock.due]
    if order.state is State.LINKED:
        yield NextAction(action="wait_for_parent", by=None, team=order.team)
    elif order.state is State.HELD:
        dues = [order.hold_due, *(clock.due for clock in running if clock.promise not in _TOWARDS_THE_CUSTOMER)]
        yield _by_all(order, "resume", min((due for due in dues if due), default=None))
    else:
        yield from (_with_step(order, visit, running) for visit in order.visits)
    if order.pressure.unanswered:
        since = max(order.pressure.urged_at.values())
        yield _by_all(order, "answer_urge", since + supervising.rules(order).urge_every)
    for clock in running:
        if clock.promise in _TOWARDS_THE_CUSTOMER:
            yield _by_all(order, _TOWARDS_THE_CUSTOMER[clock.promise], clock.due)


_TOWARDS_THE_CUSTOMER = {Promise.FIRST_RESPONSE: "respond", Promise.NEXT_UPDATE: "update_customer"}


def _with_step(order: Order, visit: Visit, running: Sequence[Clock]) -> NextAction:
    """What is next with an open step, by the first deadline that it is about."""
    taken = visit.state is Stage.ACCEPTED
    clocks = [clock for clock in running if not (taken and clock.promise in _TOWARDS_THE_CUSTOMER)]
    dues = [clock.due for clock in clocks if clock.due and visit in measured(order, clock)]
    if visit.accept_by is not None:
        dues.append(visit.accept_by)
    who: tuple[str, ...] = (visit.agent,) if visit.agent else ()
    if _is_stranded(visit):
        who = tuple(one for one in (visit.duty_manager or visit.supervisor,) if one)
    return NextAction(action=_step_action(order, visit), by=min(dues, default=None), team=visit.need.team, who=who)


def _step_action(order: Order, visit: Visit) -> str:
    if _is_stranded(visit):
        return "find_somebody"
    if visit.state is Stage.QUEUED:
        return "assign"
    if visit.state is Stage.ASSIGNED:
        return "accept"
    if order.triage:
        return "triage"
    return "complete_step" if order.flow else "resolve"


def _by_all(order: Order, action: str, by: datetime | None) -> NextAction:
    """To be done by whoever has an open step."""
    owners = dict.fromkeys(visit.agent for visit in order.visits if visit.agent)
    return NextAction(action=action, by=by, team=order.team, who=tuple(owners))
