"""Lists of recipients as operators have them: CSV with a line of names, read a piece at a time."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import click

KNOWN = ("customer_id", "phone", "email", "name", "area", "household", "language")
CHUNK = 1_000


def chunks(path: Path) -> Iterator[list[dict[str, Any]]]:
    """The recipients of a file, at most 1,000 at a time; every other column is a variable of theirs.

    Empty cells are left out. Raises a usage error naming the line where one is not as wide as the first.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, strict=True)
        names = [name.strip() for name in reader.fieldnames or ()]
        reader.fieldnames = names
        if not set(names) & {"customer_id", "phone", "email"}:
            raise click.UsageError(f"{path} needs a column customer_id, phone or email; it has {', '.join(names)}")
        try:
            while rows := list(islice(reader, CHUNK)):
                yield [_recipient(path, reader.line_num, row) for row in rows]
        except (csv.Error, UnicodeDecodeError) as error:
            raise click.UsageError(f"{path}, line {reader.line_num}: {error}") from None


def _recipient(path: Path, line: int, row: dict[str, Any]) -> dict[str, Any]:
    if None in row or None in row.values():
        raise click.UsageError(f"{path}, up to line {line}: a line is not as wide as the first one")
    cells = {name: value.strip() for name, value in row.items() if value.strip()}
    known = {name: value for name, value in cells.items() if name in KNOWN}
    variables = {name: value for name, value in cells.items() if name not in KNOWN}
    return known | ({"variables": variables} if variables else {})
