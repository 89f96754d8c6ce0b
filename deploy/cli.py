"""`loopdesk`: what operators type."""

from __future__ import annotations

import importlib
import socket

import click
from pika.exceptions import AMQPError

from deploy.commands.session import err
from shared.errors import LoopdeskError, Unavailable, ValidationError

#: Command -> the module in deploy/commands that holds it; imported when it is typed, since some bring half the kernel.
COMMANDS = {
    "apply": "apply",
    "broadcast": "broadcast",
    "call": "call",
    "calls": "calls",
    "care": "care",
    "count-segments": "count_segments",
    "duty-log": "duty_log",
    "explain": "explain",
    "export": "export",
    "explain-assignment": "explain_assignment",
    "flow": "flow",
    "handover": "handover",
    "holidays": "holidays",
    "incident": "incident",
    "kpi": "look",
    "messages": "messages",
    "parked": "parked",
    "ping": "health",
    "preview": "preview",
    "provision": "provision",
    "replies": "replies",
    "rerate": "rerate",
    "rollout": "rollout",
    "simulate": "simulate",
    "shift-log": "shift_log",
    "status": "health",
    "ticket": "look",
    "verify": "verify",
    "who": "who",
    "work": "look",
    "worklist": "worklist",
    "workload": "workload",
}

HINT = "Is it up, and does LOOPDESK_AMQP_URI name the operator's account?"


class Loopdesk(click.Group):
    """Says what went wrong and what to do, instead of a traceback."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the alphabet."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """None for an unknown one: click then says so."""
        if cmd_name not in COMMANDS:
            return None
        command = getattr(importlib.import_module(f"deploy.commands.{COMMANDS[cmd_name]}"), cmd_name.replace("-", "_"))
        assert isinstance(command, click.Command)  # noqa: S101 - for the type
        return command

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
            err.print("[red]broker[/]: ", end="")
            err.print(repr(error), markup=False)
            err.print(HINT)
        except socket.gaierror as error:
            err.print("[red]broker[/]: ", end="")
            err.print(f"its host is not known: {error.strerror}", markup=False)
            err.print(HINT)
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


if __name__ == "__main__":
    main()
