"""How to reach a stack that is up: addresses with accounts, process ids, files. For tests, the demo and the bench."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.localstack import secrets
from deploy.localstack.broker import Broker
from deploy.localstack.errors import StackError
from deploy.localstack.instance import Instance
from deploy.localstack.servers import choose

# Operators' variables -> the addresses of `admin`.
ADMIN_VARIABLES = {
    "LOOPDESK_AMQP_ADMIN_URI": "amqp",
    "LOOPDESK_MANAGEMENT_URI": "management",
    "LOOPDESK_MONGO_ADMIN_URI": "mongo",
}


@dataclass(frozen=True)
class Access:
    """Reads the state file at every call, so that what it says is true now."""

    instance: Instance

    @property
    def state(self) -> dict[str, Any]:
        """See `Supervisor.state`.

        Raises: StackError if the stack is not up.
        """
        if not self.instance.is_up():
            raise StackError(f"the stack {self.instance.name!r} is not up")
        return self.instance.state()

    def amqp_uri(self, account: str) -> str:
        """As a client or a service: `callcentre`, `intake`, `sms-consumer` …"""
        amqp = self.state["amqp"]
        return f"amqp://{account}:{self.password(account, 'AMQP')}@{amqp['address']}/{amqp['vhost']}"

    def mongo_uri(self, account: str) -> str:
        """As a service or consumer: it sees its own collections only."""
        mongo = self.state["mongo"]
        options = f"{mongo['options']}&authSource={mongo['database']}"
        return f"mongodb://{account}:{self.password(account, 'MONGO')}@{mongo['address']}/{mongo['database']}?{options}"

    def password(self, account: str, server: str) -> str:
        """Of an account at AMQP or MONGO."""
        return secrets.read(self.instance)[f"{account.upper().replace('-', '_')}_{server}_PASSWORD"]

    def admin(self) -> dict[str, str]:
        """The administrator's addresses, by their variables' names."""
        return {variable: self.state["admin"][key] for variable, key in ADMIN_VARIABLES.items()}

    @property
    def admin_amqp_uri(self) -> str:
        """RabbitMQ's, with our virtual host."""
        return str(self.state["admin"]["amqp"])

    @property
    def management_uri(self) -> str:
        """The management API's, without an account."""
        return str(self.state["admin"]["management"])

    @property
    def admin_mongo_uri(self) -> str:
        """MongoDB's, with our database."""
        return str(self.state["admin"]["mongo"])

    def pids(self, process: str) -> list[int]:
        """Of the replicas that run now."""
        return [one["pid"] for one in self.state["processes"].get(process, []) if one["pid"] is not None]

    def rabbitmqctl(self, *arguments: str) -> str:
        """What the broker's own command line says.

        Raises: StackError if the broker is not ours; CalledProcessError.
        """
        port = json.loads((self.instance.folder / "ports.json").read_text())
        broker = choose(self.instance, secrets.read(self.instance), port, {}).broker
        if "rabbitmq" not in self.state["processes"] or not isinstance(broker, Broker):
            raise StackError("the broker is not one of the local stack")
        command = broker.tool("rabbitmqctl", *arguments)
        return subprocess.run(  # noqa: S603 (RabbitMQ's own)
            command.argv, env=dict(command.env), cwd=command.cwd, check=True, capture_output=True, text=True, timeout=60
        ).stdout

    def log(self, process: str, replica: int = 1) -> Path:
        """A replica's log file."""
        return Path(self.state["processes"][process][replica - 1]["log"])

    def folder(self, volume: str) -> Path:
        """The folder that stands for a named volume of docker-compose.yml."""
        return self.instance.folder / "volumes" / volume
