"""A work order for people: where it stands, its clocks, open steps, fields and fees, and all that happened to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from deploy.commands.session import out
from deploy.commands.times import VERDICTS, length, minute

Answer = Mapping[str, Any]

#: Told apart only where writing came later than this: a replay, a timer that was late.
AT_ONCE = timedelta(seconds=1)
#: In the top lines, in this order, where there is something to say.
TOP = (
    *("subject", "customer_id", "reference", "channel", "tier", "policy", "flow", "opened_at", "held_since"),
    *("hold_reason", "hold_note", "escalation", "supervisor", "duty_manager", "solution", "ended_at", "outcome"),
    *("triage", "parent", "mass_incident", "hold_due", "urges", "watchers", "replay_until"),
)
#: What every entry says of the work, or what stands in another column.
ELSEWHERE = frozenset(
    (
        *("team", "agent", "round", "priority", "teams", "owners", "supervisors", "duty_managers", "rule"),
        *("step_name", "reason_name", "part_name", "visit"),
    )
)
#: Facts that are about who has the work.
HANDING = dict.fromkeys(("work_assigned", "work_transferred", "work_handed_over"), ("team", "agent"))
WHY = ("reason", "why", "note")


def show(answer: Answer, zone: tzinfo, console: Console = out) -> None:
    """What `get_work` answers, times in that zone; readable from 100 columns on."""
    for part in (top(answer, zone), clocks(answer, zone), steps(answer, zone), *given(answer), history(answer, zone)):
        if part.row_count:
            console.print(part)
            console.print()


def top(answer: Answer, zone: tzinfo) -> Table:
    """Which work it is, and where it stands."""
    table = Table.grid(padding=(0, 2))
    named = f"{answer['order_no']} of {answer['ticket_no']}"
    about = f"{answer['priority']} {answer['type']}/{answer['category']}"
    state = answer["state"] + (f", round {answer['round']}" if answer["round"] else "")
    table.add_row(Text(named, "bold"), Text(f"{state}  {about}", "bold"))
    has = " / ".join(answer[name] for name in ("team", "agent") if answer[name])
    table.add_row("with", Text(has))
    for name in TOP:
        if answer.get(name):
            table.add_row(name.removesuffix("_id").replace("_", " "), _value(answer[name], zone))
    return table


def clocks(answer: Answer, zone: tzinfo) -> Table:
    """A line for each promise; `~`: due provisionally."""
    table = _table("clock", "state", f"due ({zone})", "left or over", "calendar", "by")
    for name, clock in answer["clocks"].items():
        left = clock["target_seconds"] - clock["counted_seconds"]
        state = clock["state"].replace("_", " ") + (f" ({clock['paused_for']})" if clock["paused_for"] else "")
        table.add_row(
            _clock_name(name, clock),
            Text(state, VERDICTS.get(clock["state"], "")),
            (minute(clock["due"], zone) if clock["due"] else "-") + (" ~" if clock["provisional"] else ""),
            Text(f"{length(left)} left") if left >= 0 else Text(f"{length(-left)} over", "bold red"),
            Text(clock["calendar"]),
            Text(clock["source"]),
        )
    return table


def steps(answer: Answer, zone: tzinfo) -> Table:
    """The open steps: who has them, or whom they wait for."""
    table = _table("open step", "state", "team", "agent", f"since ({zone})")
    for visit in answer["visits"]:
        wanted = [str(visit[name]) for name in ("role", "skill", "level", "named_agent") if visit[name]]
        team = visit["team"] + (f" ({', '.join(wanted)})" if wanted else "")
        step = f"{visit['step'] or 'work'} #{visit['visit']}"
        table.add_row(step, visit["state"], Text(team), _holder(visit), minute(visit["opened_at"], zone))
    return table


def _holder(visit: Answer) -> Text:
    """Who has it, and for whom it stands in."""
    return Text(visit["agent"] or "-").append(f" for {visit['principal']}" if visit["principal"] else "")


def given(answer: Answer) -> Iterator[Table]:
    """What was filled in, and what is to be paid."""
    fields = _table("field", "value")
    for name, value in answer["fields"].items():
        fields.add_row(Text(name), _value(value))
    yield fields
    fees = _table("fee", "step", "amount", "note", "void")
    for fee in answer["fees"]:
        void = (fee["void_reason"] or "void") if fee["voided_at"] else ""
        amount = Text(f"{fee['amount']} {fee['currency']}", "strike" if void else "")
        fees.add_row(str(fee["fee"]), Text(fee["step"] or ""), amount, Text(fee["note"] or ""), Text(void))
    if answer["fees"]:
        total = ", ".join(f"{amount} {currency}" for currency, amount in answer["fee_total"].items())
        fees.add_row("", "in all", total, "", "", style="bold")
    yield fees


def history(answer: Answer, zone: tzinfo) -> Table:
    """A line for each entry: its number, when it counted, what, who or by what rule, and why."""
    table = _table("#", f"at ({zone})", "what", "who", "why, and what it says")
    table.columns[0].justify = "right"
    for column, width in zip(table.columns[1:4], (19, 20, 18), strict=True):
        column.max_width, column.overflow = width, "fold"
    for entry in answer["history"]:
        table.add_row(str(entry["number"]), when(entry, zone), Text(entry["type"]), who(entry), why(entry, zone))
    return table


def when(entry: Answer, zone: tzinfo) -> Text:
    """When it counted; and when it was written, where that was later by more than a second."""
    told = Text(minute(entry["at"], zone))
    at, recorded = (datetime.fromisoformat(entry[name]) for name in ("at", "recorded_at"))
    if abs(recorded - at) > AT_ONCE:
        told.append(f"\nrecorded\n{minute(entry['recorded_at'], zone)}", "dim")
    return told


def who(entry: Answer) -> Text:
    """The actor; of what nobody did, what caused it; and the rule that it follows."""
    told = Text(entry["actor"] or entry["cause"], "" if entry["actor"] else "italic")
    if rule := entry["data"].get("rule"):
        told.append(f"\n{rule}", "dim")
    return told


def why(entry: Answer, zone: tzinfo) -> Text:
    """The reason in somebody's words first, then what else the entry says."""
    data = entry["data"]
    told = Text()
    for name in WHY:
        if data.get(name):
            told.append(f"“{data[name]}” ", "bold")
    left_out = ELSEWHERE.difference(HANDING.get(entry["type"], ())).union(WHY)
    rest = {name: _value(value, zone) for name, value in data.items() if name not in left_out and value is not None}
    if data.get("step") and data.get("visit"):
        rest["step"] = Text(f"{data['step']} #{data['visit']}")
    told.append(", ".join(f"{name}={value}" for name, value in rest.items() if value))
    return told


