"""`python -m deploy.demo`, which `make demo` calls."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from time import monotonic

import click
from rich.console import Console

from deploy.demo import log, messages, report, stack
from deploy.demo.play import StackTrouble
from deploy.demo.progress import Shown
from deploy.demo.session import Session
from deploy.localstack.errors import StackError
from shared.errors import LoopdeskError


@click.command()
@click.option("--incidents", type=click.IntRange(min=1), help="Only the first so many of the log's 890.")
@click.option("--keep", is_flag=True, help="Leave the stack up, and use it again the next time.")
@click.option("--name", default="demo", show_default=True, help="Which stack.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON on standard output.")
def main(incidents: int | None, keep: bool, name: str, as_json: bool) -> None:
    """Play real incidents through the loop on a stack of its own, and show what came of them.

    Exits 1 if the stack did not do what it must; a call that the rules refuse is no such trouble.
    """
    console = Console(stderr=as_json)
    everybody = log.read()
    began = monotonic()
    try:
        with (
            stack.running(name, keep=keep, say=console.print) as instance,
            stack.client(instance) as client,
            Shown(console) as watcher,
        ):
            session = Session(
                client=client,
                parked=lambda: stack.parked_messages(instance),
                incidents=everybody[:incidents],
                everybody=everybody,
                folder=messages.folder_of(name),
                watcher=watcher,
                seconds={"stack": round(monotonic() - began, 1)},
            )
            outcome = session.run()
    except (StackError, StackTrouble, LoopdeskError) as trouble:
        console.print(f"[red]The demo stopped:[/red] {trouble}", highlight=False)
        sys.exit(1)
    if as_json:
        click.echo(json.dumps(asdict(outcome), ensure_ascii=False, indent=2))
    else:
        report.show(console, outcome)
    if keep:
        down = f"{sys.executable} -m deploy.localstack down --name {name} --discard"
        console.print(f"The stack is still up. To end it: {down}", soft_wrap=True, highlight=False)
    if any((*outcome.parked.values(), *outcome.remaining.values())):
        console.print("[red]Not everything came to its end: see the lines on open and parked things above.[/red]")
        sys.exit(1)


if __name__ == "__main__":
    main()
