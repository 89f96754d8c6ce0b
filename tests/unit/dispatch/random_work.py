"""Work that lives at random: moves that people might make, at any time, whatever comes of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from services.dispatch import domain
from services.dispatch.domain import Decision, Order, Reference
from services.dispatch.domain.repin import apply_newer, extend_horizons
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
KNOWN_TO = {"horizon": "2026-04-02"}
FURTHER = {"horizon": "2028-01-01"}
FREE = {"days": {"2026-04-08": {"closed": True, "name": "free"}, "2026-04-09": {"open": ["10:00-11:00"]}}}
SHORT_SIGHTED = {code: body | KNOWN_TO | {"days": {}} for code, body in CALENDARS.items()}
FAR_SIGHTED = {code: body | FURTHER | FREE for code, body in CALENDARS.items()}
OLDER = a_reference(a_policy(escalations=RAISING), calendars=SHORT_SIGHTED, flows={"loop": LOOP})
NEWER = a_reference(HUGE, a_policy(pause={PARTS: ["resolution", "step"]}), calendars=FAR_SIGHTED, version=2)


def _nobody_has(order: Order, at: datetime) -> Decision:
    return domain.assign(order, at, "a1")


def _all_done(order: Order, at: datetime) -> Decision:
    return domain.complete_step(order, at, step=str(order.visits[-1].number) if order.visits else None, solution="ok")


MOVES: dict[str, Move] = {
    "assign": _nobody_has,
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
    "withdraw": lambda order, at: domain.withdraw(order, at, "never mind"),
    "wait": lambda order, at: (order, []),
}
ROLLED = {
    "apply to open": lambda order, at: apply_newer(order, at, NEWER, "why not"),
    "extend horizons": lambda order, at: extend_horizons(order, at, NEWER),
}
#: Most of the time something is done that keeps the work going.
CHOICE = st.sampled_from([*MOVES, "assign", "assign", "complete", "complete", "respond", "resume", "resume"])
PAUSES = st.one_of(
    st.just(timedelta()),
    st.integers(1, 4 * 3_600_000).map(lambda ms: timedelta(milliseconds=ms)),
    st.integers(1, 40).map(lambda hours: timedelta(hours=hours)),
    st.integers(1, 9).map(lambda days: timedelta(days=days)),
)


@st.composite
def timelines(draw: st.DrawFn, longest: int = 14) -> Timeline:
    """Work with up to so many moves; those that the rules refuse are not made."""
    at = draw(st.sampled_from(STARTS))
    priority = draw(st.sampled_from(["P1", "P2", "P3", "P4"]))
    timeline = Timeline(at, draw(st.sampled_from(VERSIONS)), priority=priority)
    for pause, name in draw(st.lists(st.tuples(PAUSES, CHOICE), max_size=longest)):
        at += pause
        attempt(timeline, at, MOVES[name])
    return timeline


@st.composite
def rolled_timelines(draw: st.DrawFn, longest: int = 14) -> Timeline:
    """Work that newer reference data may reach, by either way, at any time."""
    at = STARTS[0]
    timeline = Timeline(at, OLDER, NEWER, priority=draw(st.sampled_from(["P1", "P2", "P3", "P4"])))
    choice = st.one_of(CHOICE, st.sampled_from(sorted(ROLLED)))
    for pause, name in draw(st.lists(st.tuples(PAUSES, choice), max_size=longest)):
        at += pause
        attempt(timeline, at, (MOVES | ROLLED)[name])
    return timeline


def attempt(timeline: Timeline, at: datetime, move: Move) -> None:
    """What the rules refuse is not done; time passes all the same."""
    try:
        timeline.do(at, move)
    except (IllegalMove, NotFound, ValidationError):
        timeline.pass_to(at)
