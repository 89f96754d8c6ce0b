"""`loopdesk flow`: the flows in force, and their drawings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from pathlib import Path
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from deploy import declared
from deploy.commands import session
from deploy.commands.session import out
from deploy.commands.times import zone_of
from deploy.drawing import drawing, names
from deploy.drawing_way import way
from services.dispatch.domain import Reference
from services.dispatch.domain.flows.flow import Flow
from services.dispatch.schemas.reference import ReferenceData
from shared.client import Client
from shared.schemas import load

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.group()
def flow() -> None:
    """Show and draw the flows that work goes through."""


@flow.command("list")
@click.option("--from", "folder", type=FOLDER, help="Those declared in this folder, applied or not.")
def list_(folder: Path | None) -> None:
    """List the flows in force, with the work that each is for.

    \b
    loopdesk flow list
    loopdesk flow list --from deploy/config
    """
    flows = reference(folder).flows
    if not flows:
        out.print("no flows: all work is one step")
        return
    table = Table("code", "name", "steps", "for", box=None, header_style="bold")
    for code, one in flows.items():
        table.add_row(code, names(one.name), str(len(one.steps)), Text(one.when.source if one.when else "all work"))
    out.print(table)


@flow.command()
@click.argument("code", required=False)
@click.option("--order", "number", help="The way of this work order, by its own number or its ticket's.")
@click.option("--from", "folder", type=FOLDER, help="A flow declared in this folder, applied or not.")
@click.option("--zone", default="UTC", show_default=True, callback=zone_of, help="Of a work order's times.")
def draw(code: str | None, number: str | None, folder: Path | None, zone: tzinfo) -> None:
    """Print a Mermaid drawing of flow CODE, or of one work order's way; any Mermaid viewer shows it.

    \b
    loopdesk flow draw fault-repair > fault-repair.mmd
    loopdesk flow draw complaint --from deploy/config
    loopdesk flow draw --order W-100001 --zone Asia/Shanghai
    """
    if (code is None) == (number is None):
        raise click.UsageError("Name either a flow's CODE or an --order.")
    if number is not None:
        click.echo(of_order(number, zone), nl=False)
    else:
        click.echo(drawing(reference(folder).flow(str(code))), nl=False)


def reference(folder: Path | None) -> Reference:
    """Dispatch's reference data: as in force, or of a folder; tells what is wrong there."""
    if folder is None:
        with session.client() as client:
            return applied(client)
    bodies, faults = declared.load(folder)
    if faults:
        raise click.ClickException("\n".join(f"{fault.file}: {fault.message}" for fault in faults))
    load(ReferenceData, bodies["dispatch"])
    return Reference.from_dict(bodies["dispatch"])


def applied(client: Client, version: int | None = None) -> Reference:
    """That version of dispatch's reference data; None: the one in force."""
    found = client.call("dispatch", "get_reference", version=version)
    return Reference.from_dict(found["body"], int(found["version"]))


def of_order(number: str, zone: tzinfo) -> str:
    """The way of a work order, with the arrows of its flow as it was when the work began."""
    with session.client() as client:
        work = session.work(client, number)
        return way(work["order_no"], work["history"], flow_of(client, work), zone)


def flow_of(client: Client, work: Mapping[str, Any]) -> Flow | None:
    """The flow that the work goes through, in the version that it is pinned to; None: it has none."""
    if not work["flow"]:
        return None
    code, _, version = work["flow"].partition("@")
    return applied(client, int(version)).flow(code)
