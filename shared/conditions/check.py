"""Proves a condition's tree: every name known, every operation on types that go together, nothing that takes long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn

from shared.conditions.calls import call
from shared.conditions.kinds import ANY_LIST, EMPTY, ORDERED, SUMS, as_list, both_lists, not_null, plain, said
from shared.conditions.syntax import fault
from shared.conditions.tree import Binary, Call, Choice, ListOf, Literal, Logic, Member, Name, Node, Unary, path


@dataclass(frozen=True)
class Scope:
    """What is so at a place: the item that a macro names, and the paths that cannot be null there."""

    bound: Mapping[str, str] = field(default_factory=dict)
    sure: frozenset[str] = frozenset()

    def binding(self, name: str, kind: str) -> Scope:
        """Inside a macro."""
        return replace(self, bound={name: kind})

    def given(self, node: Node, outcome: bool) -> Scope:
        """Where this boolean came out so."""
        return replace(self, sure=self.sure | not_null(node, outcome))


@dataclass
class Checker:
    """One walk over one condition. `used` gathers what it reads; `edits` what the engine is to read otherwise."""

    source: str
    names: Mapping[str, Any]
    used: dict[tuple[str, ...], str] = field(default_factory=dict)
    edits: list[tuple[int, int, str]] = field(default_factory=list)
    patterns: int = 0

    @property
    def rewritten(self) -> str:
        """The source for the engine: every number a decimal, every size in characters."""
        text = self.source
        for start, end, new in sorted(self.edits, reverse=True):
            text = text[:start] + new + text[end:]
        return text

    def boolean(self, node: Node, scope: Scope) -> None:
        """Refuses what is not true or false."""
        self.one_of(("bool",), node, scope)

    def one_of(self, wanted: tuple[str, ...], node: Node, scope: Scope) -> str:
        """The node's type, which has to be one of these."""
        if (found := self.whole(node, scope)) not in wanted:
            self.refuse(node, f"this is a {said(found)}; a {' or a '.join(wanted)} belongs here")
        return found

    def whole(self, node: Node, scope: Scope) -> str:
        """The node's type; it may not be null here."""
        found = self.kind(node, scope)
        if found.endswith("?") or found == "null":
            name = path(node) or "this"
            self.refuse(node, f"'{name}' may be null; ask first, as in: {name} != null && …")
        return found

    def kind(self, node: Node, scope: Scope) -> str:
        """The node's type (kinds.py)."""
        match node:
            case Literal():
                return self._literal(node)
            case Name() | Member():
                return self._name(node, scope)
            case ListOf():
                return self._list(node, scope)
            case Unary(op="!"):
                return self.one_of(("bool",), node.of, scope)
            case Unary():
                return self.one_of(("number",), node.of, scope)
            case Logic():
                return self._logic(node, scope)
            case Binary():
                return self._binary(node, scope)
            case Choice():
                return self._choice(node, scope)
            case Call():
                return call(self, node, scope)

    def refuse(self, node: Node, message: str) -> NoReturn:
        """Raise `BadCondition` with the node's place."""
        fault(self.source, node.at, message)

    def _literal(self, node: Literal) -> str:
        if node.kind == "number" and node.text.isdigit():
            self.edits.append((node.at, node.at + len(node.text), f"{node.text}.0"))
        return node.kind

    def _name(self, node: Name | Member, scope: Scope) -> str:
        found = self._declared(node, scope)
        if not isinstance(found, str):
            self.refuse(node, f"'{path(node)}' is a group of names; which of {_listed(found)}?")
        steps = _steps(node)
        if steps[0] not in scope.bound:
            self.used[steps] = found
        return plain(found) if path(node) in scope.sure else found

    def _declared(self, node: Node, scope: Scope) -> Any:
        """A name's type, or the names of its group."""
        if isinstance(node, Name):
            return self._among({**self.names, **scope.bound}, node, node.name)
        if not isinstance(node, Member):
            self.refuse(node, "only a name has members")
        group = self._declared(node.of, scope)
        if isinstance(group, str):
            self.refuse(node, f"'{path(node.of)}' is a {said(group)}; it has no '{node.name}'")
        return self._among(group, node, node.name)

    def _among(self, names: Mapping[str, Any], node: Node, name: str) -> Any:
        if name not in names:
            self.refuse(node, f"'{path(node)}' is not known; known are {_listed(names)}")
        return names[name]

    def _list(self, node: ListOf, scope: Scope) -> str:
        kinds = {self.whole(item, scope) for item in node.items}
        if len(kinds) > 1:
            self.refuse(node, f"a list of {' and '.join(sorted(kinds))}: its items have to be of one type")
        return f"list of {kinds.pop()}" if kinds else ANY_LIST

    def _logic(self, node: Logic, scope: Scope) -> str:
        for part in node.parts:
            self.boolean(part, scope)
            scope = scope.given(part, node.op == "&&")
        return "bool"

    def _choice(self, node: Choice, scope: Scope) -> str:
        self.boolean(node.test, scope)
        then = self.kind(node.then, scope.given(node.test, True))
        other = self.kind(node.other, scope.given(node.test, False))
        if plain(then) != plain(other):
            self.refuse(node, f"gives a {said(then)} or a {said(other)}: both sides of ':' have to be of one type")
        return max(then, other, key=len)

    def _binary(self, node: Binary, scope: Scope) -> str:
        if node.op in ("==", "!="):
            return self._equality(node, scope)
        if node.op == "in":
            return self._membership(node, scope)
        left, right = self.whole(node.left, scope), self.whole(node.right, scope)
        if node.op in ("<", "<=", ">", ">="):
            return "bool" if left == right and left in ORDERED else self._mixed(node, left, right)
        if scope.bound and (left, right) == ("string", "string"):
            self.refuse(node, "joining strings for each item of a list would take long")
        return SUMS.get((node.op, left, right)) or self._mixed(node, left, right)

    def _equality(self, node: Binary, scope: Scope) -> str:
        left, right = self.kind(node.left, scope), self.kind(node.right, scope)
        if "null" in (left, right):
            if path(node.right if left == "null" else node.left) not in scope.sure:  # asking twice does no harm
                self._asked_for_null(node, right if left == "null" else left)
        elif plain(left) != plain(right) and not both_lists(left, right):
            self._mixed(node, left, right)
        return "bool"

    def _asked_for_null(self, node: Binary, kind: str) -> None:
        if kind != "null" and not kind.endswith("?"):
            instead = f"; compare it with {EMPTY[kind]}" if kind in EMPTY else ""
            self.refuse(node, f"a {kind} is never null here{instead}")

    def _membership(self, node: Binary, scope: Scope) -> str:
        item, among = self.kind(node.left, scope), as_list(self.whole(node.right, scope))
        if among not in (ANY_LIST, f"list of {plain(item)}"):
            self._mixed(node, item, among)
        return "bool"

    def _mixed(self, node: Binary, left: str, right: str) -> NoReturn:
        self.refuse(node, f"a {said(left)} and a {said(right)} do not go together by '{node.op}'")


def _steps(node: Node) -> tuple[str, ...]:
    if isinstance(node, Member):
        return (*_steps(node.of), node.name)
    return (node.name,) if isinstance(node, Name) else ()


def _listed(names: Mapping[str, Any]) -> str:
    return ", ".join(sorted(names)) or "none"
