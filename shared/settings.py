"""Settings from the environment, read once at start; what is missing is named, all at once."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

#: Reply addresses hold the account's name, and have no place for other characters (shared/bus/topology.py).
_ACCOUNT = re.compile(r"[A-Za-z0-9_-]+")


class MissingSettings(SystemExit):
    """The process cannot start; the message names every variable that is missing or wrong."""


def require(*names: str, environ: Mapping[str, str] = os.environ) -> list[str]:
    """The values of the named variables; exits naming all that are unset or empty."""
    missing = [name for name in names if not environ.get(name)]
    if missing:
        raise MissingSettings(f"not set in the environment: {', '.join(missing)} (see docker-compose.yml)")
    return [environ[name] for name in names]


def permissions_of(text: str) -> dict[str, frozenset[str]]:
    """Account -> permissions from `account=submit,read;other=work`; `ValueError` on another form."""
    table: dict[str, frozenset[str]] = {}
    for part in filter(None, (item.strip() for item in text.split(";"))):
        account, equals, names = part.partition("=")
        if not equals or not _ACCOUNT.fullmatch(account):
            raise ValueError(f"LOOPDESK_PERMISSIONS: {part!r} is not account=permission,permission")
        unknown = set(names.split(",")) - PERMISSIONS
        if unknown:
            raise ValueError(f"LOOPDESK_PERMISSIONS: {account} has unknown {sorted(unknown)}")
        table[account] = frozenset(names.split(","))
    return table


PERMISSIONS = frozenset({"submit", "work", "supervise", "administer", "backdate", "read"})


@dataclass(frozen=True)
class Settings:
    """What every service process needs. URIs carry the service's own accounts."""

    amqp_uri: str
    mongo_uri: str
    permissions: dict[str, frozenset[str]] = field(default_factory=dict)
    max_workers: int = 32
    heartbeat: int = 60
    log_level: str = "INFO"

    @classmethod
    def load(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """From the environment; exits with the name of what is missing or malformed."""
        amqp_uri, mongo_uri, permissions = require(
            "LOOPDESK_AMQP_URI", "LOOPDESK_MONGO_URI", "LOOPDESK_PERMISSIONS", environ=environ
        )
        try:
            return cls(
                amqp_uri=amqp_uri,
                mongo_uri=mongo_uri,
                permissions=permissions_of(permissions),
                max_workers=int(environ.get("LOOPDESK_MAX_WORKERS", "32")),
                heartbeat=int(environ.get("LOOPDESK_HEARTBEAT", "60")),
                log_level=environ.get("LOOPDESK_LOG_LEVEL", "INFO"),
            )
        except ValueError as error:
            raise MissingSettings(f"a setting is malformed: {error}") from None