def _clock_name(name: str, clock: Answer) -> str:
    """`step survey #3` for `step/3`, whose part is the step's code."""
    number = f" #{name.partition('/')[2]}" if clock["clock"] == "step" else ""
    return f"{clock['clock']} {clock['part'] or ''}".strip().replace("_", " ") + number


def _value(value: Any, zone: tzinfo | None = None) -> Text:
    """Plain words: a time in the zone, a name in English, lists and mappings without brackets."""
    if isinstance(value, Mapping):
        if {"en", "zh-CN"} >= value.keys():
            return Text(str(value.get("en") or next(iter(value.values()), "")))
        return Text(", ".join(f"{name}: {_value(one, zone)}" for name, one in value.items() if one is not None))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return Text(", ".join(str(_value(one, zone)) for one in value))
    if isinstance(value, bool):
        return Text("yes" if value else "no")
    return Text(_in_zone(value, zone) if isinstance(value, str) and zone else str(value))


def _in_zone(text: str, zone: tzinfo) -> str:
    """The time that it is, if it is one as the wire writes it."""
    is_time = len(text) in range(20, 31) and text[10:11] == "T" and text.endswith("Z")
    try:
        return minute(text, zone) if is_time else text
    except ValueError:
        return text


def _table(*columns: str) -> Table:
    return Table(*columns, box=None, header_style="bold", pad_edge=False)
