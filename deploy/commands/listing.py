"""How commands show a list: as JSON, as a table, or in a word that there is nothing; and how to go on."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click
from rich.table import Table

from deploy.commands.session import out


def show(
    answer: Mapping[str, Any],
    rows: str,
    table: Callable[[Sequence[Mapping[str, Any]]], Table],
    *,
    nothing: str,
    as_json: bool,
) -> None:
    """The entry `rows` of an answer by `table`; `nothing` is said where it is empty.

    Where the answer has a `next`, the last line says how to see more.
    """
    if as_json:
        click.echo(json.dumps(answer, ensure_ascii=False))
        return
    if not answer[rows]:
        out.print(nothing)
        return
    out.print(table(answer[rows]))
    if answer.get("next"):
        out.print(f"\nThere are more: --after {answer['next']}", highlight=False, markup=False)
