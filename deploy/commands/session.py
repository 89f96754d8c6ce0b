"""What every command needs: the account, the client, and the two consoles."""

from __future__ import annotations

import os
import sys
from typing import Any
from urllib.parse import unquote, urlsplit

import click
import pika
from pika.adapters.blocking_connection import BlockingConnection
from rich.console import Console

from deploy.localstack.access import Access
from deploy.localstack.instance import Instance
from shared.client import Client

ACCOUNT = "operator"
SUPERVISOR = "supervisor"  # may do what is done with work, which operators may only see

PIPED_WIDTH = 200  # rich takes 80 columns where there is no terminal, and would cut ids

out = Console(width=None if sys.stdout.isatty() else PIPED_WIDTH)
err = Console(width=None if sys.stderr.isatty() else PIPED_WIDTH, stderr=True)


def amqp_uri(account: str = ACCOUNT) -> str:
    """`LOOPDESK_AMQP_URI`, else that account at this machine's running stack."""
    if found := os.environ.get("LOOPDESK_AMQP_URI"):
        return found
    local = _local()
    if local is None:
        raise click.ClickException(
            "LOOPDESK_AMQP_URI is not set and no local stack runs.\n"
            "Start one with `make up`, or export LOOPDESK_AMQP_URI=amqp://operator:<password>@<host>:5672/loopdesk"
        )
    return local.amqp_uri(account)


def management_uri() -> str | None:
    """The management plugin's address, `http://host:port`, where one is known."""
    local = _local()
    return os.environ.get("LOOPDESK_MANAGEMENT_URI") or (local.management_uri if local else None)


def account() -> tuple[str, str]:
    """Name and password in `amqp_uri`."""
    parts = urlsplit(amqp_uri())
    return unquote(parts.username or ""), unquote(parts.password or "")


def vhost() -> str:
    """The virtual host in `amqp_uri`."""
    return unquote(urlsplit(amqp_uri()).path[1:]) or "/"


def client(account: str = ACCOUNT) -> Client:
    """For calls to the services; `account` matters only where none is set."""
    return Client(amqp_uri(account), name="loopdesk")


def work(client: Client, number: str) -> dict[str, Any]:
    """`dispatch.get_work` by the work order's own number (W-…) or its ticket's (T-…)."""
    named: dict[str, Any] = {"ticket_no" if number.startswith("T-") else "order_no": number}
    found: dict[str, Any] = client.call("dispatch", "get_work", **named)
    return found


def broker() -> BlockingConnection:
    """For what is done on queues."""
    parameters = pika.URLParameters(amqp_uri())
    parameters.client_properties = {"connection_name": "loopdesk"}
    return BlockingConnection(parameters)


def _local() -> Access | None:
    """This machine's stack, if it is up."""
    access = Access(Instance(os.environ.get("LOOPDESK_STACK") or "dev"))
    return access if access.instance.is_up() else None
