"""Reading the time limit of a step or a group of steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any

from services.dispatch.domain.clocks.terms import measured, time_of
from services.dispatch.domain.flows.steps import Escalation, Limit
from services.dispatch.domain.reference.known import Known

EXPERT = "expert"  # instead of a team's code: the expert team of the team that has the work
OF_A_LIMIT = ("calendar", "warn_at", "escalations")
Tell = Callable[[str, str], None]  # path, message


def read_limit(body: Mapping[str, Any], team: str | None, known: Known, fault: Tell) -> Limit | None:
    """The limit that `body` sets for what `team` does, or None; all of its members stand beside `within`."""
    if body.get("within") is None:
        for name in OF_A_LIMIT:
            if body.get(name) is not None:
                fault(name, "belongs to a limit; say `within`, or leave this out")
        return None
    calendar, levels = body.get("calendar"), body.get("escalations") or ()
    if calendar is not None and calendar not in known.calendars:
        fault("calendar", f"no calendar {calendar!r}; there are {', '.join(sorted(known.calendars)) or 'none'}")
    days = _working_days(calendar, known)
    _time("within", body["within"], days, fault)
    for number, level in enumerate(levels):
        here = f"escalations.{number}"
        if level["level"] in [before["level"] for before in levels[:number]]:
            fault(f"{here}.level", f"level {level['level']} stands here twice")
        if "after" in level:
            _time(f"{here}.after", level["after"], days, fault)
        for place, message in _unfit(level, team, known):
            fault(here + place, message)
    limit = Limit(
        within=body["within"],
        calendar=calendar,
        warn_at=tuple(sorted(set(body.get("warn_at") or ()))),
        escalations=tuple(Escalation(**{**level, "tell": tuple(level.get("tell") or ())}) for level in levels),
    )
    for number in sorted(_out_of_turn(limit, days)):
        fault(f"escalations.{number}.level", f"level {levels[number]['level']} is reached before a lower one")
    return limit


def _out_of_turn(limit: Limit, days: list[timedelta | None]) -> set[int]:
    """Which escalations are reached before one of a lower level, in any of the calendars."""
    early: set[int] = set()
    for day in days:
        with suppress(ValueError):  # a time that is none has been told
            order = [mark.level for mark in measured(limit, day)[1] if mark.level]
            early |= {level for place, level in enumerate(order) if level > min(order[place:])}
    return {number for number, escalation in enumerate(limit.escalations) if escalation.level in early}


def _unfit(level: Mapping[str, Any], team: str | None, known: Known) -> Iterator[tuple[str, str]]:
    """What is wrong with an escalation beside its times: place, message."""
    if ("at" in level) == ("after" in level):
        yield "", "says when: either `at`, a part of the limit, or `after`, the time past due"
    target = level.get("move_to")
    if target == EXPERT:
        if not (team in known.with_experts if team else known.with_experts):
            yield ".move_to", f"team {team} has no expert_team" if team else "no team has an expert_team"
    elif target is not None and target not in known.teams:
        yield ".move_to", f"no team {target!r}; there are {', '.join(sorted(known.teams))}, or {EXPERT}"
    if not (level.get("tell") or level.get("raise_priority") or target):
        yield "", "does nothing; name whom to tell, raise_priority or move_to"


def _working_days(calendar: str | None, known: Known) -> list[timedelta | None]:
    """The working days of every calendar in which the limit may be counted."""
    names = known.default_calendars if calendar is None else [calendar]
    return [known.calendars[name] for name in names if name in known.calendars]


def _time(path: str, text: str, days: list[timedelta | None], fault: Tell) -> None:
    """A time has to be one in each of the calendars."""
    for day in days or [timedelta(hours=24)]:
        try:
            time_of(text, day)
        except ValueError as error:
            fault(path, str(error))
            return
