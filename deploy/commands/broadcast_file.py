"""Lists of recipients as operators have them: CSV with a line of names, read a piece at a time."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import click

KNOWN = ("customer_id", "phone", "email", "name", "area", "household", "language")
NAMING = {"customer_id", "phone", "email"}
CHUNK = 1_000


def check(path: Path) -> None:
    """Reads the whole file, before anything is made of it.

    Raises a usage error naming the place: without a column that names anybody, without recipients, not UTF-8, a line
    that is not as wide as the first, lines that name nobody.
    """
    recipients, nobody = 0, []
    for line, recipient in _read(path):
        recipients += 1
        if not recipient.keys() & NAMING:
            nobody.append(line)
    if not recipients:
        raise click.UsageError(f"{path} has no recipients: nothing stands below its first line")
    if nobody:
        named = ", ".join(map(str, nobody[:10])) + (" …" if len(nobody) > 10 else "")
        raise click.UsageError(
            f"{path}: {len(nobody)} line(s) with neither customer_id, phone nor email, so nobody is meant: {named}"
        )


def chunks(path: Path) -> Iterator[list[tuple[int, dict[str, Any]]]]:
    """The recipients of a file with their lines, at most 1,000 at a time; every other column is a variable of theirs.

    Empty cells are left out. Raises as `check` does.
    """
    recipients = _read(path)
    while piece := list(islice(recipients, CHUNK)):
        yield piece


def by_line(fields: Mapping[str, list[str]], lines: Sequence[int]) -> dict[str, list[str]]:
    """What a service says of `recipients.<place>.<field>`, by the lines of the file instead."""
    found = {}
    for path, messages in fields.items():
        first, _, rest = path.partition(".")
        place, _, field = rest.partition(".")
        known = first == "recipients" and place.isdecimal() and int(place) < len(lines)
        found[f"line {lines[int(place)]}, {field}" if known else path] = messages
    return found


def _read(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, strict=True)
        try:
            names = [name.strip() for name in reader.fieldnames or ()]
            reader.fieldnames = names
            if not set(names) & NAMING:
                columns = ", ".join(names) or "none"
                raise click.UsageError(f"{path} needs a column customer_id, phone or email; it has {columns}")
            for row in reader:
                yield reader.line_num, _recipient(path, reader.line_num, row)
        except UnicodeDecodeError:
            raise click.UsageError(f"{path} is not UTF-8: save it as CSV UTF-8 (in Excel: CSV UTF-8)") from None
        except csv.Error as error:
            raise click.UsageError(f"{path}, line {reader.line_num}: {error}") from None


def _recipient(path: Path, line: int, row: dict[str, Any]) -> dict[str, Any]:
    if None in row or None in row.values():
        raise click.UsageError(f"{path}, line {line}: not as wide as the first one")
    cells = {name: value.strip() for name, value in row.items() if value.strip()}
    known = {name: value for name, value in cells.items() if name in KNOWN}
    variables = {name: value for name, value in cells.items() if name not in KNOWN}
    return known | ({"variables": variables} if variables else {})
