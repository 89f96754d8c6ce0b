"""A slow second opinion on a flow's course: it walks through everything that work might do. Written for tests only.

A configuration is where the tokens of one work order are: each at a step, or arrived at a join, with the branches that
it is in. Which way a step takes is left open, as if conditions could come out either way at any time.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.dispatch.domain.flows.steps import END, Edge, Split, Step

Token = tuple[str, tuple[tuple[str, int, int], ...]]  # step, or "" for arrived; the branches around it, outermost first
Configuration = tuple[Token, ...]
DONE: Configuration = ()


class Misplaced(Exception):
    """A token came to where it may not be."""


class Walk:
    """Every configuration that can be come to, and the moves between them."""

    def __init__(self, start: str, steps: Mapping[str, Step]) -> None:
        self.steps = steps
        self.seen: dict[str, tuple[tuple[str, int, int], ...]] = {}
        self.moves: dict[Configuration, list[tuple[str, Configuration]]] = {}  # -> (step that moved, what came of it)
        self._explore(((start, ()),))

    def _explore(self, first: Configuration) -> None:
        todo = [first]
        while todo:
            here = todo.pop()
            if here not in self.moves:
                self.moves[here] = [move for token in here if token[0] for move in self._of(here, token)]
                todo.extend(there for _, there in self.moves[here])

    def _of(self, here: Configuration, token: Token) -> list[tuple[str, Configuration]]:
        step, branches = token
        if self.seen.setdefault(step, branches) != branches:
            raise Misplaced(step)
        rest = list(here)
        rest.remove(token)
        return [(step, self._settled(rest + self._after(token, n, e))) for n, e in enumerate(self.steps[step].edges)]

    def _after(self, token: Token, number: int, edge: Edge | Split) -> list[Token]:
        """The tokens that come of one that takes this way."""
        step, branches = token
        joins = [self._join_of(branch) for branch in branches]
        if isinstance(edge, Split):
            if edge.join in joins or edge.join == END:
                raise Misplaced(edge.join)
            if self.seen.get(edge.join, branches) != branches:
                raise Misplaced(edge.join)
            return [(branch, (*branches, (step, number, n))) for n, branch in enumerate(edge.branches)]
        if not branches:
            return [] if edge.to == END else [(edge.to, ())]
        if edge.to == joins[-1]:
            return [("", branches)]
        if edge.to == END or edge.to in joins:
            raise Misplaced(edge.to)
        return [(edge.to, branches)]

    def _join_of(self, branch: tuple[str, int, int]) -> str:
        split = self.steps[branch[0]].edges[branch[1]]
        assert isinstance(split, Split)
        return split.join

    def _settled(self, tokens: list[Token]) -> Configuration:
        """Where all branches of a block have arrived, its join is come to."""
        for _, branches in [token for token in tokens if not token[0]]:
            *outer, (owner, number, _) = branches
            split = self.steps[owner].edges[number]
            assert isinstance(split, Split)
            arrived = [("", (*outer, (owner, number, n))) for n in range(len(split.branches))]
            if all(one in tokens for one in arrived):
                left = [token for token in tokens if token not in arrived]
                return self._settled([*left, (split.join, tuple(outer))])
        return tuple(sorted(tokens))

    def can_end(self) -> bool:
        """Whether the end can be come to from wherever work can be."""
        ending = {DONE}
        while more := {at for at, moves in self.moves.items() if at not in ending and _any_in(moves, ending)}:
            ending |= more
        return ending >= self.moves.keys()

    def spins(self) -> bool:
        """Whether work can come back to where it was by steps alone that may be passed over."""
        silent = {at: [to for step, to in moves if self.steps[step].enter] for at, moves in self.moves.items()}
        while dead := [at for at, moves in silent.items() if not any(to in silent for to in moves)]:
            for at in dead:
                del silent[at]
        return bool(silent)


def _any_in(moves: list[tuple[str, Configuration]], found: set[Configuration]) -> bool:
    return any(there in found for _, there in moves)


def verdict(start: str, steps: Mapping[str, Step]) -> set[str]:
    """What is wrong: misplaced, endless, unreachable, spinning; nothing with a sound flow."""
    try:
        walk = Walk(start, steps)
    except Misplaced:
        return {"misplaced"}
    found = set()
    if not walk.can_end():
        found.add("endless")
    if walk.seen.keys() != steps.keys():
        found.add("unreachable")
    if walk.spins():
        found.add("spinning")
    return found
