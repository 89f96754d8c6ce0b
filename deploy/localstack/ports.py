"""Free ports, kept from run to run."""

from __future__ import annotations

import json
import random
import socket
from collections.abc import Iterable
from pathlib import Path

# Below Linux's ephemeral range: a client that reconnects to a port of that range while nobody listens there can
# be given the same number as its own and so connect to itself.
RANGE = range(20_000, 32_000)


def is_free(port: int) -> bool:
    """Whether somebody could listen on it now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def reserve(file: Path, names: Iterable[str]) -> dict[str, int]:
    """A port per name: the one that `file` remembers while it is still free, else a new one, remembered from now on."""
    known: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}
    taken: set[int] = set(known.values())
    for name in names:
        if name not in known or not is_free(known[name]):
            known[name] = next(port for port in _shuffled() if port not in taken and is_free(port))
            taken.add(known[name])
    file.write_text(json.dumps(known))
    return known


def _shuffled() -> list[int]:
    return random.sample(RANGE, len(RANGE))
