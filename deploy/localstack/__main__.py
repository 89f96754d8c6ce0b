"""`python -m deploy.localstack`: what the Makefile calls."""

from __future__ import annotations

import sys

import click

from deploy.localstack import launch
from deploy.localstack.errors import StackError
from deploy.localstack.instance import Instance

name_option = click.option("--name", default="dev", show_default=True, help="Which stack: several live side by side.")


@click.group()
def main() -> None:
    """Run Loopdesk on this machine, without Docker."""


@main.group()
def servers() -> None:
    """RabbitMQ and MongoDB only."""


@servers.command("up")
@name_option
def servers_up(name: str) -> None:
    """Start them and print the administrator's addresses."""
    instance = Instance(name)
    launch.up(instance, "--servers-only")
    admin = instance.state()["admin"]
    click.echo(f"LOOPDESK_AMQP_ADMIN_URI={admin['amqp']}")
    click.echo(f"LOOPDESK_MANAGEMENT_URI={admin['management']}")
    click.echo(f"LOOPDESK_MONGO_ADMIN_URI={admin['mongo']}")


@main.command()
@name_option
@click.option("--discard", is_flag=True, help="Remove its data, too.")
def down(name: str, discard: bool) -> None:
    """Stop a stack and everything that it started."""
    ran = launch.down(Instance(name), discard=discard)
    click.echo(f"the stack {name!r} is down" if ran else f"the stack {name!r} was not up")


if __name__ == "__main__":
    try:
        main(standalone_mode=True)
    except StackError as problem:
        sys.exit(str(problem))
