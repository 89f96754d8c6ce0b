"""Values with a few fields changed."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from functools import cached_property

import pytest

from shared.values import replace
from tests.unit.dispatch.builders import an_order


@dataclass(frozen=True, kw_only=True)
class Plain:
    name: str
    count: int = 0


@dataclass(frozen=True)
class Checked:
    count: int

    def __post_init__(self) -> None:
        if self.count < 0:
            raise ValueError("below zero")


@dataclass(frozen=True, slots=True)
class Slotted:
    count: int


@dataclass(frozen=True)
class Counting:
    count: int
    twice: int = field(init=False, default=2)


@dataclass(frozen=True)
class Remembering:
    count: int

    @cached_property
    def twice(self) -> int:
        return 2 * self.count


def test_the_other_value_has_the_changes_and_the_first_one_stays() -> None:
    first = Plain(name="a")

    assert replace(first, count=3) == Plain(name="a", count=3)
    assert first == Plain(name="a")


def test_a_work_order_is_as_the_standard_library_makes_it() -> None:
    order = an_order()

    assert vars(replace(order, priority="P4")) == vars(dataclasses.replace(order, priority="P4"))


def test_a_name_that_is_no_field_is_refused() -> None:
    with pytest.raises(TypeError, match="colour"):
        replace(Plain(name="a"), colour="red")


def test_a_value_that_checks_itself_is_checked() -> None:
    with pytest.raises(ValueError, match="below zero"):
        replace(Checked(1), count=-1)


@pytest.mark.parametrize("value", [Slotted(1), Counting(1)])
def test_values_that_cannot_be_copied_come_out_right(value: Slotted | Counting) -> None:
    assert replace(value, count=5).count == 5


def test_what_a_value_remembers_of_itself_is_not_taken_over() -> None:
    first = Remembering(1)

    assert (first.twice, replace(first, count=5).twice) == (2, 10)
