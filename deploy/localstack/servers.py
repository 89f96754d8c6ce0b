"""The broker and the database of a stack: our own, or those that the environment names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from deploy.localstack import plan
from deploy.localstack.broker import Broker
from deploy.localstack.database import Database
from deploy.localstack.foreign import ForeignBroker, ForeignDatabase
from deploy.localstack.instance import Instance
from deploy.localstack.process import Command

AMQP, MANAGEMENT, MONGO = "LOOPDESK_AMQP_ADMIN_URI", "LOOPDESK_MANAGEMENT_URI", "LOOPDESK_MONGO_ADMIN_URI"
PORTS = ("amqp", "management", "distribution", "epmd", "mongo", "mailbox", "mail-receiver")
NAME = "loopdesk"  # of the virtual host and the database in servers of our own

Check = tuple[str, Callable[[], bool], str]  # process, whether it is ready, what to do if it never is


@dataclass(frozen=True)
class Servers:
    """The pair, as the supervisor sees it."""

    broker: Broker | ForeignBroker
    database: Database | ForeignDatabase

    def prepare(self) -> None:
        """What must be done before they start.

        Raises: StackError if they are not installed, or not such as we can use.
        """
        self.broker.prepare()
        self.database.prepare()

    def commands(self) -> Mapping[str, Command]:
        """Process -> command, in the order of starting."""
        return {**self.broker.commands(), **self.database.commands()}

    def checks(self) -> list[Check]:
        """What to wait for."""
        return [
            ("rabbitmq", self.broker.ready, self.broker.advice),
            ("mongo", self.database.ready, self.database.advice),
        ]

    def remove(self) -> None:
        """What we made in servers that are not ours."""
        self.broker.remove()
        self.database.remove()

    def addresses(self) -> dict[str, str]:
        """host:port of docker-compose.yml -> host:port here."""
        return {
            "rabbitmq:5672": self.broker.address,
            "rabbitmq:15672": self.broker.management_uri.partition("://")[2],
            "mongo:27017": self.database.address,
        }

    def variables(self) -> dict[str, str]:
        """For docker-compose.yml."""
        return {
            "LOOPDESK_VHOST": self.broker.vhost,
            "LOOPDESK_DATABASE": self.database.name,
            "LOOPDESK_MONGO_OPTIONS": self.database.options,
        }

    def admin(self) -> dict[str, str]:
        """The administrator's addresses, by the variables that `provision` reads."""
        return {AMQP: self.broker.uri, MANAGEMENT: self.broker.management_uri, MONGO: self.database.uri}

    def whereabouts(self) -> dict[str, Any]:
        """For the state file."""
        return {
            "amqp": {"address": self.broker.address, "vhost": self.broker.vhost},
            "mongo": {
                "address": self.database.address,
                "database": self.database.name,
                "options": self.database.options,
            },
            "admin": {
                "amqp": self.broker.uri,
                "management": self.broker.management_uri,
                "mongo": self.database.uri,
            },
        }


def choose(
    instance: Instance, variables: Mapping[str, str], port: Mapping[str, int], environ: Mapping[str, str]
) -> Servers:
    """Those that LOOPDESK_AMQP_ADMIN_URI and LOOPDESK_MONGO_ADMIN_URI name, and our own for what they do not name."""
    own_name = f"{NAME}-{instance.name}"
    broker: Broker | ForeignBroker = Broker(
        name=own_name,
        folder=instance.folder / "rabbitmq",
        amqp_port=port["amqp"],
        management_port=port["management"],
        distribution_port=port["distribution"],
        epmd_port=port["epmd"],
        password=variables["RABBITMQ_ADMIN_PASSWORD"],
        vhost=NAME,
    )
    database: Database | ForeignDatabase = Database(
        folder=instance.folder / "mongo",
        port=port["mongo"],
        password=variables["MONGO_ADMIN_PASSWORD"],
        name=NAME,
        parameters=plan.mongod_options(variables),
    )
    if environ.get(AMQP):
        broker = ForeignBroker(environ[AMQP], environ.get(MANAGEMENT), own_name)
    if environ.get(MONGO):
        database = ForeignDatabase(environ[MONGO], own_name)
    return Servers(broker, database)
