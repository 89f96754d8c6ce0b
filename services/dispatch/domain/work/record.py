"""A work order in document form, and what changed of it. Pure; times stay datetimes, counted time is milliseconds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

from services.dispatch.domain.clocks.clock import Clock, Kind, Lap, Mark
from services.dispatch.domain.clocks.pin import Pin
from services.dispatch.domain.work.facets import Appointment, Asked, Declined, MassIncident, Pressure, Raised
from services.dispatch.domain.work.order import Fee, Order
from services.dispatch.domain.work.states import Stage, State
from services.dispatch.domain.work.visit import Block, Need, Visit
from shared.events import KERNEL_FIELDS

Form = Callable[[Any], Any]
MILLISECOND = timedelta(milliseconds=1)
TRANSIENT = ("books", "seated", "waited", "was_held_since", "wishes")

FIELDS = tuple(field.name for field in fields(Order) if field.name not in (*KERNEL_FIELDS, *TRANSIENT))
"""The fields of a work order that its facts set and its document holds."""

OPTIONAL = ("appointment",)
"""Those of them that are not stored before there is one: work from before they were thought of has none either."""

MERGED = ("clocks",)
"""Those of them of which a fact sets single members (None: the member is gone)."""


def record(order: Order) -> dict[str, Any]:
    """The work order's own fields, as its document holds them."""
    there = (name for name in FIELDS if name not in OPTIONAL or getattr(order, name) is not None)
    return {name: _form(name, getattr(order, name)) for name in there}


def order_of(doc: Mapping[str, Any], **transient: Any) -> Order:
    """The work order that `record` made `doc` of; `transient` are the fields that no document holds."""
    there = (name for name in FIELDS if name not in OPTIONAL or name in doc)
    return Order(**{name: _value(name, doc[name]) for name in there}, **transient)


def changes(before: Order | None, order: Order) -> dict[str, Any]:
    """The fields in which the two differ, with their new values; of `MERGED` ones only the members that do."""
    if before is None:
        return record(order)
    changed: dict[str, Any] = {}
    for name in FIELDS:
        old, new = getattr(before, name), getattr(order, name)
        if old is not new and old != new:
            changed[name] = _clocks_changed(old, new) if name in MERGED else _form(name, new)
    return changed


def _clocks_changed(old: Mapping[str, Clock], new: Mapping[str, Clock]) -> dict[str, Any]:
    gone = dict.fromkeys(name for name in old if name not in new)
    return gone | {name: clock_form(clock) for name, clock in new.items() if old.get(name) != clock}


def _form(name: str, value: Any) -> Any:
    return value if value is None or name not in FORMS else FORMS[name][0](value)


def _value(name: str, stored: Any) -> Any:
    return stored if stored is None or name not in FORMS else FORMS[name][1](stored)


# the parts


def pin_form(pin: Pin) -> dict[str, Any]:
    """A pin as stored."""
    return {"code": pin.code, "version": pin.version}


def pin_of(doc: Mapping[str, Any]) -> Pin:
    """The pin in a document."""
    return Pin(doc["code"], doc["version"])


def clock_form(clock: Clock) -> dict[str, Any]:
    """A clock as stored, under its name."""
    return {
        "part": clock.part,
        "started_at": clock.started_at,
        "target": _milliseconds(clock.target),
        "calendar": pin_form(clock.calendar),
        "source": pin_form(clock.source),
        "marks": [
            {
                "key": mark.key,
                "kind": mark.kind.value,
                "position": _milliseconds(mark.position),
                "level": mark.level,
                "at": mark.at,
            }
            for mark in clock.marks
        ],
        "settled": list(clock.settled),
        "counted": _milliseconds(clock.counted),
        "since": clock.since,
        "paused": clock.paused,
        "due": clock.due,
        "provisional": clock.provisional,
        "laps": [{"since": lap.since, "counted": _milliseconds(lap.counted)} for lap in clock.laps],
        "done_at": clock.done_at,
        "called_off_at": clock.called_off_at,
        "missed": clock.missed,
        "acted": list(clock.acted),
    }


def clock_of(name: str, doc: Mapping[str, Any]) -> Clock:
    """The clock of that name in a document, or in a fact's `set`, where times are text."""
    return Clock(
        name=name,
        part=doc["part"],
        started_at=_instant(doc["started_at"]),
        target=doc["target"] * MILLISECOND,
        calendar=pin_of(doc["calendar"]),
        source=pin_of(doc["source"]),
        marks=tuple(
            Mark(
                key=mark["key"],
                kind=Kind(mark["kind"]),
                position=mark["position"] * MILLISECOND,
                level=mark["level"],
                at=_time(mark["at"]),
            )
            for mark in doc["marks"]
        ),
        settled=tuple(doc["settled"]),
        counted=doc["counted"] * MILLISECOND,
        since=_time(doc["since"]),
        paused=doc["paused"],
        due=_time(doc["due"]),
        provisional=doc["provisional"],
        laps=tuple(Lap(_instant(lap["since"]), lap["counted"] * MILLISECOND) for lap in doc["laps"]),
        done_at=_time(doc["done_at"]),
        called_off_at=_time(doc["called_off_at"]),
        missed=doc["missed"],
        acted=tuple(doc["acted"]),
    )


