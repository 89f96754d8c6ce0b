"""A private mongod."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from deploy.localstack.errors import StackError
from deploy.localstack.instance import HOME
from deploy.localstack.process import SYSTEM_PATH, Command

ADMIN = "admin"
MONGOD = HOME / "bin" / "mongod"


@dataclass(frozen=True)
class Database:
    """A mongod of our own: a replica set of one, with accounts on."""

    folder: Path
    port: int
    password: str
    name: str
    parameters: tuple[str, ...] = ()  # more of mongod's own, from docker-compose.yml

    advice = "mongod is missing or cannot start: run `make setup`; it needs libcurl4 and libssl3 (apt-get install)"
    SET = "rs0"

    def prepare(self) -> None:
        """Writes its key file.

        Raises: StackError if mongod has not been unpacked.
        """
        if not os.access(MONGOD, os.X_OK):
            raise StackError(self.advice)
        (self.folder / "data").mkdir(parents=True, exist_ok=True)
        key = self.folder / "key"
        if not key.exists():
            key.touch(mode=0o600)
            key.write_text(secrets.token_hex(48))

    def commands(self) -> Mapping[str, Command]:
        """The server."""
        argv = (
            *(str(MONGOD), "--dbpath", str(self.folder / "data"), "--port", str(self.port), "--bind_ip", "127.0.0.1"),
            *("--nounixsocket", "--keyFile", str(self.folder / "key"), "--replSet", self.SET),
            *("--wiredTigerCacheSizeGB", "0.5", "--setParameter", "diagnosticDataCollectionEnabled=false"),
            *("--setParameter", "shutdownTimeoutMillisForSignaledShutdown=100", *self.parameters),
        )
        env = {"PATH": SYSTEM_PATH, "LANG": "C.UTF-8", "HOME": str(self.folder)}
        return {"mongo": Command(argv, env, self.folder)}

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

    def remove(self) -> None:
        """Nothing: its data lie in the stack's folder."""

    @property
    def address(self) -> str:
        """host:port."""
        return f"127.0.0.1:{self.port}"

    @property
    def options(self) -> str:
        """What every address of it needs after the question mark."""
        return f"replicaSet={self.SET}"

    @property
    def uri(self) -> str:
        """The administrator's."""
        return f"mongodb://{ADMIN}:{self.password}@{self.address}/{self.name}?{self.options}&authSource=admin"

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
        members = [{"_id": 0, "host": self.address}]
        try:
            client.admin.command("replSetInitiate", {"_id": self.SET, "members": members})
        except OperationFailure:  # there is one with accounts, initiated on another port: tell it where it is now
            with self._connect_as_administrator() as administrator:
                config = administrator["local"]["system.replset"].find_one() or {}
                config |= {"members": members, "version": config["version"] + 1}
                administrator.admin.command("replSetReconfig", config, force=True)
