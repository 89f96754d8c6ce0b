"""The outcome as people read it: tables on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from deploy.commands import broadcast_show, explain
from deploy.demo.outcome import Outcome

#: Figure of feedback.kpi -> its heading.
FIGURES = {
    "first_response": "1st resp.",
    "resolution": "resolved",
    "satisfaction": "satisfied",
    "answer_rate": "answered",
    "reopen_rate": "reopened",
}
TEAMS_SHOWN = 15


def show(console: Console, outcome: Outcome) -> None:
    """Everything, in the order in which one asks."""
    for table in (_said(outcome), *_tables(outcome)):
        console.print(f"\n[bold]{table.title}[/bold]", highlight=False)
        table.title = None  # rich would fold it to the table's width
        console.print(table)
    if outcome.explained:
        console.print("\n[bold]One deadline, explained[/bold]")
        explain.show(outcome.explained, console)
    _show_broadcast(console, outcome)
    console.print(
        f"\nfinal state {outcome.answers.fingerprint}: who did what when, the same in every run", highlight=False
    )


def _show_broadcast(console: Console, outcome: Outcome) -> None:
    """Whom the last act reached, and where every message can be read."""
    told, rendered = outcome.broadcast, outcome.rendered
    console.print(f"\n[bold]A broadcast to all of them: {escape(told['name'])}, and its proof[/bold]", highlight=False)
    console.print(broadcast_show.proof(told))
    console.print(
        f"\n{rendered['messages']:,} messages, as their recipients read them: {rendered['folder']}/index.html",
        highlight=False,
        soft_wrap=True,
    )


def _tables(outcome: Outcome) -> Iterator[Table]:
    yield _loop(outcome)
    yield _attainment(outcome)
    yield _kpi("KPIs by priority", "priority", outcome.answers.kpi["by_priority"])
    yield _kpi("KPIs by team (the one where the work ended)", "team", _largest(outcome.answers.kpi["by_team"]))
    if outcome.refused:
        yield _refused(outcome)
    if outcome.untold:
        yield _untold(outcome)


def _table(title: str, first: str, *others: str) -> Table:
    """Numbers on the right; narrow enough for 80 columns."""
    table = Table(title=title, box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column(first, no_wrap=True)
    for other in others:
        table.add_column(other, justify="right", no_wrap=True)
    return table


def _said(outcome: Outcome) -> Table:
    table = Table(title="What the log lacks, and the rule that stands in for it", box=None, show_header=False)
    for line in outcome.said:
        table.add_row("-", line)
    return table


def _loop(outcome: Outcome) -> Table:
    table = _table("The loop", "", "how many")
    table.add_column("of which")
    answers = outcome.answers
    surveys = answers.kpi["total"]["answer_rate"]
    rows: list[tuple[str, float, Mapping[str, Any]]] = [
        ("contacts in", outcome.contacts, {"from customers": outcome.customers}),
        ("tickets", sum(answers.tickets.values()), answers.tickets),
        ("work orders", sum(answers.orders.values()), answers.orders),
        *((name, count, _corrections(outcome, name)) for name, count in answers.work.items()),
        *((f"messages by {channel}", sum(fates.values()), fates) for channel, fates in answers.messages.items()),
        ("surveys", surveys["denominator"], {"answered": surveys["numerator"]}),
        ("calls refused", len(outcome.refused), {}),
        ("messages parked", sum(outcome.parked.values()), outcome.parked),
        *((f"still open: {name}", count, {}) for name, count in outcome.remaining.items() if count),
        ("seconds", round(sum(outcome.seconds.values())), outcome.seconds),
    ]
    for name, count, parts in rows:
        table.add_row(name, f"{count:,}", ", ".join(f"{part} {number:,}" for part, number in parts.items() if number))
    return table


def _corrections(outcome: Outcome, name: str) -> dict[str, int]:
    return {"to the log's first group": outcome.first_group_transfers} if name == "transfers" else {}


def _attainment(outcome: Outcome) -> Table:
    title = "Deadlines kept, beside the log's own made_sla (its targets are unpublished)"
    table = _table(title, "priority", "orders", "1st response", "resolution", "log: made_sla", "agree")
    for priority, group in outcome.answers.kpi["by_priority"].items():
        table.add_row(
            priority,
            f"{group['orders']['opened']:,}",
            *(_share(group[name]) for name in ("first_response", "resolution")),
            _share(_of_log(outcome.log_made_sla, priority)),
            _percent(_of_log(outcome.agreement, priority)),
        )
    return table


def _of_log(told: Mapping[str, Mapping[str, int]], priority: str) -> dict[str, int]:
    count = told.get(priority, {"made": 0, "of": 0})
    return {"numerator": count["made"], "denominator": count["of"]}


def _kpi(title: str, by: str, groups: Mapping[str, Any]) -> Table:
    table = _table(title, by, "orders", *FIGURES.values())
    for name, group in groups.items():
        orders = f"{group['orders']['opened']:,}"
        table.add_row(name, orders, *(_percent(group[figure]) for figure in FIGURES))
    return table


def _largest(groups: Mapping[str, Any]) -> dict[str, Any]:
    """The teams with the most work, and all others as one."""
    ranked = sorted(groups.items(), key=lambda item: (-item[1]["orders"]["opened"], item[0]))
    shown, rest = dict(ranked[:TEAMS_SHOWN]), [group for _, group in ranked[TEAMS_SHOWN:]]
    return shown | ({f"{len(rest)} other teams": _together(rest)} if rest else {})


def _together(groups: list[Mapping[str, Any]]) -> dict[str, Any]:
    orders = {state: sum(group["orders"][state] for group in groups) for state in groups[0]["orders"]}
    shares = {
        figure: {part: sum(group[figure][part] for group in groups) for part in ("numerator", "denominator")}
        for figure in FIGURES
    }
    return {"orders": orders, **shares}


def _refused(outcome: Outcome) -> Table:
    table = _table("Refused by the rules", "incident", "row")
    for name in ("at", "call", "why"):
        table.add_column(name, no_wrap=name != "why")
    for refusal in outcome.refused:
        at = refusal["at"][:16].replace("T", " ")
        why = f"{refusal['code']}: {refusal['reason']}"
        table.add_row(refusal["incident"], str(refusal["row"]), at, refusal["method"], why)
    return table


def _untold(outcome: Outcome) -> Table:
    table = _table("In the log, but no call carries it yet", "what a row says", "rows")
    for name, count in sorted(outcome.untold.items()):
        table.add_row(name, f"{count:,}")
    return table


def _share(figure: Mapping[str, Any]) -> str:
    return f"{_percent(figure)} ({figure['numerator']:,}/{figure['denominator']:,})"


def _percent(figure: Mapping[str, Any]) -> str:
    """A dash where nothing counts yet."""
    return f"{figure['numerator'] / figure['denominator']:.1%}" if figure["denominator"] else "-"