def _clocks_form(clocks: Mapping[str, Clock]) -> dict[str, Any]:
    return {name: clock_form(clock) for name, clock in clocks.items()}


def _clocks(doc: Mapping[str, Any]) -> dict[str, Clock]:
    return {name: clock_of(name, clock) for name, clock in doc.items()}


def _visit_form(visit: Visit) -> dict[str, Any]:
    return {**vars(visit), "state": visit.state.value, "need": dict(vars(visit.need)), "lapsed": list(visit.lapsed)}


def _visit(doc: Mapping[str, Any]) -> Visit:
    parts = {
        "state": Stage(doc["state"]),
        "need": Need(**doc["need"]),
        "opened_at": _time(doc["opened_at"]),
        "accept_by": _time(doc["accept_by"]),
        "lapsed": tuple(doc["lapsed"]),
    }
    return Visit(**{**doc, **parts})


def _declined(doc: Mapping[str, Any]) -> Declined:
    return Declined(**{**doc, "at": _time(doc["at"])})


def _pressure_form(pressure: Pressure) -> dict[str, Any]:
    return {**vars(pressure), "urged_at": dict(pressure.urged_at), "watchers": list(pressure.watchers)}


def _pressure(doc: Mapping[str, Any]) -> Pressure:
    urged_at = {by: _instant(at) for by, at in doc["urged_at"].items()}
    return Pressure(**{**doc, "urged_at": urged_at, "watchers": tuple(doc["watchers"])})


def _raised_form(raised: Raised) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in vars(raised).items()}


def _raised(doc: Mapping[str, Any]) -> Raised:
    whole: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in doc.items()}
    return Raised(**whole)


def _mass(doc: Mapping[str, Any]) -> MassIncident:
    return MassIncident(**{**doc, "eta": _time(doc["eta"])})


def _appointment(doc: Mapping[str, Any]) -> Appointment:
    return Appointment(**{**doc, "starts_at": _instant(doc["starts_at"]), "ends_at": _time(doc["ends_at"])})


def _fee(doc: Mapping[str, Any]) -> Fee:
    return Fee(**{**doc, "recorded_at": _time(doc["recorded_at"]), "voided_at": _time(doc["voided_at"])})


def _milliseconds(time: timedelta) -> int:
    return time // MILLISECOND


def _time(stored: datetime | str | None) -> datetime | None:
    return datetime.fromisoformat(stored) if isinstance(stored, str) else stored


def _instant(stored: datetime | str) -> datetime:
    return datetime.fromisoformat(stored) if isinstance(stored, str) else stored


def _each(one: Form) -> Form:
    def every(many: Iterable[Any]) -> list[Any]:
        return [one(item) for item in many]

    return every


def _tuple_of(one: Form) -> Form:
    def every(many: Iterable[Any]) -> tuple[Any, ...]:
        return tuple(one(item) for item in many)

    return every


def _plain(value: Any) -> dict[str, Any]:
    return dict(vars(value))


FORMS: Mapping[str, tuple[Form, Form]] = {
    "state": (lambda state: state.value, State),
    "opened_at": (lambda at: at, _time),
    "policy": (pin_form, pin_of),
    "flow": (pin_form, pin_of),
    "clocks": (_clocks_form, _clocks),
    "visits": (_each(_visit_form), _tuple_of(_visit)),
    "blocks": (_each(_plain), _tuple_of(lambda doc: Block(**doc))),
    "visited": (dict, dict),
    "doers": (dict, dict),
    "fields": (dict, dict),
    "fees": (_each(_plain), _tuple_of(_fee)),
    "held_since": (lambda at: at, _time),
    "hold_due": (lambda at: at, _time),
    "raised": (_each(_raised_form), _tuple_of(_raised)),
    "asked": (_plain, lambda doc: Asked(**doc)),
    "declined": (_each(_plain), _tuple_of(_declined)),
    "pressure": (_pressure_form, _pressure),
    "mass": (_plain, _mass),
    "appointment": (_plain, _appointment),
    "ended_at": (lambda at: at, _time),
}
"""Field -> (its form in a document, back); what is not named is stored as it is."""
