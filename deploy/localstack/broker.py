"""A private RabbitMQ node."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.localstack import management
from deploy.localstack.errors import StackError
from deploy.localstack.instance import ROOT
from deploy.localstack.process import SYSTEM_PATH, Command

ADMIN = "admin"
RABBITMQ = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")  # Debian's; /usr/sbin's wrapper insists on the system's node


@dataclass(frozen=True)
class Broker:
    """A RabbitMQ node of our own: name, ports, data, cookie, plugins and epmd, apart from any other on the machine."""

    name: str
    folder: Path
    amqp_port: int
    management_port: int
    distribution_port: int
    epmd_port: int
    password: str
    vhost: str

    advice = "RabbitMQ is missing or cannot start: apt-get install rabbitmq-server"

    def prepare(self) -> None:
        """Writes its configuration.

        Raises: StackError if the package is not installed.
        """
        if not RABBITMQ.exists() or shutil.which("epmd", path=SYSTEM_PATH) is None:
            raise StackError(self.advice)
        for folder in ("data", "home"):
            (self.folder / folder).mkdir(parents=True, exist_ok=True)
        (self.folder / "enabled_plugins").write_text("[rabbitmq_management].\n")
        (self.folder / "rabbitmq.conf").write_text(
            f"{(ROOT / 'deploy' / 'rabbitmq.conf').read_text()}\n"
            f"listeners.tcp.local = 127.0.0.1:{self.amqp_port}\n"
            f"management.tcp.ip = 127.0.0.1\n"
            f"management.tcp.port = {self.management_port}\n"
        )

    def commands(self) -> Mapping[str, Command]:
        """Erlang's port mapper, in the foreground so that it ends with the stack, and the server."""
        return {
            "epmd": self._command("epmd", "-address", "127.0.0.1", "-port", str(self.epmd_port)),
            "rabbitmq": self._command(str(RABBITMQ)),
        }

    def tool(self, name: str, *arguments: str) -> Command:
        """One of RabbitMQ's own command lines, for this node: rabbitmqctl, rabbitmq-queues …"""
        return self._command(str(RABBITMQ.parent / name), *arguments)

    def _command(self, *argv: str) -> Command:
        env = {
            "PATH": SYSTEM_PATH,
            "LANG": "C.UTF-8",
            "HOME": str(self.folder / "home"),
            "ERL_EPMD_PORT": str(self.epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_CRASH_DUMP_SECONDS": "0",
            "RABBITMQ_ALLOW_INPUT": "1",  # exec the VM itself, with no shell between us and it
            "RABBITMQ_NODENAME": f"{self.name}@localhost",
            "RABBITMQ_DIST_PORT": str(self.distribution_port),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "data"),
            "RABBITMQ_LOG_BASE": str(self.folder),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_CONF_ENV_FILE": str(self.folder / "none"),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"),
            "RABBITMQ_CONFIG_FILES": str(self.folder / "none"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(self.folder / "none"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "enabled_plugins"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-noinput -kernel inet_dist_use_interface {127,0,0,1}"
            " +sbwt none +sbwtdcpu none +sbwtdio none",  # a small machine: no spinning while idle
            "RABBITMQ_DEFAULT_USER": ADMIN,
            "RABBITMQ_DEFAULT_PASS": self.password,
            "RABBITMQ_DEFAULT_VHOST": self.vhost,
        }
        return Command(argv, env, self.folder)

    def ready(self) -> bool:
        """Whether it takes connections and its management plugin answers."""
        try:
            socket.create_connection(("127.0.0.1", self.amqp_port), timeout=1).close()
            management.ask(self.management_uri, self.uri, "overview")
        except OSError:
            return False
        return True

    def remove(self) -> None:
        """Nothing: its data lie in the stack's folder."""

    @property
    def address(self) -> str:
        """host:port."""
        return f"127.0.0.1:{self.amqp_port}"

    @property
    def uri(self) -> str:
        """The administrator's."""
        return f"amqp://{ADMIN}:{self.password}@{self.address}/{self.vhost}"

    @property
    def management_uri(self) -> str:
        """The HTTP API's address, without an account."""
        return f"http://127.0.0.1:{self.management_port}"
