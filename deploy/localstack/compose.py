"""Reads docker-compose.yml: the part of the Compose specification that the local stack can start without Docker."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from deploy.localstack.errors import StackError
from deploy.localstack.instance import ROOT

FILE = ROOT / "docker-compose.yml"
_VARIABLE = re.compile(r"\$(?:(\$)|\{(\w+)(?:(:?[-?])([^{}]*))?\})")


@dataclass(frozen=True)
class Service:
    """What it takes to start one service of the file, variables filled in."""

    name: str
    argv: tuple[str, ...]  # entrypoint and command
    environment: Mapping[str, str]
    restart: str
    depends_on: tuple[str, ...]
    health: tuple[str, ...]  # the health check's command, empty where there is none
    volumes: Mapping[str, str]  # path inside the container -> named volume; bind mounts are left out
    profiles: tuple[str, ...]

    def moved(self, addresses: Mapping[str, str], folders: Mapping[str, Path]) -> Service:
        """The same with host:port pairs and volumes' paths of another place."""
        moves = {**addresses, **{inside: str(folders[volume]) for inside, volume in self.volumes.items()}}

        def there(text: str) -> str:
            for old, new in moves.items():
                text = re.sub(rf"(?<![\w.-]){re.escape(old)}(?![\w-])", new.replace("\\", r"\\"), text)
            return text

        return replace(
            self,
            argv=tuple(map(there, self.argv)),
            environment={name: there(value) for name, value in self.environment.items()},
            health=tuple(map(there, self.health)),
        )

    def overridden(self, values: Mapping[str, str]) -> Service:
        """The same with other values for those variables that it has."""
        return replace(self, environment={name: values.get(name, text) for name, text in self.environment.items()})


def load(variables: Mapping[str, str], profiles: Collection[str] = (), file: Path = FILE) -> dict[str, Service]:
    """Service name -> service, for those without a profile and those of `profiles`.

    Raises: StackError naming a variable that the file requires and `variables` lacks.
    """
    read = {
        name: _service(name, _filled(declared, variables))
        for name, declared in yaml.safe_load(file.read_text())["services"].items()
    }
    return {
        name: service for name, service in read.items() if not service.profiles or set(service.profiles) & set(profiles)
    }


def required(file: Path = FILE) -> list[str]:
    """The variables for which the file has no default."""
    found = _VARIABLE.finditer(file.read_text())
    return sorted({match[2] for match in found if match[2] and (match[3] or "?").endswith("?")})


def interpolate(text: str, variables: Mapping[str, str]) -> str:
    """Fills in ${NAME}, ${NAME:-default} and ${NAME:?message}; $$ is a dollar sign."""

    def value(match: re.Match[str]) -> str:
        dollar, name, operator, rest = match.groups()
        if dollar:
            return "$"
        known = variables.get(name)
        if known or (known is not None and not (operator or "").startswith(":")):
            return known
        if (operator or "?").endswith("?"):
            raise StackError(f"docker-compose.yml needs the variable {name}{': ' + rest if rest else ''}")
        return rest or ""

    return _VARIABLE.sub(value, text)


def _filled(node: Any, variables: Mapping[str, str]) -> Any:
    if isinstance(node, str):
        return interpolate(node, variables)
    if isinstance(node, list):
        return [_filled(item, variables) for item in node]
    if isinstance(node, dict):
        return {key: _filled(item, variables) for key, item in node.items()}
    return node


def _service(name: str, declared: Mapping[str, Any]) -> Service:
    health = declared.get("healthcheck", {}).get("test", [])
    mounts = [mount.split(":") for mount in declared.get("volumes", [])]
    return Service(
        name=name,
        argv=(*declared.get("entrypoint", []), *declared.get("command", [])),
        environment={key: str(value) for key, value in declared.get("environment", {}).items()},
        restart=declared.get("restart", "no"),
        depends_on=tuple(declared.get("depends_on", ())),
        health=tuple(health[1:]) if health[:1] == ["CMD"] else (),
        volumes={mount[1]: mount[0] for mount in mounts if not mount[0].startswith((".", "/"))},
        profiles=tuple(declared.get("profiles", ())),
    )
