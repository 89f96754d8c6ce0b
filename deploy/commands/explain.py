"""`loopdesk explain`: why a deadline is when it is."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from deploy.commands import session
from deploy.commands.session import out
from deploy.commands.times import MOMENT, VERDICTS, length, minute, moment

BAR = 12  # characters
STYLES = {"counted": "bold", "paused": "yellow", "closed": "dim"}

Answer = Mapping[str, Any]


@click.command()
@click.argument("number", metavar="NUMBER")
@click.option(
    "--clock",
    default="resolution",
    show_default=True,
    help="first_response, resolution, next_update, step:CODE, group:CODE; with #2 its second run.",
)
@click.option("--as-of", type=MOMENT, help="As it stood then (with a zone, or UTC). Default: now.")
@click.option("--json", "as_json", is_flag=True, help="The answer as it came.")
def explain(number: str, clock: str, as_of: datetime | None, as_json: bool) -> None:
    """Show what a deadline counted: when the clock ran, when it stood still and why, and what came of it.

    NUMBER is the work order's (W-…), the ticket's (T-…), or the caller's own reference. Times are in the zone of the
    clock's calendar.

    \b
    loopdesk explain W-100001
    loopdesk explain INC0000045 --clock first_response
    loopdesk explain T-100001 --as-of 2026-03-02T18:00 --json
    """
    asked: dict[str, Any] = {named(number): number, "clock": clock} | ({"as_of": as_of} if as_of else {})
    with session.client() as client:
        answer = client.call("dispatch", "explain_deadline", **asked)
    if as_json:
        click.echo(json.dumps(answer, ensure_ascii=False))
        return
    show(answer)


def named(number: str) -> str:
    """By which of its names the work is asked for."""
    return {"W-": "order_no", "T-": "ticket_no"}.get(number[:2], "reference")


def show(answer: Answer, console: Console = out) -> None:
    """The intervals, what changed the deadline, and the verdict."""
    zone = ZoneInfo(answer["zone"])
    title = Text.assemble((answer["order_no"], "bold"), "  ", which(answer))
    if answer["reference"]:
        title.append(f"  ({answer['reference']})", "dim")
    console.print(title)
    console.print(Text(", ".join((*_shared_terms(answer), f"times in {answer['zone']}")), "dim"))
    console.print(intervals(answer, zone))
    for line in changes(answer, zone):
        console.print(line)
    console.print()
    for line in verdict(answer, zone):
        console.print(line)


def which(answer: Answer) -> str:
    """The clock's name, and its run where there were several."""
    part = f":{answer['part']}" if answer["part"] else ""
    run = f" (run {answer['run']} of {answer['runs']})" if answer["runs"] > 1 else ""
    return f"{answer['clock']}{part}{run}"


def intervals(answer: Answer, zone: ZoneInfo) -> Table:
    """A line per interval; the bar is how much of the target had gone by its end. Terms are said where they differ."""
    alike = bool(_shared_terms(answer))
    named = () if alike else ("calendar", "policy")
    table = Table("from", "to", "", "length", "of the target", "why", *named, box=None, header_style="bold")
    table.columns[3].justify = "right"
    gone = 0.0
    if earlier := answer["earlier"]:
        gone = earlier["counted_seconds"]
        times = (minute(earlier["from"], zone), minute(earlier["to"], zone))
        why = f"{earlier['intervals']} intervals: {length(earlier['paused_seconds'])} paused"
        table.add_row(*times, "…", length(gone), bar(gone, answer), why, style="dim")
    for one in answer["intervals"]:
        counted = one["kind"] == "counted"
        gone += one["seconds"] if counted else 0
        table.add_row(
            minute(one["from"], zone),
            minute(one["to"], zone),
            one["kind"],
            length(one["seconds"]),
            bar(gone, answer) if counted else "",
            Text(one["reason"] or ""),
            *([] if alike else [one["calendar"], one["policy"]]),
            style=STYLES[one["kind"]],
        )
    return table


def _shared_terms(answer: Answer) -> tuple[str, ...]:
    """Calendar and policy, where all intervals are under the same."""
    terms = {(one["calendar"], one["policy"]) for one in answer["intervals"]}
    if len(terms) != 1:
        return ()
    calendar, policy = terms.pop()
    return f"calendar {calendar}", f"policy {policy}"


def bar(gone: float, answer: Answer) -> Text:
    """The part of the target that has gone; red beyond it."""
    share = gone / answer["target_seconds"] if answer["target_seconds"] else 1.0
    full = min(BAR, int(share * BAR))
    percent = f" {int(share * 100)}%"  # rounded down: 100% is never said before it is so
    return Text("█" * full + "░" * (BAR - full) + percent, "red" if share >= 1 else "")


def changes(answer: Answer, zone: ZoneInfo) -> Iterator[Text]:
    """What moved the deadline beside standing still."""
    for one in answer["changes"]:
        before, after = one["from"], one["to"]
        told = Text(f"{moment(one['at'], zone)}  {one['what'].replace('_', ' ')}", "magenta")
        told.append(
            f": {_terms(before, after)}; due {_due(before['due'], zone)} → {_due(after['due'], zone)}", "default"
        )
        if one["why"]:
            told.append(f"  “{one['why']}”", "dim")
        yield told


def verdict(answer: Answer, zone: ZoneInfo) -> Iterator[Text]:
    """What came of it, in words."""
    state, by = answer["state"], length(answer["by_seconds"])
    counted = f"{length(answer['counted_seconds'])} of {length(answer['target_seconds'])} counted"
    due = _due(answer["due"], zone)
    words = {
        "met": f"Met with {by} left: {counted}, due {due}.",
        "missed": f"Missed by {by}: {counted}, due {due}.",
        "running": f"Running, {by} left: {counted}, due {due}.",
        "near": f"Near its end, {by} left: {counted}, due {due}.",
        "paused": f"Standing still ({answer['paused_for']}), {by} left when it goes on: {counted}.",
        "called_off": f"Called off with {by} left: {counted}.",
    }
    yield Text(words[state], VERDICTS.get(state, ""))
    if (answer["ended_by"] or {}).get("by") == "eta":
        yield Text("Done by rule: the customer was told when the mass incident will be over.")
    if answer["provisional"]:
        yield Text(f"The due time is provisional: calendar {answer['calendar']} does not know that far.", "yellow")
    if answer["forecast"]:
        yield Text(f"A forecast: as if nobody did anything more until {moment(answer['as_of'], zone)}.", "yellow")


def _terms(before: Answer, after: Answer) -> str:
    lengths = [length(one["target_seconds"]) for one in (before, after)]
    by = [f"{one['policy']} in {one['calendar']}" for one in (before, after)]
    changed = [f"{old} → {new}" for old, new in (lengths, by) if old != new]
    return ", ".join(changed) or f"{lengths[1]} by {by[1]}"


def _due(at: str | None, zone: ZoneInfo) -> str:
    return moment(at, zone) if at else "not fixed"
