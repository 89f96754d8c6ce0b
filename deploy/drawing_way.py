"""One work order's way through its flow as a Mermaid flowchart: each visit of a step, when, by whom, whether late."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any

from deploy.drawing import label, names
from services.dispatch.domain.flows.flow import ONE_STEP, Flow, Split

STYLES = {
    "done": "color:#111,fill:#e8f5e9,stroke:#2e7d32",
    "open": "color:#111,fill:#fff8e1,stroke:#f9a825,stroke-width:3px",
    "missed": "color:#111,fill:#ffebee,stroke:#c62828",
    "aside": "color:#111,fill:#eeeeee,stroke:#757575,stroke-dasharray:4",
}
ENDS = {"step_completed": "", "step_skipped": "跳过 skipped"}
HAS = ("work_assigned", "work_transferred", "work_handed_over")  # who has the step from then on, or nobody
GIVEN_BACK = ("work_lapsed", "work_declined")  # by whom it names: nobody has the step from then on
STATIONS = {
    "work_linked": "并入群体性故障 Linked",
    "work_resolved": "已解决 Resolved",
    "work_withdrawn": "已撤回 Withdrawn",
    "work_closed": "已关闭 Closed",
}


@dataclass
class Stop:
    """A visit of a step, or a station such as "resolved"; `outcome` says how it ended where that was not as usual."""

    id: str
    title: str
    since: datetime
    step: str = ""
    until: datetime | None = None
    agent: str = ""
    outcome: str = ""
    style: str = "open"
    missed: bool = False


@dataclass
class Way:
    """The stops and the arrows between them; `ended` are those from which no arrow had gone out at the last end."""

    flow: Flow | None
    stops: list[Stop] = field(default_factory=list)
    arrows: list[tuple[str, str, str]] = field(default_factory=list)  # from, to, why ("" for the usual course)
    ended: list[Stop] = field(default_factory=list)
    left: set[str] = field(default_factory=set)  # those of `ended` that an arrow has left since
    simple: bool = False  # work without a flow
    why: str = ""  # of a course out of the usual: the reason of a reroute

    def open_stops(self) -> list[Stop]:
        """Where the work is now."""
        return [stop for stop in self.stops if stop.style == "open"]

    def begin(self, stop: Stop) -> None:
        """A stop is come to, from those that lead there."""
        for before in self._sources(stop):
            self.arrows.append((before.id, stop.id, self.why))
            self.left.add(before.id)
        self.stops.append(stop)

    def end(self, stop: Stop, at: datetime, style: str = "done", outcome: str = "") -> None:
        """A stop is left."""
        stop.until, stop.style, stop.outcome = at, style, outcome
        self.ended = [before for before in self.ended if before.id not in self.left]
        self.left.clear()
        self.ended.append(stop)

    def _sources(self, stop: Stop) -> list[Stop]:
        if self.why or not (stop.step and self.flow):
            return [before for before in self.ended if before.id not in self.left] or self.ended[-1:]
        return [before for before in self.ended if _leads(self.flow, before.step, stop.step)] or self.ended[-1:]


def way(order_no: str, history: Iterable[Mapping[str, Any]], flow: Flow | None = None, zone: tzinfo = UTC) -> str:
    """The drawing, ending in a newline, with times in `zone`.

    `history` is as `get_work` tells it; `flow`, where it is known, says which step led to which.
    """
    told = Way(flow)
    for entry in history:
        _tell(told, entry)
    lines = ["flowchart TD", f"  begin_([{label(order_no)}])"]
    lines += [f"  {stop.id}{_shape(stop, zone)}:::{'missed' if stop.missed else stop.style}" for stop in told.stops]
    lines += [f"  begin_ --> {stop.id}" for stop in told.stops[:1]]
    lines += [f"  {before} {f'-.->|{label(why)}|' if why else '-->'} {after}" for before, after, why in told.arrows]
    lines += [f"  classDef {name} {style}" for name, style in STYLES.items()]
    return "\n".join(lines) + "\n"


def _tell(told: Way, entry: Mapping[str, Any]) -> None:
    """Take one entry of the history in."""
    kind, data, at = entry["type"], entry.get("data") or {}, datetime.fromisoformat(entry["at"])
    if kind == "step_opened":
        told.begin(Stop(f"visit_{data['visit']}", names(data["step_name"]), at, data["step"]))
        told.why = ""
    elif kind == "step_passed_over":
        passed = Stop(f"passed_{len(told.stops)}", names(data["step_name"]), at, data["step"], at)
        passed.style, passed.outcome = "aside", "不需要 passed over"
        told.begin(passed)
        told.ended.append(passed)
    elif kind in (*HAS, *GIVEN_BACK):
        for stop in told.open_stops() if told.simple else _of_visit(told, data):
            stop.agent = "" if kind in GIVEN_BACK else data.get("agent") or ""
    elif kind in ENDS:
        for stop in _of_visit(told, data):
            told.end(stop, at, "aside" if ENDS[kind] else "done", ENDS[kind])
    elif kind == "deadline_missed" and data.get("clock") == "step":
        for stop in _of_visit(told, data):
            stop.missed = True
    elif kind == "work_rerouted":
        for stop in [stop for stop in told.open_stops() if stop.step in data["from_steps"]]:
            told.end(stop, at, "aside", "干预 rerouted")
        told.why = data["reason"]
    elif kind == "work_opened":
        told.simple = data["flow"] is None
        _one_step(told, at)
    elif kind == "work_triaged":
        for stop in told.open_stops():
            told.end(stop, at, "done", "研判 triaged")
        told.simple = data["flow"] is None
        _one_step(told, at)
    elif kind == "work_unlinked" and told.stops[-1].title == STATIONS["work_linked"]:
        told.why = f"拆出 unlinked: {data['reason']}"
        _one_step(told, at)
    elif kind == "work_reopened":
        told.why = f"重新打开 reopened: {data['reason']}"
        _one_step(told, at)
    elif kind in STATIONS:
        for stop in told.open_stops():
            done = told.simple and kind == "work_resolved"
            told.end(stop, at, *(("done", "") if done else ("aside", "未完成 not done")))
        station = Stop(f"station_{len(told.stops)}", STATIONS[kind], at, until=at)
        told.begin(station)
        told.end(station, at)


def _one_step(told: Way, at: datetime) -> None:
    """Work without a flow: one step, of which nothing is told by itself."""
    if told.simple:
        told.begin(Stop(f"work_{len(told.stops)}", names(ONE_STEP.name), at, ONE_STEP.start))
        told.why = ""


def _of_visit(told: Way, data: Mapping[str, Any]) -> Iterator[Stop]:
    return (stop for stop in told.stops if stop.id == f"visit_{data.get('visit')}")


def _leads(flow: Flow, before: str, after: str) -> bool:
    edges = flow.steps[before].edges if before in flow.steps else ()
    return any(after in edge.branches if isinstance(edge, Split) else after == edge.to for edge in edges)


def _shape(stop: Stop, zone: tzinfo) -> str:
    since = _minute(stop.since, zone)
    if not stop.step:
        return f"([{label(stop.title, since)}])"
    times = f"{since} → {_minute(stop.until, zone) if stop.until else '进行中 open'}"
    return f"[{label(stop.title, times, stop.agent, stop.outcome, '超时 missed' if stop.missed else '')}]"


def _minute(at: datetime, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"
