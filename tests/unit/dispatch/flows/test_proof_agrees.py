"""The proof by structure and a walker through everything that can happen come to the same verdict on random flows."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from services.dispatch.domain.flows.flow_proof import prove
from services.dispatch.domain.flows.steps import END, Edge, Split, Step
from shared.conditions import condition
from tests.unit.dispatch.flows.builders import NAME
from tests.unit.dispatch.flows.walking import verdict

SOMETIMES = condition("overdue", {"overdue": "bool"})
WORDS = {
    "nothing leads here": "unreachable",
    "never comes to": "endless",
    "all steps of a loop": "spinning",
}


class Draft:
    """A flow in the making: step -> ways, each a target or (branches, join)."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.ways: dict[str, list[Any]] = {}

    def region(self, depth: int, exit: str) -> str:
        """Steps that lead from the one given back to `exit`, maybe in loops and parallel blocks; gives the first."""
        codes = [self._new() for _ in range(self.draw(st.integers(1, 3 - depth)))]
        for code, after in zip(codes, [*codes[1:], exit], strict=True):
            if depth < 2 and after != exit and self.draw(st.booleans()):
                branches = [self.region(depth + 1, after) for _ in range(2)]
                self.ways[code].append((tuple(branches), after))
            else:
                self.ways[code].append(after)
            if self.draw(st.integers(0, 2)) == 0:
                self.ways[code].insert(0, self.draw(st.sampled_from([*codes, exit])))
        return codes[0]

    def spoil(self) -> None:
        """One way leads elsewhere, or one step more is there."""
        code = self.draw(st.sampled_from(sorted(self.ways)))
        self.ways[code][self.draw(st.integers(0, len(self.ways[code]) - 1))] = self._any_way()

    def _any_way(self) -> Any:
        codes = sorted(self.ways)
        if len(codes) < 3 or self.draw(st.booleans()):
            return self.draw(st.sampled_from([*codes, END]))
        first, second, join = self.draw(st.permutations(codes))[:3]
        return (first, second), join

    def _new(self) -> str:
        code = f"s{len(self.ways)}"
        self.ways[code] = []
        return code

    def steps(self) -> dict[str, Step]:
        some = self.draw(st.sets(st.sampled_from(sorted(self.ways)), max_size=3))
        passed_over = some if self.draw(st.booleans()) else self.ways.keys() - some  # few, or nearly all
        return {
            code: Step(code=code, name=NAME, edges=_edges(ways), enter=SOMETIMES if code in passed_over else None)
            for code, ways in self.ways.items()
        }


def _edges(ways: list[Any]) -> tuple[Edge | Split, ...]:
    when = [SOMETIMES] * (len(ways) - 1) + [None]
    return tuple(
        Edge(way, on) if isinstance(way, str) else Split(way[0], way[1], on) for way, on in zip(ways, when, strict=True)
    )


@st.composite
def flows(draw: st.DrawFn) -> dict[str, Step]:
    draft = Draft(draw)
    draft.region(0, END)
    for _ in range(draw(st.integers(0, 2))):
        draft.spoil()
    return draft.steps()


def by_structure(steps: dict[str, Step]) -> set[str]:
    _, faults = prove("s0", steps)
    return {next((kind for words, kind in WORDS.items() if words in said), "misplaced") for _, said in faults}


def agree(steps: dict[str, Step]) -> None:
    proof, walked = by_structure(steps), verdict("s0", steps)
    note(f"proof {proof}, walker {walked}, steps {steps}")
    assert bool(proof) == bool(walked)
    if "endless" not in proof | walked:  # what lies behind an endless branch is seen by the proof alone
        assert proof == walked


@given(flows())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_proof_agrees_with_walking_through_all_that_can_happen(steps):
    agree(steps)


@pytest.mark.deep
@given(flows())
@settings(max_examples=20_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_proof_agrees_with_the_walker_in_a_long_run(steps):
    agree(steps)
