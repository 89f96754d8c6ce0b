"""The form of a condition: the part of CEL's grammar that is offered, as a tree with places.

The engine parses what is evaluated; this reading exists to find, before that, what the engine would only find while
evaluating, or never: unknown names and mixed types behind `||`, and what would take long.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

from shared.conditions.tree import Binary, Call, Choice, ListOf, Literal, Logic, Member, Name, Node, Unary, depth

LONGEST = 1000
DEEPEST = 24  # the engine itself refuses about a hundred nested brackets


class BadCondition(ValueError):
    """A condition that cannot be loaded: the message says where, or which name, or why, for a person to read."""


@dataclass(frozen=True)
class Token:
    """`kind` is number, string, name, sign, or end."""

    kind: str
    text: str
    at: int


ESCAPE = r"""\\(?:[abfnrtv\\?"'`]|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4})"""
TOKENS = re.compile(
    r"""(?P<space>\s+|//[^\n]*)
    | (?P<number>(?:\d+\.\d+|\d+)(?:[eE][-+]?\d+)?(?![\w.]))
    | (?P<string>[rR](?:"[^"\n]*"|'[^'\n]*')
        |"(?:[^"\\\n]|{escape})*"|'(?:[^'\\\n]|{escape})*')
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<sign>&&|\|\||==|!=|<=|>=|[-+*!<>?:.,()\[\]])""".replace("{escape}", ESCAPE),
    re.VERBOSE,
)
STRENGTH = {
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">=", "in"), 3),
    **dict.fromkeys(("+", "-"), 4),
    "*": 5,
    "||": 1,
    "&&": 2,
}
CONSTANTS = {"true": "bool", "false": "bool", "null": "null"}


def fault(source: str, at: int, message: str) -> NoReturn:
    """Raise `BadCondition` naming the place: its column, and its line where there are several."""
    line, column = source.count("\n", 0, at) + 1, at - source.rfind("\n", 0, at)
    place = f"line {line}, column {column}" if "\n" in source.strip() else f"column {column}"
    raise BadCondition(f"{place}: {message}")


def parse(source: str) -> Node:
    """The tree of a condition. Raises `BadCondition`."""
    if not isinstance(source, str) or not source.strip():
        raise BadCondition("a condition is a text, and not an empty one")
    if len(source) > LONGEST:
        raise BadCondition(f"{len(source)} characters are too many; {LONGEST} are allowed")
    node = _Parser(source).whole()
    if depth(node) > DEEPEST:
        raise BadCondition(f"more than {DEEPEST} levels in one another")
    return node


def _tokens(source: str) -> Iterator[Token]:
    at = 0
    while at < len(source):
        if (found := TOKENS.match(source, at)) is None:
            fault(source, at, f"{source[at : at + 10].split()[0]!r} is not understood")
        if (kind := str(found.lastgroup)) != "space":
            yield Token("sign" if found[0] == "in" else kind, found[0], at)
        at = found.end()
    yield Token("end", "", at)


class _Parser:
    """Precedence climbing; `self.now` is the token in hand."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.tokens = _tokens(source)
        self.now = next(self.tokens)
        self.level = 0

    def whole(self) -> Node:
        node = self.choice()
        if self.now.kind != "end":
            self.unexpected("an operator, or the end")
        return node

    def choice(self) -> Node:
        self.deeper()
        node = self.binary(1)
        if self.now.text == "?":
            at = self.take().at
            then = self.choice()
            self.expect(":")
            node = Choice(at, node, then, self.choice())
        self.level -= 1
        return node

    def binary(self, weakest: int) -> Node:
        left = self.unary()
        while self.now.kind == "sign" and (strength := STRENGTH.get(self.now.text, 0)) >= weakest:
            sign = self.take()
            right = self.binary(strength + 1)
            if sign.text not in ("&&", "||"):
                left = Binary(sign.at, sign.text, left, right)
            elif isinstance(left, Logic) and left.op == sign.text:
                left = Logic(left.at, sign.text, (*left.parts, right))
            else:
                left = Logic(sign.at, sign.text, (left, right))
        return left

    def unary(self) -> Node:
        if self.now.kind != "sign" or self.now.text not in ("!", "-"):
            return self.postfix()
        self.deeper()
        sign = self.take()
        node = Unary(sign.at, sign.text, self.unary())
        self.level -= 1
        return node

    def postfix(self) -> Node:
        node = self.primary()
        while self.now.text in (".", "[") and self.now.kind == "sign":
            if self.take().text == ".":
                name = self.expect_kind("name", "a name")
                node = self.call(name, node) if self.now.text == "(" else Member(name.at, node, name.text)
            else:
                key = self.expect_kind("string", 'a name in quotes, such as ["eta"]')
                self.expect("]")
                node = Member(key.at, node, key.text[1:-1])
        return node

    def primary(self) -> Node:
        token = self.take()
        if token.kind in ("number", "string"):
            return Literal(token.at, token.kind, token.text)
        if token.kind == "name":
            if token.text in CONSTANTS:
                return Literal(token.at, CONSTANTS[token.text], token.text)
            return self.call(token, None) if self.now.text == "(" else Name(token.at, token.text)
        if token.text == "(":
            node = self.choice()
            self.expect(")")
            return node
        if token.text == "[":
            return ListOf(token.at, self.several("]"))
        self.now = token
        self.unexpected("a name or a value")

    def call(self, name: Token, of: Node | None) -> Call:
        self.expect("(")
        return Call(name.at, name.text, of, self.several(")"))

    def several(self, end: str) -> tuple[Node, ...]:
        found: list[Node] = []
        while self.now.text != end:
            found.append(self.choice())
            if self.now.text != end:
                self.expect(",")
        self.take()
        return tuple(found)

    def deeper(self) -> None:
        self.level += 1
        if self.level > DEEPEST:
            fault(self.source, self.now.at, f"more than {DEEPEST} levels in one another")

    def take(self) -> Token:
        token = self.now
        self.now = next(self.tokens, token)
        return token

    def expect(self, sign: str) -> None:
        if self.now.kind != "sign" or self.now.text != sign:
            self.unexpected(f"'{sign}'")
        self.take()

    def expect_kind(self, kind: str, what: str) -> Token:
        if self.now.kind != kind:
            self.unexpected(what)
        return self.take()

    def unexpected(self, wanted: str) -> NoReturn:
        found = f"'{self.now.text}'" if self.now.text else "the end"
        fault(self.source, self.now.at, f"expected {wanted}; found {found}")
