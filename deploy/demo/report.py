"""The outcome as people read it: tables on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from deploy.demo.outcome import Outcome

#: Figure of feedback.kpi -> its heading.
FIGURES = {
    "first_response": "first response kept",
    "resolution": "resolution kept",
    "satisfaction": "satisfaction",
    "answer_rate": "answer rate",
    "reopen_rate": "reopened",
}
TEAMS_SHOWN = 15


def show(console: Console, outcome: Outcome) -> None:
    """Everything, in the order in which one asks."""
    console.print("\n[bold]What the log lacks, and the rule that stands in for it[/bold]")
    for line in outcome.said:
        console.print(f"  - {line}", highlight=False)
    for table in _tables(outcome):
        console.print()
        console.print(table)
    console.print(
        f"\nfinal state {outcome.answers.fingerprint}: who did what when, the same in every run", highlight=False
    )


def _tables(outcome: Outcome) -> Iterator[Table]:
    yield _loop(outcome)
    yield _attainment(outcome)
    yield _kpi("KPIs by priority", "priority", outcome.answers.kpi["by_priority"])
    yield _kpi("KPIs by team (where the work ended)", "team", _largest(outcome.answers.kpi["by_team"]))
    yield _refused(outcome)
    if outcome.untold:
        yield _untold(outcome)


def _table(title: str, first: str, *others: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column(first)
    for other in others:
        table.add_column(other, justify="right")
    return table


def _loop(outcome: Outcome) -> Table:
    table = Table("", "how many", "of which", title="The loop", title_justify="left", title_style="bold")
    table.columns[1].justify = "right"
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
        table.add_row(name, f"{count:,}", ", ".join(f"{part} {number:,}" for part, number in parts.items()))
    return table


def _corrections(outcome: Outcome, name: str) -> dict[str, int]:
    return {"to the log's first group": outcome.first_group_transfers} if name == "transfers" else {}


def _attainment(outcome: Outcome) -> Table:
    title = "Deadlines kept: by Loopdesk's targets, beside the log's own made_sla (other, unpublished targets)"
    table = _table(title, "priority", "orders", "first response", "resolution", "log: made_sla")
    for priority, group in outcome.answers.kpi["by_priority"].items():
        log = outcome.log_made_sla.get(priority, {"made": 0, "of": 0})
        table.add_row(
            priority,
            f"{group['orders']['opened']:,}",
            *(_share(group[name]) for name in ("first_response", "resolution")),
            _percent(log["made"], log["of"]),
        )
    return table


def _kpi(title: str, by: str, groups: Mapping[str, Any]) -> Table:
    table = _table(title, by, "opened", "resolved", "closed", *FIGURES.values())
    for name, group in groups.items():
        orders = (f"{group['orders'][state]:,}" for state in ("opened", "resolved", "closed"))
        table.add_row(name, *orders, *(_share(group[figure]) for figure in FIGURES))
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
    table = Table(title=f"Refused by the rules: {len(outcome.refused)} calls", title_justify="left", title_style="bold")
    for name in ("incident", "row", "at", "call", "reason"):
        table.add_column(name, overflow="fold")
    for refusal in outcome.refused:
        table.add_row(*(str(refusal[name]) for name in ("incident", "row", "at", "method")), _reason(refusal))
    return table


def _reason(refusal: Mapping[str, Any]) -> str:
    return f"{refusal['code']}: {refusal['reason']}"


def _untold(outcome: Outcome) -> Table:
    table = _table("In the log, but no call carries it yet", "what a row says", "rows")
    for name, count in sorted(outcome.untold.items()):
        table.add_row(name, f"{count:,}")
    return table


def _share(figure: Mapping[str, Any]) -> str:
    return _percent(figure["numerator"], figure["denominator"])


def _percent(part: int, whole: int) -> str:
    return f"{part / whole:.1%} ({part:,}/{whole:,})" if whole else "-"
