"""Work that lives at random: moves that people might make, at any time, whatever comes of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from services.dispatch import domain
from services.dispatch.domain import Decision, Order, Reference
from services.dispatch.domain.rollouts.repin import apply_newer, extend_horizons
from services.dispatch.domain.work import supervising
from shared.errors import IllegalMove, NotFound, ValidationError
from tests.unit.dispatch.timelines import CALENDARS, LOOP, PARTS, WAITING, Timeline, a_policy, a_reference

Move = Callable[[Order, datetime], Decision]

#: From here, a few months take in the clock changes of every zone that has them.
STARTS = (datetime(2026, 3, 27, 20, 0, tzinfo=UTC), datetime(2026, 10, 23, 9, 30, 0, 250_000, tzinfo=UTC))
RAISING = [
    {"clock": "first_response", "at": 0.9, "level": 1, "tell": ["owner"]},
    {"clock": "resolution", "at": 0.9, "level": 1, "tell": ["owner"], "raise_priority": True},
    {"clock": "resolution", "after": "2h", "level": 2, "tell": ["supervisor"], "raise_priority": True},
    {"clock": "next_update", "after": "30m", "level": 1, "tell": ["owner"], "raise_priority": True},
]
HUGE = a_policy("huge", when='priority == "P1"', reopening="resume", pause={"other": ["first_response", "step"]})


def versions() -> list[Reference]:
    """Ways to promise: two policies that priorities choose among, escalations that raise, with and without a flow."""
    everything = ["first_response", "resolution", "next_update", "step", "group"]
    policies = [
        [a_policy()],
        [a_policy(reopening="resume", escalations=RAISING)],
        [HUGE, a_policy(escalations=RAISING, pause={WAITING: everything, PARTS: ["group", "resolution"]})],
    ]
    flows: list[dict[str, Any]] = [{}, {"loop": LOOP}]
    return [a_reference(*chosen, flows=flow) for chosen in policies for flow in flows]


VERSIONS = versions()
#: For work that newer reference data reach: the same calendars, of which version 1 knows little.
KNOWN_TO = {"horizon": "2026-03-30"}
FURTHER = {"horizon": "2028-01-01"}
FREE = {"days": {"2026-03-31": {"closed": True, "name": "free"}, "2026-04-01": {"open": ["10:00-11:00"]}}}
SHORT_SIGHTED = {code: body | KNOWN_TO | {"days": {}} for code, body in CALENDARS.items()}
FAR_SIGHTED = {code: body | FURTHER | FREE for code, body in CALENDARS.items()}
OLDER = a_reference(a_policy(escalations=RAISING), calendars=SHORT_SIGHTED, flows={"loop": LOOP})
NEWER = a_reference(HUGE, a_policy(pause={PARTS: ["resolution", "step"]}), calendars=FAR_SIGHTED, version=2)


def _given(order: Order, at: datetime) -> Decision:
    return domain.assign(order, at, "a1")


def _all_done(order: Order, at: datetime) -> Decision:
    return domain.complete_step(order, at, step=str(order.visits[-1].number) if order.visits else None, solution="ok")


MOVES: dict[str, Move] = {
    "assign": _given,
    "accept": domain.accept,
    "respond": domain.respond,
    "hold for the customer": lambda order, at: domain.hold(order, at, WAITING),
    "hold for parts": lambda order, at: domain.hold(order, at, PARTS),
    "hold for something": lambda order, at: domain.hold(order, at, "other"),
    "resume": domain.resume,
    "P1": lambda order, at: domain.prioritise(order, at, "P1", "worse"),
    "P3": lambda order, at: domain.prioritise(order, at, "P3", "better"),
    "P4": lambda order, at: domain.prioritise(order, at, "P4", "much better"),
    "complete": _all_done,
    "resolve": lambda order, at: domain.resolve(order, at, "ok"),
    "reopen": lambda order, at: domain.reopen(order, at, reason="not so", cause="customer"),
    "dissatisfied": lambda order, at: domain.reopen_dissatisfied(order, at, round=order.round, reason="worse"),
    "urge": lambda order, at: supervising.urge(order, at, by="customer"),
    "withdraw": lambda order, at: domain.withdraw(order, at, "never mind"),
    "wait": lambda order, at: (order, []),
}
ROLLED = {
    "apply to open": lambda order, at: apply_newer(order, at, NEWER, "why not"),
    "extend horizons": lambda order, at: extend_horizons(order, at, NEWER),
}
PAUSES = st.one_of(
    st.just(timedelta()),
    st.integers(1, 4 * 3_600_000).map(lambda ms: timedelta(milliseconds=ms)),
    st.integers(1, 40).map(lambda hours: timedelta(hours=hours)),
    st.integers(1, 9).map(lambda days: timedelta(days=days)),
)


@st.composite
def timelines(draw: st.DrawFn, longest: int = 14) -> Timeline:
    """Work with up to so many moves, each of them one that the rules allow then."""
    at = draw(st.sampled_from(STARTS))
    priority = draw(st.sampled_from(["P1", "P2", "P3", "P4"]))
    return _lived(draw, Timeline(at, draw(st.sampled_from(VERSIONS)), priority=priority), MOVES, longest)


@st.composite
def rolled_timelines(draw: st.DrawFn, longest: int = 14) -> Timeline:
    """Work that newer reference data may reach, by either way, at any time."""
    priority = draw(st.sampled_from(["P1", "P2", "P3", "P4"]))
    return _lived(draw, Timeline(STARTS[0], OLDER, NEWER, priority=priority), MOVES | ROLLED, longest)


KEEN = {"complete": 5, "resolve": 5, "reopen": 10, "dissatisfied": 5, "resume": 4, "respond": 3, "extend horizons": 3}


def _lived(draw: st.DrawFn, timeline: Timeline, moves: Mapping[str, Move], longest: int) -> Timeline:
    at = timeline.order.opened_at
    timeline.do(at, domain.assign, "a1")
    for pause in draw(st.lists(PAUSES, max_size=longest)):
        at += pause
        timeline.do(at, moves[draw(st.sampled_from(_allowed(timeline.order, at, moves)))])
    return timeline


def _allowed(order: Order, at: datetime, moves: Mapping[str, Move]) -> list[str]:
    """The names of the moves that the rules do not refuse; those that keep work going several times."""
    order, _ = domain.advance(order, at)
    allowed = [name for name, move in moves.items() if not _refused(order, at, move)]
    return [name for name in allowed for _ in range(KEEN.get(name, 1))]


def _refused(order: Order, at: datetime, move: Move) -> bool:
    try:
        move(order, at)
    except (IllegalMove, NotFound, ValidationError):
        return True
    return False
