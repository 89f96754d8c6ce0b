"""Anchors: how far every history had come, and with which hash, in files that operators keep away from the database.

A file is JSON by the line: `{"service", "at", "previous"}`, then `[collection, id, number, hash]` per aggregate in
order of collection and id, then `{"aggregates", "sha256"}` with the digest of all lines above it. `previous` is the
digest of the service's file before: none can be replaced without those after it.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, Self

from shared.clock import Clock, to_text
from shared.document import GENESIS

ANCHOR = [str, str, int, str]
LONGEST_END = 200  # bytes


class Anchor(NamedTuple):
    """The head that an aggregate's history had; ordered by collection and id, as pages of the services are."""

    collection: str
    id: str
    number: int
    hash: str


class Changed(Exception):
    """An anchors file is not as it was written; says how that shows."""


@dataclass(frozen=True)
class Anchors:
    """One file that is as it was written."""

    path: Path
    digest: str
    count: int

    def __iter__(self) -> Iterator[Anchor]:
        """Line by line."""
        with self.path.open("rb") as lines:
            for line in islice(lines, 1, 1 + self.count):
                yield Anchor(*json.loads(line))


def files(folder: Path, service: str) -> list[Path]:
    """The service's files, the newest last."""
    name = re.compile(rf"{re.escape(service)}-(\d{{6,}})\.jsonl")
    found = [(int(match[1]), path) for path in folder.glob("*.jsonl") if (match := name.fullmatch(path.name))]
    return [path for _, path in sorted(found)]


def newest(folder: Path, service: str) -> tuple[Anchors | None, list[tuple[Path, str]]]:
    """The newest file that is as it was written, and those after it that are not, each with how that shows."""
    changed: list[tuple[Path, str]] = []
    known = files(folder, service)
    for place, path in reversed(list(enumerate(known))):
        try:
            return check(path, service, known[place - 1] if place else None), changed
        except Changed as reason:
            changed.append((path, str(reason)))
    return None, changed


def check(path: Path, service: str, before: Path | None = None) -> Anchors:
    """The file, read through once. `before`: the one that it follows, if that is still there. Raises `Changed`."""
    digest, count = hashlib.sha256(), 0
    with path.open("rb") as lines:
        first, line = next(lines, b""), next(lines, b"")
        _require_beginning(first, service, before)
        digest.update(first)
        for following in lines:
            _require_anchor(line)
            digest.update(line)
            count += 1
            line = following
    if _parse(line) != {"aggregates": count, "sha256": digest.hexdigest()}:
        raise Changed("its lines do not give the digest that is at its end")
    return Anchors(path, digest.hexdigest(), count)


def _require_beginning(line: bytes, service: str, before: Path | None) -> None:
    told = _parse(line)
    if not isinstance(told, dict) or told.get("service") != service:
        raise Changed(f"it does not begin as a file of {service} does")
    if before is not None and told.get("previous") != _digest_of(before):
        raise Changed(f"it does not follow {before.name}")


def _require_anchor(line: bytes) -> None:
    told = _parse(line)
    if not isinstance(told, list) or [type(item) for item in told] != ANCHOR:
        raise Changed("a line of it is no anchor")


def _parse(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _digest_of(path: Path) -> str | None:
    """The digest that stands at the end of a file; None if none does."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - LONGEST_END))
        told = _parse(file.read().splitlines()[-1]) if path.stat().st_size else None
    return told.get("sha256") if isinstance(told, dict) else None


class Writer:
    """Writes a service's next file, which gets its name by `finish`; a context that leaves nothing of it otherwise."""

    def __init__(self, folder: Path, service: str, clock: Clock) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        known = files(folder, service)
        number = int(known[-1].stem.rpartition("-")[2]) + 1 if known else 1
        self._path = folder / f"{service}-{number:06d}.jsonl"
        self._partial = folder / f"{self._path.name}.{os.getpid()}.partial"
        self._file = self._partial.open("wb")
        self._digest, self._count = hashlib.sha256(), 0
        previous = _digest_of(known[-1]) if known else GENESIS
        self._line({"service": service, "at": to_text(clock.now()), "previous": previous})

    def add(self, heads: Sequence[Anchor]) -> None:
        """The next aggregates; they come in order."""
        for head in heads:
            self._line(list(head))
        self._count += len(heads)

    def finish(self) -> Anchors:
        """Close the file and give it its name."""
        written = Anchors(self._path, self._digest.hexdigest(), self._count)
        self._line({"aggregates": written.count, "sha256": written.digest})
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._partial.rename(self._path)
        return written

    def __enter__(self) -> Self:
        """The writer."""
        return self

    def __exit__(self, *_: object) -> None:
        """The file is complete by now, or goes."""
        self._file.close()
        self._partial.unlink(missing_ok=True)

    def _line(self, told: Any) -> None:
        line = json.dumps(told, separators=(",", ":")).encode() + b"\n"
        self._file.write(line)
        self._digest.update(line)
