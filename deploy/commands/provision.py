"""`loopdesk provision`: what must exist before the services run."""

from __future__ import annotations

import click

from deploy import provision as step
from deploy.commands.session import out


@click.command()
def provision() -> None:
    """Make exchanges, queues, accounts, permissions and indexes; safe to run again.

    Needs the administrators' addresses and every account's password in the environment, as docker-compose.yml names
    them. Run it again after a change of passwords, permissions or handlers; it removes nothing.
    """
    step.main(lambda line: out.print(line, highlight=False, markup=False, soft_wrap=True))
    out.print("Next, once the services run: loopdesk apply")
