"""The types of a condition's parts, as texts: a name's type, `duration`, `null`, `list of …`; `?`: it may be null."""

from __future__ import annotations

from shared.conditions.tree import Binary, Literal, Logic, Node, Unary, path

ORDERED = ("number", "string", "time", "duration")
ANY_LIST = "list of anything"
EMPTY = {"string": '""', "number": "0", "bool": "false", "list": "[]"}
SUMS = {
    ("+", "number", "number"): "number",
    ("-", "number", "number"): "number",
    ("*", "number", "number"): "number",
    ("+", "string", "string"): "string",
    ("-", "time", "time"): "duration",
    ("+", "time", "duration"): "time",
    ("-", "time", "duration"): "time",
    ("+", "duration", "duration"): "duration",
    ("-", "duration", "duration"): "duration",
}


def plain(kind: str) -> str:
    """Without the question mark."""
    return kind.removesuffix("?")


def said(kind: str) -> str:
    """For a message."""
    return f"{plain(kind)} or null" if kind.endswith("?") else kind


def as_list(kind: str) -> str:
    """A name's `list` is a list of strings."""
    return "list of string" if kind == "list" else kind


def both_lists(left: str, right: str) -> bool:
    """Whether these are lists of the same."""
    kinds = {as_list(plain(left)), as_list(plain(right))}
    return len(kinds - {ANY_LIST}) <= 1 and all(kind.startswith("list of ") for kind in kinds)


def not_null(node: Node, outcome: bool) -> frozenset[str]:
    """The paths that cannot be null where this boolean came out so."""
    match node:
        case Unary(op="!", of=of):
            return not_null(of, not outcome)
        case Logic(op=op, parts=parts) if (op == "&&") == outcome:
            return frozenset().union(*(not_null(part, outcome) for part in parts))
        case Binary(op="==" | "!=" as op, left=left, right=right) if (op == "!=") == outcome:
            if _is_null(left) or _is_null(right):
                return frozenset(name for side in (left, right) if (name := path(side)))
    return frozenset()


def _is_null(node: Node) -> bool:
    return isinstance(node, Literal) and node.kind == "null"
