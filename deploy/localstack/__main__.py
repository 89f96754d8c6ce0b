"""`python -m deploy.localstack`: what the Makefile calls."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from deploy.localstack import launch
from deploy.localstack.access import Access
from deploy.localstack.errors import StackError
from deploy.localstack.instance import ROOT, Instance

name_option = click.option("--name", default="dev", show_default=True, help="Which stack: several live side by side.")


@click.group()
def main() -> None:
    """Run Loopdesk on this machine, without Docker."""


@main.command()
@name_option
@click.option("--scale", multiple=True, metavar="SERVICE=NUMBER", help="More than one replica of a service.")
def up(name: str, scale: tuple[str, ...]) -> None:
    """Start a stack, or leave it alone if it is up."""
    instance = Instance(name)
    if instance.is_up():
        if instance.state().get("phase") != "up":
            raise StackError(f"the stack {name!r} is starting or stopping just now; see `make status`")
        click.echo(f"the stack {name!r} is up already")
    else:
        began = time.monotonic()
        launch.up(instance, *(f"--scale={one}" for one in scale), say=click.echo)
        click.echo(f"the stack {name!r} is up after {time.monotonic() - began:.0f} s")
    click.echo(_what_next(instance))


def _what_next(instance: Instance) -> str:
    access = Access(instance)
    which = "" if instance.name == "dev" else f"LOOPDESK_STACK={instance.name} "
    here = instance.folder.relative_to(ROOT)
    return f"""
  RabbitMQ     {access.state["amqp"]["address"]}, management {access.management_uri}
  MongoDB      {access.state["mongo"]["address"]}
  passwords    {here}/env: callcentre's is CALLCENTRE_AMQP_PASSWORD, and so on
  what is sent {here}/volumes/mail and {here}/volumes/sms
  logs         {here}/logs

Next:
  {which}.venv/bin/loopdesk status    the operators' command line; --help says what it can do
  docs/wire.md, shared/client.py    how other systems call it
  make status, make logs            what runs, and what it says
  make down                         stop it; the data stay"""


@main.command()
@name_option
@click.option("--discard", is_flag=True, help="Remove its data, too.")
def down(name: str, discard: bool) -> None:
    """Stop a stack and everything that it started."""
    ran = launch.down(Instance(name), discard=discard)
    click.echo(f"the stack {name!r} is down" if ran else f"the stack {name!r} was not up")


@main.command()
@name_option
def status(name: str) -> None:
    """What runs, how often it died, and its last words."""
    instance = Instance(name)
    state = instance.state()
    if not instance.is_up():
        click.echo(f"the stack {name!r} is not up" + (f": {state['problem']}" if state.get("problem") else ""))
        raise SystemExit(1)
    table = Table("process", "pid", "status", "deaths", "MB", box=None)
    for process, replicas in state["processes"].items():
        for one in replicas:
            table.add_row(
                process,
                str(one["pid"] or ""),
                "done" if one["exit_code"] == 0 and one["pid"] is None else one["status"],
                str(one["deaths"]),
                _resident_megabytes(one["pid"]),
            )
    Console().print(table)
    click.echo(f"logs in {instance.logs.relative_to(ROOT)}")
    for death in state["deaths"][-3:]:
        at = time.strftime("%H:%M:%S", time.localtime(death["at"]))
        click.echo(f"\n{at} {death['service']} (pid {death['pid']}) died, code {death['code']}; the end of its log:")
        click.echo(death["log_end"])


def _resident_megabytes(pid: int | None) -> str:
    file = Path(f"/proc/{pid}/statm")
    if pid is None or not file.exists():
        return ""
    return str(int(file.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1_000_000)


@main.command()
@name_option
@click.option("--follow", is_flag=True, help="Go on with what comes.")
@click.argument("process", nargs=-1)
def logs(name: str, follow: bool, process: tuple[str, ...]) -> None:
    """The end of the logs: of all processes, or of those named."""
    instance = Instance(name)
    files = sorted(
        str(file) for file in instance.logs.glob("*.log") if not process or file.stem.rpartition("-")[0] in process
    )
    if not files:
        raise StackError(f"no logs of {', '.join(process) or name}")
    options = ["--follow=name", "--lines=20"] if follow else ["--lines=20"]
    os.execvp("tail", ["tail", *options, *files])  # noqa: S606, S607 (tail, wherever it is)


@main.group()
def servers() -> None:
    """RabbitMQ and MongoDB only."""


@servers.command("up")
@name_option
def servers_up(name: str) -> None:
    """Start them and print the administrator's addresses."""
    instance = Instance(name)
    launch.up(instance, "--servers-only", say=click.echo)
    for variable, uri in Access(instance).admin().items():
        click.echo(f"{variable}={uri}")


if __name__ == "__main__":
    try:
        main()
    except StackError as problem:
        sys.exit(str(problem))
