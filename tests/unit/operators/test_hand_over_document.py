"""docs/hand-over.md names refusals, reasons and commands that there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from deploy.cli import COMMANDS
from services.dispatch import errors
from services.dispatch.domain.people.stand_ins import AT_ONCE
from services.dispatch.domain.work.left_open import MOST_ROWS
from services.dispatch.domain.work.standing_in import BARRED, RETURNED, STANDS_IN
from shared import errors as common

DOCUMENT = (Path(__file__).parents[3] / "docs" / "hand-over.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [*re.findall(r"^\| `(\w+)`", DOCUMENT, re.MULTILINE), "NotOnShift"])
def test_every_refusal_has_a_name_of_ours(name: str) -> None:
    assert hasattr(errors, name) or hasattr(common, name)


def test_every_reason_for_a_move_is_told() -> None:
    assert all(f"`{why}`" in DOCUMENT for why in (STANDS_IN, RETURNED, BARRED))


def test_its_commands_are_there() -> None:
    assert set(re.findall(r"`loopdesk ([\w-]+)", DOCUMENT)) == {"handover", "shift-log"} <= COMMANDS.keys()


def test_its_numbers_are_those_of_the_rules() -> None:
    assert (AT_ONCE, MOST_ROWS) == (1000, 200)
    assert "a thousand" in DOCUMENT
    assert "200 pieces" in DOCUMENT
