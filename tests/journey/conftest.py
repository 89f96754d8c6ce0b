"""The world outside: systems that call, people who answer, and reference data that operators have applied."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.journey.outside import TEAMS, Outside, apply_reference
from tests.support import Stack


@pytest.fixture(scope="module")
def outside(stack: Stack) -> Outside:
    """All outside systems, with a team and a category of its own for every journey."""
    apply_reference(stack)
    return Outside(stack)


@pytest.fixture
def team(_teams: Iterator[str] = iter(TEAMS)) -> str:  # noqa: B008 - each journey draws the next one
    """A team that nobody else uses; its code is also its category's."""
    return next(_teams)


@pytest.fixture
def other_team(_teams: Iterator[str] = iter(TEAMS[-2::-1])) -> str:  # noqa: B008
    """Another one; the last is used up by `apply_reference`."""
    return next(_teams)


@pytest.fixture
def a1(outside: Outside, team: str) -> str:
    """Somebody of the team who is there and takes two."""
    return outside.come(f"a1 of {team}", team, capacity=2)
