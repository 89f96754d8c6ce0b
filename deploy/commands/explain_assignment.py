"""`loopdesk explain-assignment`: why somebody got the work, or why nobody has it yet."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import tzinfo
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from deploy.commands import session
from deploy.commands.explain import named
from deploy.commands.session import out
from deploy.commands.times import minute, moment, zone_of

Answer = Mapping[str, Any]


@click.command("explain-assignment")
@click.argument("number", metavar="NUMBER")
@click.option("--assignment", type=click.IntRange(min=1), help="Which one, counted from 1. Default: the newest.")
@click.option("--step", help="An open step, by its code or its visit's number. Default: one that waits, if any.")
@click.option("--zone", default="UTC", show_default=True, callback=zone_of, help="Of all times shown.")
@click.option("--json", "as_json", is_flag=True, help="The answer as it came.")
def explain_assignment(number: str, assignment: int | None, step: str | None, zone: tzinfo, as_json: bool) -> None:
    """Show why it was that agent: every candidate, what excluded it or each part of its score, and what decided.

    NUMBER is the work order's (W-…), the ticket's (T-…), or the caller's own reference. The choice is made again from
    its record, and it is said whether the same comes out. Of work that waits: who could have it now, and what excludes
    everybody else; --assignment shows a past one.

    \b
    loopdesk explain-assignment W-100001
    loopdesk explain-assignment T-100001 --assignment 1 --zone Asia/Shanghai
    loopdesk explain-assignment W-100001 --step survey
    """
    which = {named(number): number, "assignment": assignment, "step": step}
    asked: dict[str, Any] = {name: value for name, value in which.items() if value is not None}
    with session.client() as client:
        answer = client.call("dispatch", "explain_assignment", **asked)
    if as_json:
        click.echo(json.dumps(answer, ensure_ascii=False))
        return
    show(answer, zone)


def show(answer: Answer, zone: tzinfo, console: Console = out) -> None:
    """Who, the candidates, what decided, and whether the record still says so."""
    for line in waits(answer, zone) if answer["waiting"] else head(answer, zone):
        console.print(line)
    choice = answer["choice"]
    if choice is None:
        console.print(f"Nobody chose: the work came to {answer['agent']} as {answer['came'].replace('_', ' ')}.")
        return
    console.print(asked_for(choice, zone))
    console.print(candidates(choice, zone))
    if answer["waiting"]:
        return
    console.print()
    for line in verdict(choice):
        console.print(line)


def waits(answer: Answer, zone: tzinfo) -> Iterator[Text]:
    """That it waits, whether anybody could have it now, and what its team was told."""
    step = f"step {answer['step']} " if answer["step"] else ""
    choice = answer["choice"]
    why = f"{choice['agent']} could have it" if choice["agent"] else choice["decided"]["said"]
    held = "the work is held; " if answer["state"] == "held" else ""
    title = Text.assemble((answer["order_no"], "bold"), f"  {step}waits; {held}", (why, "bold cyan"))
    title.append(f"  ({answer['reference']})" if answer["reference"] else "", "dim")
    yield title
    told = f"told as stranded: {answer['stranded']}, " if answer["stranded"] else ""
    yield Text(f"{told}as of {moment(choice['task']['at'], zone)}, times in {zone}", "dim")


def head(answer: Answer, zone: tzinfo) -> Iterator[Text]:
    """Which assignment, who got it, when and by which rule, and what came of it."""
    title = Text.assemble((answer["order_no"], "bold"), f"  assignment {answer['assignment']}  ")
    title.append(answer["agent"] or "nobody", "bold cyan")
    if answer["principal"]:
        title.append(f" for {answer['principal']}")
    title.append(f"  by {answer['rule']}" if answer["rule"] else "")
    title.append(f"  ({answer['reference']})" if answer["reference"] else "", "dim")
    yield title
    times = [("assigned", answer["assigned_at"]), ("accepted", answer["accepted_at"])]
    times.append(((answer["outcome"] or "ended").replace("_", " "), answer["ended_at"]))
    said = [f"{what} {moment(at, zone)}" for what, at in times if at]
    yield Text(", ".join([*said, f"times in {zone}"]), "dim")


def asked_for(choice: Answer, zone: tzinfo) -> Text:
    """What was to be given out."""
    task = choice["task"]
    units = f"{task['units']} unit{'s' if task['units'] != 1 else ''}"
    due = f"due {moment(task['due'], zone)}" if task["due"] else ""
    matter = [task[name] for name in ("priority", "type", "category", "tier", "channel", "language")]
    words = [f"for {task['asked_for']}", *matter, units, due, f"reference data version {choice['version']}"]
    return Text(", ".join(word for word in words if word), "dim")


def candidates(choice: Answer, zone: tzinfo) -> Table:
    """A line for each: by place with the parts that count, then those excluded with why."""
    counting = {part: weight for part, weight in choice["weights"].items() if weight}
    parts = [f"{part.replace('_', ' ')} ×{weight:g}" for part, weight in counting.items()]
    table = Table("", "agent", *parts, "score", "last new work", "", box=None, header_style="bold")
    for one in choice["candidates"]:
        figures = [f"{one['parts'][part]:.3f}" if one["place"] else "" for part in counting]
        table.add_row(
            str(one["place"] or "-"),
            Text(one["agent"]),
            *figures,
            f"{one['score']:.3f}" if one["place"] else "",
            minute(one["last_assigned_at"], zone) if one["last_assigned_at"] else "never",
            Text(", ".join(remarks(one))),
            style="bold green" if one["chosen"] else "" if one["place"] else "dim",
        )
    for column in table.columns[2 : 3 + len(parts)]:
        column.justify = "right"
    return table


def remarks(one: Answer) -> Iterator[str]:
    """What else counted: the limits, lapsed offers, other work in hand, for whom it stands in."""
    if one["excluded"]:
        limits = ", ".join(f"{limit['limit']} ({limit['why']})" for limit in one["excluded"])
        yield f"{'overridden' if one['chosen'] else 'excluded'}: {limits}"
    if one["lapsed"]:
        yield f"let {one['lapsed']} lapse"
    if one["contended"]:
        yield "was being given other work"
    if one["stands_in_for"]:
        yield f"stands in for {one['stands_in_for']}"


def verdict(choice: Answer) -> Iterator[Text]:
    """What decided, and whether the record still says so."""
    yield Text.assemble("Decided by ", (choice["decided"]["by"].replace("_", " "), "bold"))
    yield Text(f"  {choice['decided']['said']}")
    if choice["agrees"]:
        yield Text("Made again from its record, the choice is the same.", "green")
    else:
        again = choice["again"]
        yield Text(
            f"Made again from its record it would be {again['agent'] or 'nobody'} by {again['rule']}.", "bold red"
        )
    if choice["intact"]:
        yield Text("The record is as the history has it.", "green")
    else:
        yield Text("The record is not the one of which the history has the digest: it was changed.", "bold red")
    yield Text(f"sha256 {choice['digest']}", "dim")
