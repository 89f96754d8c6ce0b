"""Work as measured: what one work order's events say, folded so that order and repetition do not matter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from shared.events import Event

#: Conditions: the newest of dispatch's events knows best.
CONDITIONS = ("ticket_no", "customer_id", "type", "category", "priority", "team", "round")

#: Facts count once: event type, or `type/clock` -> (name of the fact, what is kept of it). A name may ask for the
#: event's fields. A step is promised anew by every visit; the other promises are the order's.
FACTS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "work_opened": ("opened", ("opened_at", "first_response_due", "resolution_due")),
    "work_responded": ("responded", ("responded_at", "due", "met")),
    "work_resolved": ("resolved/{round}", ("resolved_at", "due", "met")),
    "work_reopened": ("reopened/{round}", ("cause",)),
    "work_closed": ("closed/{round}", ("closed_at", "outcome")),
    "work_withdrawn": ("withdrawn", ("reason",)),
    "deadline_missed": ("missed/{clock}/{round}", ("due",)),
    "deadline_missed/step": ("missed/step/{visit}", ("due",)),
    "step_completed": ("step/{visit}", ("due", "met")),
    "survey_due": ("surveyed/{round}", ("expires_at",)),
    "survey_answered": ("answered/{round}", ("score",)),
}


@dataclass(frozen=True, kw_only=True)
class Work:
    """The read model of one work order. `newest` is the number of the event that the conditions come from."""

    order_no: str
    newest: int = 0
    conditions: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def opened_at(self) -> datetime | None:
        """The time that puts the order into a period; None until `work_opened` has come."""
        return self.facts["opened"]["opened_at"] if "opened" in self.facts else None


def fold(work: Work, event: Event) -> Work:
    """The work after one more event of dispatch or of feedback itself: any order, any repetition, the same result."""
    if event.source == "dispatch" and event.number > work.newest:
        work = replace(work, newest=event.number, conditions={name: event.data[name] for name in CONDITIONS})
    clock = f"{event.type}/{event.data.get('clock')}"
    if clock not in FACTS and event.type not in FACTS:
        return work
    template, kept = FACTS.get(clock) or FACTS[event.type]
    name = template.format_map(event.data)
    known = work.facts.get(name)
    if known and known["number"] <= event.number:
        return work
    fact = {"number": event.number, "at": event.at, **{key: event.data[key] for key in kept}}
    return replace(work, facts=dict(sorted({**work.facts, name: fact}.items())))


def counts(work: Work) -> dict[str, int]:
    """The work as addends of the figures (domain/kpi.py): 0 or 1 each, but for what comes per round or per visit."""
    facts = work.facts
    resolved = _numbered(facts, "resolved/")
    reopened = _numbered(facts, "reopened/")
    responded = facts.get("responded")
    # what was kept in the end was kept: another priority may have taken a miss back
    late_response = not responded["met"] if responded else bool(_numbered(facts, "missed/first_response/"))
    open_and_late = _numbered(facts, "missed/resolution/") - resolved
    late_resolution = bool(open_and_late) or any(not facts[f"resolved/{r}"]["met"] for r in resolved)
    completed = _numbered(facts, "step/")
    late_steps = _numbered(facts, "missed/step/") | {v for v in completed if facts[f"step/{v}"]["met"] is False}
    steps_in_time = {v for v in completed if facts[f"step/{v}"]["met"]} - late_steps
    last_round = max(reopened, default=0)
    answered = _numbered(facts, "answered/")
    surveyed = _numbered(facts, "surveyed/") | answered  # an answer proves its survey, which may come later
    scores = [facts[f"answered/{round_}"]["score"] for round_ in answered]
    known = {
        "opened": True,
        "response_met": responded is not None and not late_response,
        "response_missed": late_response,
        "resolution_met": last_round in resolved and not late_resolution,
        "resolution_missed": late_resolution,
        "steps_met": len(steps_in_time),
        "steps_missed": len(late_steps),
        "missed_update": bool(_numbered(facts, "missed/next_update/")),
        "missed_group": bool(_numbered(facts, "missed/group/")),
        "resolved": bool(resolved or reopened),
        "reopened": bool(reopened),
        "closed": f"closed/{last_round}" in facts,
        "withdrawn": "withdrawn" in facts,
        "surveyed": len(surveyed),
        **{f"score_{score}": scores.count(score) for score in range(1, 6)},
    }
    return {name: int(value) for name, value in known.items()}


def _numbered(facts: Mapping[str, Mapping[str, Any]], prefix: str) -> set[int]:
    return {int(name.removeprefix(prefix)) for name in facts if name.startswith(prefix)}
