"""`loopdesk incident`: one work order that stands for many."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo
from typing import Any

import click
from rich.table import Column, Table
from rich.text import Text

from deploy.commands import listing, session
from deploy.commands.handover import by_option, json_option, said, zone_option
from deploy.commands.session import out
from deploy.commands.times import MOMENT, minute
from shared.clock import to_text

reason_option = click.option("--reason", required=True, help="Why, for the history.")
eta_option = click.option("--eta", type=MOMENT, help="By when it will be over.")


@click.group()
def incident() -> None:
    """Do once what many report: a mass incident is a work order that others are linked to (docs/incidents.md).

    What is linked waits for it and is resolved with it; its customers are told by when. All but `list` takes an account
    with the permission `work`, and `declare` one with `supervise`.

    \b
    loopdesk incident declare W-100001 --match 'category == "network"' --eta 2026-03-02T18:00 --reason "a cable is cut"
    loopdesk incident link W-100007 W-100001 --reason "the same cable"
    loopdesk incident eta W-100001 2026-03-02T20:00 --note "the ground is frozen"
    loopdesk incident list
    """


@incident.command("list")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 100), help="How many, the oldest first.")
@zone_option
@json_option
def list_(limit: int, zone: tzinfo, as_json: bool) -> None:
    """List open mass incidents: what they take in, how much is linked to them, and their ETA."""
    with session.client() as client:
        answer = client.call("dispatch", "find_mass_incidents", limit=limit)
    listing.show(
        answer, "mass_incidents", lambda rows: table(rows, zone), nothing="no mass incident is open", as_json=as_json
    )


@incident.command()
@click.argument("order_no")
@click.option("--match", help="New work for which this condition holds is linked to it (docs/conditions.md).")
@eta_option
@reason_option
@by_option
def declare(order_no: str, match: str | None, eta: datetime | None, reason: str, by: str | None) -> None:
    """Declare the work ORDER_NO a mass incident; again: change what new work it takes in."""
    given: dict[str, Any] = {"match": match, "eta": to_text(eta) if eta else None, "reason": reason}
    _tell("declare_mass_incident", order_no, by, **given)


@incident.command()
@click.argument("order_no")
@click.argument("parent")
@reason_option
@by_option
def link(order_no: str, parent: str, reason: str, by: str | None) -> None:
    """Make the work ORDER_NO part of the mass incident PARENT: its steps are given up, its customer is told the ETA."""
    _tell("link_work", order_no, by, parent=parent, reason=reason)


@incident.command()
@click.argument("order_no")
@reason_option
@by_option
def unlink(order_no: str, reason: str, by: str | None) -> None:
    """Let the work ORDER_NO go its own way: it begins its flow anew."""
    _tell("unlink_work", order_no, by, reason=reason)


@incident.command()
@click.argument("order_no")
@click.argument("eta", type=MOMENT, required=False)
@click.option("--note", help="What else the reporters are told.")
@by_option
def eta(order_no: str, eta: datetime | None, note: str | None, by: str | None) -> None:
    """Tell everybody who reported the mass incident ORDER_NO by when it will be over; without ETA: nobody knows yet."""
    _tell("announce_eta", order_no, by, eta=to_text(eta) if eta else None, note=note)


def _tell(method: str, order_no: str, by: str | None, **given: Any) -> None:
    with session.client(session.SUPERVISOR) as client:
        answer = client.command("dispatch", method, order_no=order_no, **given, **said(by))
    out.print(Text.assemble((answer["state"], "green"), f"  {answer['order_no']}"), highlight=False)


def table(rows: Iterable[Mapping[str, Any]], zone: tzinfo) -> Table:
    """A row for each mass incident."""
    shown = Table(
        Column("order", no_wrap=True),
        "since",
        "state",
        "team",
        "agent",
        Column("linked", justify="right"),
        "eta",
        "takes in",
        "subject",
        box=None,
        header_style="bold",
    )
    for row in rows:
        mass = row["mass_incident"]
        shown.add_row(
            row["order_no"],
            minute(row["opened_at"], zone),
            row["state"],
            row["team"],
            row["agent"] or "-",
            str(mass["children"]),
            minute(mass["eta"], zone) if mass["eta"] else "-",
            Text(mass["match"] or "-"),
            Text(row["subject"]),
        )
    return shown
