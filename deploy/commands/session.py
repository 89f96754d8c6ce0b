"""What every command needs: the account, the client, and the two consoles."""

from __future__ import annotations

import os
import sys
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import click
import pika
from pika.adapters.blocking_connection import BlockingConnection
from rich.console import Console

from deploy.localstack import secrets
from deploy.localstack.instance import Instance
from shared.client import Client

ACCOUNT = "operator"
VHOST = "loopdesk"
SERVICES = ("intake", "dispatch", "feedback", "notify")
PROCESSES = tuple(f"{service}{kind}" for service in SERVICES for kind in ("", "-worker"))

PIPED_WIDTH = 200  # rich takes 80 columns where there is no terminal, and would cut ids

out = Console(width=None if sys.stdout.isatty() else PIPED_WIDTH)
err = Console(width=None if sys.stderr.isatty() else PIPED_WIDTH, stderr=True)


def amqp_uri() -> str:
    """`LOOPDESK_AMQP_URI`, else the operator's account at this machine's running stack."""
    found = os.environ.get("LOOPDESK_AMQP_URI") or _local_amqp_uri()
    if not found:
        raise click.ClickException(
            "LOOPDESK_AMQP_URI is not set and no local stack runs.\n"
            "Start one with `make up`, or export LOOPDESK_AMQP_URI=amqp://operator:<password>@<host>:5672/loopdesk"
        )
    return found


def management_uri() -> str | None:
    """The management plugin's address, `http://host:port`, where one is known."""
    return os.environ.get("LOOPDESK_MANAGEMENT_URI") or _local().get("management")


def account() -> tuple[str, str]:
    """Name and password in `amqp_uri`."""
    parts = urlsplit(amqp_uri())
    return unquote(parts.username or ""), unquote(parts.password or "")


def vhost() -> str:
    """The virtual host in `amqp_uri`."""
    return unquote(urlsplit(amqp_uri()).path[1:]) or "/"


def client() -> Client:
    """For calls to the services."""
    return Client(amqp_uri(), name="loopdesk")


def broker() -> BlockingConnection:
    """For what is done on queues."""
    parameters = pika.URLParameters(amqp_uri())
    parameters.client_properties = {"connection_name": "loopdesk"}
    return BlockingConnection(parameters)


def _instance() -> Instance:
    return Instance(os.environ.get("LOOPDESK_STACK") or "dev")


def _local() -> dict[str, str]:
    """Addresses of the local stack's servers; empty when none runs."""
    instance = _instance()
    return dict(instance.state().get("admin") or {}) if instance.is_up() else {}


def _local_amqp_uri() -> str | None:
    admin = _local().get("amqp")
    password = secrets.read(_instance()).get(f"{ACCOUNT.upper()}_AMQP_PASSWORD") if admin else None
    if not admin or not password:
        return None
    parts = urlsplit(admin)
    place = f"{ACCOUNT}:{quote(password, safe='')}@{parts.hostname}:{parts.port}"
    return urlunsplit((parts.scheme, place, f"/{quote(VHOST, safe='')}", "", ""))
