"""What is put around a text before it is sent: the signature, and how to opt out where that is possible."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.notify.consumers.message import Message


@dataclass(frozen=True)
class Wording:
    """`signature` stands before every text. `tails`: language -> how to opt out; for messages of `kinds` only."""

    signature: str = ""
    tails: Mapping[str, str] = field(default_factory=dict)
    kinds: frozenset[str] = frozenset()

    def of(self, message: Message) -> str:
        """The text as it is sent; what a text has already is not put there again."""
        text = message.text
        if self.signature and not text.startswith(self.signature):
            text = self.signature + text
        tail = self._tail(message)
        return f"{text}{_between(text, tail)}{tail}" if tail and not text.endswith(tail) else text

    def _tail(self, message: Message) -> str:
        if message.kind not in self.kinds:
            return ""
        return self.tails.get(message.language, self.tails.get("default", ""))


def _between(text: str, tail: str) -> str:
    """A space where a Latin word begins the tail; Chinese needs none."""
    return " " if text and tail[0].isascii() and not text[-1].isspace() else ""
