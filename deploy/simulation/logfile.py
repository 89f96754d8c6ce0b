"""The file that `loopdesk export` writes and `loopdesk simulate` reads: a JSON object on each line.

The first line says what it is (`kind` loopdesk, `form`), the last one (`kind` end) how many lines there are; between
them `reference`, `agents`, `hand_overs` and `orders`, each with its rows as the query `export_history` tells them.
Orders stand in the order of their opening.
"""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO, cast

import orjson

from deploy.simulation.errors import DamagedLog
from shared.document import GENESIS, entry_hash

FORM = 1
HEAD = "loopdesk"
KINDS = ("reference", "agents", "hand_overs", "orders")
Row = Mapping[str, Any]
Numbered = tuple[int, str, Row]
"""Line, kind, what stands there."""


def write(path: Path, exported_at: str, rows: Iterable[tuple[str, Row]]) -> int:
    """Writes the rows (kind, row) under a name of its own first, so that a file is there whole or not at all."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    lines = 2
    try:
        with _opened(beside, "wt", path.suffix) as file:
            _line(file, {"kind": HEAD, "form": FORM, "exported_at": exported_at})
            for kind, row in rows:
                _line(file, {"kind": kind, **row})
                lines += 1
            _line(file, {"kind": "end", "lines": lines})
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    return lines


def _line(file: TextIO, row: Row) -> None:
    file.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")


@contextmanager
def _opened(path: Path, mode: str, suffix: str) -> Iterator[TextIO]:
    opened = gzip.open if suffix == ".gz" else open
    with opened(path, mode, encoding="utf-8") as file:
        yield cast(TextIO, file)


def is_export(path: Path) -> bool:
    """Whether the file begins as an export does, or is called like one."""
    try:
        with _opened(path, "rt", path.suffix) as file:
            return file.read(1) == "{" or ".jsonl" in path.suffixes
    except (UnicodeDecodeError, gzip.BadGzipFile) as error:
        raise DamagedLog(1, "text", f"cannot be read: {error}") from error


def read(path: Path) -> Iterator[Numbered]:
    """The first line, and every row before the last. Raises `DamagedLog` at the first that is not as it should be."""
    number, expected = 0, None
    for number, row in _lines(path):
        if number == 1:
            _require_head(row)
            yield number, HEAD, row
        elif expected is not None:
            raise DamagedLog(number, "kind", "something follows on the line that is to be the last")
        elif row.get("kind") == "end":
            expected = row.get("lines")
            if expected != number:
                raise DamagedLog(number, "lines", f"the export had {expected} lines, here are {number}")
        elif row.get("kind") not in KINDS:
            raise DamagedLog(number, "kind", f"{row.get('kind')!r} is none of {', '.join(KINDS)}")
        else:
            yield number, str(row["kind"]), row
    if expected is None:
        raise DamagedLog(number + 1, "kind", "the export is cut off: its last line is missing")


def _lines(path: Path) -> Iterator[tuple[int, Row]]:
    with _opened(path, "rt", path.suffix) as file:
        number = 0
        try:
            for number, line in enumerate(file, start=1):
                yield number, _object(number, line)
        except (UnicodeDecodeError, EOFError, gzip.BadGzipFile) as error:
            raise DamagedLog(number + 1, "text", f"cannot be read: {error}") from error


def _object(number: int, line: str) -> Row:
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise DamagedLog(number, "text", f"is no JSON: {error}") from error
    if not isinstance(row, dict):
        raise DamagedLog(number, "text", "is no JSON object")
    return row


def _require_head(row: Row) -> None:
    if row.get("kind") != HEAD:
        raise DamagedLog(1, "kind", "is not 'loopdesk': this is no export")
    if row.get("form") != FORM:
        raise DamagedLog(1, "form", f"is {row.get('form')!r}; this program reads the form {FORM}")


# histories


def entries_of(line: int, row: Row) -> list[dict[str, Any]]:
    """The history in a row, its times read. Raises `DamagedLog` unless it is whole and as it was written."""
    entries = row.get("entries")
    if not isinstance(entries, list) or not entries:
        raise DamagedLog(line, "entries", "is missing or empty")
    link = GENESIS
    for place, entry in enumerate(entries):
        at = f"entries.{place}"
        if not isinstance(entry, dict) or entry.get("number") != place + 1:
            raise DamagedLog(line, f"{at}.number", f"is not {place + 1}: entries are missing or out of order")
        link = _sealed(line, at, link, entry)
    head = row.get("head")
    if not isinstance(head, dict) or (head.get("number"), head.get("hash")) != (len(entries), link):
        raise DamagedLog(line, "head", "is not that of the last entry: entries are missing at the end")
    for place, entry in enumerate(entries):
        for name in ("at", "recorded_at"):
            entry[name] = instant(line, f"entries.{place}.{name}", entry.get(name))
    return entries


def _sealed(line: int, at: str, link: str, entry: Mapping[str, Any]) -> str:
    try:
        own = entry_hash(link, entry)
    except (TypeError, ValueError) as error:
        raise DamagedLog(line, at, f"is no entry of a history: {error}") from error
    if own != entry.get("hash"):
        raise DamagedLog(line, f"{at}.hash", "the content does not give it: the entry is not as it was written")
    return own


def instant(line: int, field: str, value: object) -> datetime:
    """The time in a field, with its zone."""
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise DamagedLog(line, field, f"{value!r} is no time with a zone")
    return at
