"""What a stack is made of: docker-compose.yml, with this machine's addresses, folders and secrets filled in."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from deploy.localstack import compose
from deploy.localstack.instance import ROOT, Instance
from deploy.localstack.process import SYSTEM_PATH, Command

PROFILES = ("local",)
SERVERS = ("rabbitmq", "mongo")  # started in our own way, not by the file's commands
VENV = ROOT / ".venv" / "bin"

# What the Dockerfile gives to every process.
IMAGE_ENVIRONMENT = {"PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1", "LANG": "C.UTF-8"}

# The variables that an operator sets in .env and that have one right value here.
LOCAL_VARIABLES = {
    "SMTP_URI": "smtp://mailbox:2525",
    "SMTP_FROM": "Loopdesk <loopdesk@example.com>",
    "MAIL_BOUNCES": "1",
}


def services(
    instance: Instance,
    variables: Mapping[str, str],
    addresses: Mapping[str, str],
    overrides: Mapping[str, str] = MappingProxyType({}),
    file: Path = compose.FILE,
) -> dict[str, compose.Service]:
    """Service name -> what to start for it here, in the file's order, RabbitMQ and MongoDB left out.

    `overrides` are values for variables of the environment wherever the file gives them.
    """
    declared = compose.load({**variables, **LOCAL_VARIABLES}, PROFILES, file)
    return {
        name: service.moved(addresses, folders(instance, service)).overridden(overrides)
        for name, service in declared.items()
        if name not in SERVERS
    }


def folders(instance: Instance, service: compose.Service) -> dict[str, Path]:
    """Named volume -> its folder here, made on first use."""
    places = {volume: instance.folder / "volumes" / volume for volume in service.volumes.values()}
    for place in places.values():
        place.mkdir(parents=True, exist_ok=True)
    return places


def command(argv: tuple[str, ...], service: compose.Service) -> Command:
    """Run like in the image: in the project's root, with the file's environment and no other."""
    here = {"PATH": f"{VENV}:{SYSTEM_PATH}", "HOME": os.environ.get("HOME", "/")}
    return Command(argv, {**here, **IMAGE_ENVIRONMENT, **service.environment}, ROOT)


def mongod_options(variables: Mapping[str, str], file: Path = compose.FILE) -> tuple[str, ...]:
    """The server parameters that the file gives to mongod."""
    argv = compose.load({**variables, **LOCAL_VARIABLES}, PROFILES, file)["mongo"].argv
    return tuple(
        word for at, parameter in enumerate(argv) if parameter == "--setParameter" for word in (parameter, argv[at + 1])
    )
