"""The tree of a condition. `at` is a node's place in the source, in characters from its beginning."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import TypeAlias


@dataclass(frozen=True)
class Literal:
    """A number, string, boolean or null (`kind`), as written."""

    at: int
    kind: str
    text: str


@dataclass(frozen=True)
class Name:
    """A name on its own."""

    at: int
    name: str


@dataclass(frozen=True)
class Member:
    """`of.name`, or `of["name"]`."""

    at: int
    of: Node
    name: str


@dataclass(frozen=True)
class Call:
    """`name(args)`, or `of.name(args)`."""

    at: int
    name: str
    of: Node | None
    args: tuple[Node, ...]


@dataclass(frozen=True)
class Unary:
    """`!of` or `-of`."""

    at: int
    op: str
    of: Node


@dataclass(frozen=True)
class Binary:
    """A comparison, `in`, or arithmetic."""

    at: int
    op: str
    left: Node
    right: Node


@dataclass(frozen=True)
class Logic:
    """Parts joined by `&&`, or by `||`: flat, for these chains grow long."""

    at: int
    op: str
    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Choice:
    """`test ? then : other`."""

    at: int
    test: Node
    then: Node
    other: Node


@dataclass(frozen=True)
class ListOf:
    """`[items]`."""

    at: int
    items: tuple[Node, ...]


Node: TypeAlias = "Literal | Name | Member | Call | Unary | Binary | Logic | Choice | ListOf"


def path(node: Node) -> str | None:
    """`fields.eta` of a name or its member, None of anything else."""
    match node:
        case Name(name=name):
            return name
        case Member(of=of, name=name):
            return None if (before := path(of)) is None else f"{before}.{name}"
    return None


def children(node: Node) -> Iterator[Node]:
    """The nodes right below."""
    for each in fields(node):
        value = getattr(node, each.name)
        if isinstance(value, tuple):
            yield from value
        elif not isinstance(value, str | int | None):
            yield value


def depth(node: Node) -> int:
    """How many nodes stand in one another; without recursion, for it bounds the recursions of others."""
    deepest, todo = 0, [(node, 1)]
    while todo:
        at, depth = todo.pop()
        deepest = max(deepest, depth)
        todo.extend((child, depth + 1) for child in children(at))
    return deepest
