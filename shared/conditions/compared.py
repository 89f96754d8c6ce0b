"""What a condition compares names with: a value that a name never has is a slip of the pen."""

from __future__ import annotations

from collections.abc import Iterator

from shared.conditions.syntax import parse
from shared.conditions.tree import Binary, ListOf, Literal, Node, children, path


def compared(source: str) -> list[tuple[str, str]]:
    """Name and text, in the order of writing: `[("type", "fault")]` of `type == "fault"`, also of `!=` and `in`.

    Texts with an escape in them are left out. Raises `BadCondition` for what cannot be parsed.
    """
    return list(_within(parse(source)))


def _within(node: Node) -> Iterator[tuple[str, str]]:
    if isinstance(node, Binary) and node.op in ("==", "!=", "in"):
        for one, other in ((node.left, node.right), (node.right, node.left)):
            name = path(one)
            if name is not None:
                yield from ((name, text) for text in _texts(other))
    for child in children(node):
        yield from _within(child)


def _texts(node: Node) -> Iterator[str]:
    """The texts that stand there as they are, or in a list."""
    if isinstance(node, ListOf):
        for item in node.items:
            yield from _texts(item)
    if isinstance(node, Literal) and node.kind == "string" and "\\" not in node.text:
        yield node.text.lstrip("rR")[1:-1]
