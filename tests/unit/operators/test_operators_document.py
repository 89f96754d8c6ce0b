"""docs/operators.md names only commands and options that there are."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from deploy.cli import main

DOCUMENT = (Path(__file__).parents[3] / "docs" / "operators.md").read_text(encoding="utf-8")
LINES = sorted({line for block in re.findall(r"```sh\n(.*?)```", DOCUMENT, re.DOTALL) for line in block.splitlines()})


@pytest.mark.parametrize("line", LINES)
def test_a_line_to_paste_is_understood(line):
    program, *words = shlex.split(line)
    assert program == "loopdesk"
    command, context = main, click.Context(main)
    while isinstance(command, click.Group):
        name, found, words = command.resolve_command(context, words)
        context = click.Context(found, parent=context, info_name=name)
        command = found
    command.parse_args(context, words)
