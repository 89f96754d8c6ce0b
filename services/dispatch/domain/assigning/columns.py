"""Many candidates in little room: column by column, each value that many share written once.

A column is a list of values, or, where few values recur, `{"of": [values], "is": "0010…"}` with one sign of SIGNS for
each candidate. Times are whole milliseconds (all times of Loopdesk are) after the instant of the choice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from string import ascii_letters, digits
from typing import Any

from services.dispatch.domain.assigning.candidate import Candidate

SIGNS = digits + ascii_letters
TIMES = frozenset({"duty_since", "duty_until", "last_assigned_at"})
LISTS = frozenset({"languages", "channels"})
MILLISECOND = timedelta(milliseconds=1)
_USUAL = Candidate("")._asdict()
_NUMBER = {sign: number for number, sign in enumerate(SIGNS)}


def packed(candidates: Sequence[Candidate], at: datetime) -> tuple[list[str], dict[str, Any], dict[str, Any]]:
    """Their ids in order, what all have in common unless it is as usual, and the other columns in that order."""
    same: dict[str, Any] = {}
    each: dict[str, Any] = {}
    ordered = sorted(candidates, key=lambda who: who.agent_id)
    for name, values in zip(Candidate._fields[1:], list(zip(*ordered, strict=True))[1:], strict=False):
        out, first = _out(name, at), values[0]
        if values.count(first) < len(values):
            each[name] = _column(values, out)
        elif first != _USUAL[name]:
            same[name] = out(first)
    return [who.agent_id for who in ordered], same, each


def unpacked(agents: Sequence[str], same: Mapping[str, Any], each: Mapping[str, Any], at: datetime) -> list[Candidate]:
    """The candidates again, in the order of their ids."""
    columns = []
    for name in Candidate._fields[1:]:
        if name in each:
            columns.append(_values(each[name], _back(name, at)))
        else:
            columns.append([_back(name, at)(same[name]) if name in same else _USUAL[name]] * len(agents))
    return list(map(Candidate, agents, *columns))


def _column(values: Sequence[Any], out: Callable[[Any], Any]) -> Any:
    different = list(dict.fromkeys(values))
    if len(different) > len(SIGNS) or 2 * len(different) > len(values):
        return [out(value) for value in values]
    sign = dict(zip(different, SIGNS, strict=False))
    return {"of": [out(value) for value in different], "is": "".join([sign[value] for value in values])}


def _values(column: Any, back: Callable[[Any], Any]) -> list[Any]:
    if not isinstance(column, Mapping):
        return [back(value) for value in column]
    different = [back(value) for value in column["of"]]
    return [different[_NUMBER[sign]] for sign in column["is"]]


def _out(name: str, at: datetime) -> Callable[[Any], Any]:
    """How a value of that column is written."""
    if name in TIMES:
        return lambda time: None if time is None else (time - at) // MILLISECOND
    return list if name in LISTS else lambda value: value


def _back(name: str, at: datetime) -> Callable[[Any], Any]:
    """How it is read again."""
    if name in TIMES:
        return lambda number: None if number is None else at + number * MILLISECOND
    return tuple if name in LISTS else lambda value: value
