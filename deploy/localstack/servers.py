"""The two servers of a local stack: a private RabbitMQ node and a single-node MongoDB replica set."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from deploy.localstack.errors import StackError
from deploy.localstack.instance import HOME, ROOT
from deploy.localstack.process import Command

ADMIN = "admin"
RABBITMQ = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")  # Debian's; /usr/sbin's wrapper insists on the system's node
MONGOD = HOME / "bin" / "mongod"
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


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

    INSTALL = "RabbitMQ is missing or cannot start: apt-get install rabbitmq-server"

    def prepare(self) -> None:
        """Writes its configuration.

        Raises: StackError if the package is not installed.
        """
        if not RABBITMQ.exists() or shutil.which("epmd", path=SYSTEM_PATH) is None:
            raise StackError(self.INSTALL)
        for folder in ("data", "home"):
            (self.folder / folder).mkdir(parents=True, exist_ok=True)
        (self.folder / "enabled_plugins").write_text("[rabbitmq_management].\n")
        (self.folder / "rabbitmq.conf").write_text(
            f"{(ROOT / 'deploy' / 'rabbitmq.conf').read_text()}\n"
            f"listeners.tcp.local = 127.0.0.1:{self.amqp_port}\n"
            f"management.tcp.ip = 127.0.0.1\n"
            f"management.tcp.port = {self.management_port}\n"
        )

    def epmd(self) -> Command:
        """Erlang's port mapper: in the foreground, so that it ends with the stack."""
        return self._command("epmd", "-address", "127.0.0.1", "-port", str(self.epmd_port))

    def command(self) -> Command:
        """The server."""
        return self._command(str(RABBITMQ))

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
            request = urllib.request.Request(f"{self.management_uri}/api/overview")  # noqa: S310 (our own http address)
            request.add_header("Authorization", "Basic " + b64encode(f"{ADMIN}:{self.password}".encode()).decode())
            with urllib.request.urlopen(request, timeout=5) as reply:  # noqa: S310
                return "rabbitmq_version" in json.load(reply)
        except (OSError, urllib.error.URLError):
            return False

    @property
    def uri(self) -> str:
        """The administrator's."""
        return f"amqp://{ADMIN}:{self.password}@127.0.0.1:{self.amqp_port}/{self.vhost}"

    @property
    def management_uri(self) -> str:
        """The HTTP API's address, without an account."""
        return f"http://127.0.0.1:{self.management_port}"


@dataclass(frozen=True)
class Database:
    """A mongod of our own: a replica set of one, with accounts on."""

    folder: Path
    port: int
    password: str
    name: str
    options: tuple[str, ...] = ()  # more of mongod's own, from docker-compose.yml

    INSTALL = "mongod is missing or cannot start: run `make setup`; it needs libcurl4 and libssl3 (apt-get install)"
    SET = "rs0"

    def prepare(self) -> None:
        """Writes its key file.

        Raises: StackError if mongod has not been unpacked.
        """
        if not os.access(MONGOD, os.X_OK):
            raise StackError(self.INSTALL)
        (self.folder / "data").mkdir(parents=True, exist_ok=True)
        key = self.folder / "key"
        if not key.exists():
            key.touch(mode=0o600)
            key.write_text(secrets.token_hex(48))

    def command(self) -> Command:
        """The server."""
        argv = (
            *(str(MONGOD), "--dbpath", str(self.folder / "data"), "--port", str(self.port), "--bind_ip", "127.0.0.1"),
            *("--nounixsocket", "--keyFile", str(self.folder / "key"), "--replSet", self.SET),
            *("--wiredTigerCacheSizeGB", "0.5", "--setParameter", "diagnosticDataCollectionEnabled=false"),
            *("--setParameter", "shutdownTimeoutMillisForSignaledShutdown=100", *self.options),
        )
        return Command(argv, {"PATH": SYSTEM_PATH, "LANG": "C.UTF-8", "HOME": str(self.folder)}, self.folder)

    def ready(self) -> bool:
        """Whether it takes writes; initiates the set and makes the administrator on the first start."""
        try:
            with self._connect() as client:
                hello = client.admin.command("hello")
                if hello.get("isWritablePrimary"):
                    return self._sign_in(client)
                if "setName" not in hello:
                    self._found_set(client)
        except PyMongoError:
            pass
        return False

    @property
    def uri(self) -> str:
        """The administrator's."""
        options = f"replicaSet={self.SET}&authSource=admin"
        return f"mongodb://{ADMIN}:{self.password}@127.0.0.1:{self.port}/{self.name}?{options}"

    def _connect(self, **account: Any) -> MongoClient[dict[str, Any]]:
        return MongoClient(
            "127.0.0.1", self.port, directConnection=True, serverSelectionTimeoutMS=1000, timeoutMS=5000, **account
        )

    def _connect_as_administrator(self) -> MongoClient[dict[str, Any]]:
        return self._connect(username=ADMIN, password=self.password)

    def _sign_in(self, client: MongoClient[dict[str, Any]]) -> bool:
        try:
            with self._connect_as_administrator() as administrator:
                administrator.admin.command("ping")
        except OperationFailure:  # first start: mongod's localhost exception lets anybody here make the first account
            client.admin.command("createUser", ADMIN, pwd=self.password, roles=["root"])
            return False
        return True

    def _found_set(self, client: MongoClient[dict[str, Any]]) -> None:
        members = [{"_id": 0, "host": f"127.0.0.1:{self.port}"}]
        try:
            client.admin.command("replSetInitiate", {"_id": self.SET, "members": members})
        except OperationFailure:  # there is one with accounts, initiated on another port: tell it where it is now
            with self._connect_as_administrator() as administrator:
                config = administrator["local"]["system.replset"].find_one() or {}
                config |= {"members": members, "version": config["version"] + 1}
                administrator.admin.command("replSetReconfig", config, force=True)


Check = tuple[str, Callable[[], bool], str]  # process, whether it is ready, what to do if it never is


@dataclass(frozen=True)
class Servers:
    """The pair, as the supervisor sees it."""

    broker: Broker
    database: Database

    def prepare(self) -> None:
        """What must be done before they start.

        Raises: StackError if they are not installed.
        """
        self.broker.prepare()
        self.database.prepare()

    def commands(self) -> Mapping[str, Command]:
        """Process -> command, in the order of starting."""
        return {"epmd": self.broker.epmd(), "rabbitmq": self.broker.command(), "mongo": self.database.command()}

    def checks(self) -> list[Check]:
        """What to wait for."""
        return [
            ("rabbitmq", self.broker.ready, Broker.INSTALL),
            ("mongo", self.database.ready, Database.INSTALL),
        ]

    def addresses(self) -> dict[str, str]:
        """host:port of docker-compose.yml -> host:port here."""
        return {
            "rabbitmq:5672": f"127.0.0.1:{self.broker.amqp_port}",
            "rabbitmq:15672": f"127.0.0.1:{self.broker.management_port}",
            "mongo:27017": f"127.0.0.1:{self.database.port}",
        }

    def whereabouts(self) -> dict[str, Any]:
        """For the state file: where they are, and the administrator's addresses."""
        return {
            "amqp": {"address": self.addresses()["rabbitmq:5672"], "vhost": self.broker.vhost},
            "mongo": {
                "address": self.addresses()["mongo:27017"],
                "database": self.database.name,
                "options": f"replicaSet={Database.SET}",
            },
            "admin": {
                "amqp": self.broker.uri,
                "management": self.broker.management_uri,
                "mongo": self.database.uri,
            },
        }
