"""Servers that somebody else runs: a virtual host and a database of our own there, by their administrator's address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from deploy.localstack import management
from deploy.localstack.errors import StackError
from deploy.localstack.process import Command


@dataclass
class ForeignBroker:
    """The RabbitMQ of LOOPDESK_AMQP_ADMIN_URI and LOOPDESK_MANAGEMENT_URI."""

    given_uri: str
    given_management_uri: str | None
    vhost: str
    advice: str = "RabbitMQ of LOOPDESK_AMQP_ADMIN_URI does not answer at its management API (LOOPDESK_MANAGEMENT_URI)"
    _is_ours: bool = field(default=False, init=False)

    def prepare(self) -> None:
        """Looks at the address.

        Raises: StackError if the local stack cannot use it.
        """
        if urlsplit(self.given_uri).scheme != "amqp" or not urlsplit(self.given_uri).username:
            raise StackError("LOOPDESK_AMQP_ADMIN_URI must look like amqp://account:password@host:port")

    def commands(self) -> Mapping[str, Command]:
        """Nothing to start."""
        return {}

    def ready(self) -> bool:
        """Whether it answers; notes whether the virtual host is new."""
        try:
            self._ask(f"vhosts/{self._quoted}")
        except HTTPError as refusal:
            self._is_ours = refusal.code == 404
            return self._is_ours
        except OSError:
            return False
        return True

    def remove(self) -> None:
        """The virtual host, and the accounts that had rights nowhere else; nothing that was there before us."""
        if not self._is_ours:
            return
        try:
            known = {one["user"] for one in self._ask(f"vhosts/{self._quoted}/permissions")}
            self._ask(f"vhosts/{self._quoted}", "DELETE")
            for account in known - {urlsplit(self.given_uri).username}:
                if not self._ask(f"users/{account}/permissions"):
                    self._ask(f"users/{account}", "DELETE")
        except OSError as trouble:
            print(f"the virtual host {self.vhost} could not be removed: {trouble}", flush=True)

    def _ask(self, path: str, method: str = "GET") -> Any:
        return management.ask(self.management_uri, self.given_uri, path, method)

    @property
    def _quoted(self) -> str:
        return quote(self.vhost, safe="")

    @property
    def address(self) -> str:
        """host:port."""
        place = urlsplit(self.given_uri)
        return f"{place.hostname}:{place.port or 5672}"

    @property
    def uri(self) -> str:
        """The administrator's, with our virtual host."""
        return urlsplit(self.given_uri)._replace(path=f"/{self._quoted}").geturl()

    @property
    def management_uri(self) -> str:
        """As given, else where RabbitMQ has it by default."""
        return (self.given_management_uri or f"http://{urlsplit(self.given_uri).hostname}:15672").rstrip("/")


@dataclass
class ForeignDatabase:
    """The MongoDB of LOOPDESK_MONGO_ADMIN_URI."""

    given_uri: str
    name: str
    advice: str = "MongoDB of LOOPDESK_MONGO_ADMIN_URI does not answer, or takes no writes; it must be a replica set"
    _is_ours: bool = field(default=False, init=False)

    def prepare(self) -> None:
        """Looks at the address.

        Raises: StackError if the local stack cannot use it.
        """
        if urlsplit(self.given_uri).scheme != "mongodb":
            raise StackError(
                "LOOPDESK_MONGO_ADMIN_URI must look like mongodb://account:password@host:port/?replicaSet=rs0"
            )

    def commands(self) -> Mapping[str, Command]:
        """Nothing to start."""
        return {}

    def ready(self) -> bool:
        """Whether it is a replica set that takes writes; notes whether the database is new."""
        try:
            with self._connect() as client:
                hello = client.admin.command("hello")
                self._is_ours = self._is_ours or self.name not in client.list_database_names()
                return bool(hello.get("isWritablePrimary") and hello.get("setName"))
        except PyMongoError:
            return False

    def remove(self) -> None:
        """The database with its accounts and roles, unless it was there before us."""
        if not self._is_ours:
            return
        try:
            with self._connect() as client:
                client[self.name].command("dropAllUsersFromDatabase")
                client[self.name].command("dropAllRolesFromDatabase")
                client.drop_database(self.name)
        except PyMongoError as trouble:
            print(f"the database {self.name} could not be removed: {trouble}", flush=True)

    def _connect(self) -> MongoClient[dict[str, Any]]:
        return MongoClient(self.uri, serverSelectionTimeoutMS=3000, timeoutMS=20_000)

    @property
    def address(self) -> str:
        """host:port, or several."""
        hosts = urlsplit(self.given_uri).netloc.rpartition("@")[2].split(",")
        return ",".join(host if ":" in host else f"{host}:27017" for host in hosts)

    @property
    def options(self) -> str:
        """As given, but for where its accounts are."""
        return urlencode([(name, value) for name, value in self._query if name.lower() != "authsource"])

    @property
    def uri(self) -> str:
        """The administrator's, with our database."""
        place = urlsplit(self.given_uri)
        home = next((value for name, value in self._query if name.lower() == "authsource"), place.path[1:] or "admin")
        options = "&".join(part for part in (self.options, f"authSource={home}") if part)
        return place._replace(path=f"/{self.name}", query=options).geturl()

    @property
    def _query(self) -> list[tuple[str, str]]:
        return parse_qsl(urlsplit(self.given_uri).query)
