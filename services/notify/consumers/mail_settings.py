"""Reading settings: each says its own name when it is malformed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path


def number(environ: Mapping[str, str], name: str, otherwise: int) -> int:
    """A whole number from 1 on; raises `ValueError`."""
    text = environ.get(name) or str(otherwise)
    if not re.fullmatch(r"[0-9]{1,12}", text) or int(text) < 1:
        raise ValueError(f"{name} is a whole number from 1 on, not {text!r}")
    return int(text)


def words(environ: Mapping[str, str], name: str) -> frozenset[str]:
    """Words in small letters, from a list with commas."""
    return frozenset(filter(None, re.split(r"[,\s]+", environ.get(name, "").casefold())))


def file(environ: Mapping[str, str], name: str) -> str | None:
    """A file that is there, or none; raises `ValueError`."""
    path = environ.get(name) or None
    if path is not None and not Path(path).is_file():
        raise ValueError(f"{name}: there is no file {path}")
    return path


def place(text: str, name: str) -> tuple[str, int]:
    """Host and port from `host:port` or `[address]:port`; raises `ValueError`."""
    host, _, port = text.rpartition(":")
    if not host or not re.fullmatch(r"[0-9]{1,5}", port):
        raise ValueError(f"{name} is host:port, not {text!r}")
    return host.removeprefix("[").removesuffix("]"), int(port)
