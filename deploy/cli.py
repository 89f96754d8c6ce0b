"""`loopdesk`: what operators type."""

from __future__ import annotations

import warnings

import click
from pika.exceptions import AMQPError

from shared.errors import LoopdeskError, Unavailable, ValidationError

warnings.filterwarnings(
    "ignore", message=r"\s*Eventlet is deprecated"
)  # the bus module brings it; nothing here uses it

from deploy.commands.apply import apply  # noqa: E402 - after the filter
from deploy.commands.call import call  # noqa: E402
from deploy.commands.health import ping, status  # noqa: E402
from deploy.commands.look import kpi, messages, ticket, work  # noqa: E402
from deploy.commands.parked import parked  # noqa: E402
from deploy.commands.session import err  # noqa: E402


class Loopdesk(click.Group):
    """Says what went wrong and what to do, instead of a traceback."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; exit 1 on a refusal."""
        try:
            return super().invoke(ctx)
        except ValidationError as error:
            err.print(f"[red]ValidationError[/]: {len(error.fields)} field(s) refused")
            for name, messages in sorted(error.fields.items()):
                err.print(f"  {name}: {' '.join(messages)}", markup=False)
        except LoopdeskError as error:
            err.print(f"[red]{error.code}[/]: ", end="")
            err.print(error.message, markup=False)
            if isinstance(error, Unavailable):
                err.print("Look with: loopdesk status")
        except AMQPError as error:
            err.print(f"[red]broker[/]: {error!r}")
            err.print("Is it up, and does LOOPDESK_AMQP_URI name the operator's account?")
        raise SystemExit(1)


@click.group(cls=Loopdesk, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="loopdesk", message="loopdesk %(version)s")
def main() -> None:
    """Run Loopdesk: set it up, watch it, repair it.

    The account comes from LOOPDESK_AMQP_URI; where that is not set, the local stack of this machine is used (`make up`;
    another than `dev`: LOOPDESK_STACK=name).

    \b
    First time:   loopdesk provision && loopdesk apply
    Every day:    loopdesk status
    Trouble:      loopdesk parked list
    """


@main.command()
def provision() -> None:
    """Make exchanges, queues, accounts and indexes; safe to run again.

    Needs the administrators' addresses and every account's password in the environment, as docker-compose.yml names
    them. Afterwards: loopdesk apply
    """
    from deploy import provision as step  # brings the services; no other command needs them

    step.main()


for command in (apply, parked, ping, status, call, kpi, work, ticket, messages):
    main.add_command(command)


if __name__ == "__main__":
    main()
