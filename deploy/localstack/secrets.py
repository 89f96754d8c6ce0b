"""A local stack's passwords: made at random on the first start, kept in its own `env` file."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from deploy.localstack.instance import Instance

ENV_FILE = "env"


def read(instance: Instance) -> dict[str, str]:
    """What was made before: variable -> value."""
    file = instance.folder / ENV_FILE
    lines = file.read_text().splitlines() if file.exists() else []
    return dict(line.split("=", 1) for line in lines if "=" in line)


def ensure(instance: Instance, names: Iterable[str], given: Mapping[str, str] = MappingProxyType({})) -> dict[str, str]:
    """A value for each name: as given, else the old one; written to a file that only its owner may read."""
    old = read(instance)
    known = {**old, **given}
    known |= {name: secrets.token_hex(24) for name in names if name not in known}
    if known != old:
        instance.write_secret(ENV_FILE, "".join(f"{name}={value}\n" for name, value in known.items()))
    return known
