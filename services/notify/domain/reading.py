"""What a reply's text may mean, by the words of the reference data. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

SURVEY, APPOINTMENT, STATUS, STOP, START = KINDS = ("survey", "appointment", "status", "stop", "start")
CONFIRM, CHANGE, UNCLEAR = "confirm", "change", "unclear"
SCORES = ("1", "2", "3", "4", "5")

#: Zero-width marks and what makes a digit an emoji: a phone's keyboard adds them, and nobody sees them.
_UNSEEN = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\ufe0e\ufe0f\u20e3"))
_EDGES = " \t\r\n.,!?;:'\"~()[]<>。、！？；：【】《》“”‘’…-"
_TICKET = re.compile(r"(?<![0-9a-z])t-?([0-9]{1,18})(?![0-9a-z])", re.IGNORECASE)
#: Between an answer and a comment; within a number (5.5, 1:30) it is none.
_ANSWER_AND_COMMENT = re.compile(r"(.{1,40}?)\s*(?:[,;:!.](?![0-9])|[、。\n])\s*(.+)", re.DOTALL)


@dataclass(frozen=True)
class Meaning:
    """What a text says of one kind of thing.

    `value`: a score `1` to `5`; `confirm`, `change`, `unclear`; the number of a ticket; empty for stop and start.
    """

    kind: str
    value: str = ""
    comment: str | None = None


@dataclass(frozen=True)
class Reading:
    """All that a text may mean; empty where it is none of what we ask. `ticket_no`: the ticket that it names."""

    meanings: tuple[Meaning, ...] = ()
    ticket_no: str | None = None


@dataclass(frozen=True)
class Words:
    """Word, as `plain` makes it -> what it may mean; and the words that ask for a ticket's status beside its number."""

    meanings: Mapping[str, tuple[Meaning, ...]] = field(default_factory=dict)
    status: frozenset[str] = frozenset()


def plain(text: str) -> str:
    """A text without what makes no difference: width, case, unseen marks, white space and punctuation around it."""
    return _compatible(text).casefold()


def read(text: str, words: Words) -> Reading:
    """What the text may mean: a word alone, or an answer with a comment after punctuation, or a ticket's number.

    A ticket's number beside an answer says which question is meant; alone, or with a word for it, it asks for the
    ticket's status.
    """
    text = _compatible(text)
    number = _TICKET.search(text)
    if number is None:
        return Reading(_meanings(text, words))
    ticket_no = f"T-{number[1]}"
    rest = _compatible(f"{text[: number.start()]} {text[number.end() :]}")
    if not rest or rest.casefold() in words.status:
        return Reading((Meaning(STATUS, ticket_no),), ticket_no)
    return Reading(tuple(one for one in _meanings(rest, words) if one.kind in (SURVEY, APPOINTMENT)), ticket_no)


def _compatible(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text.translate(_UNSEEN))
    return re.sub(r"[^\S\n]+", " ", folded).strip(_EDGES)


def _meanings(text: str, words: Words) -> tuple[Meaning, ...]:
    exact = words.meanings.get(text.casefold())
    if exact is not None:
        return exact
    parts = _ANSWER_AND_COMMENT.fullmatch(text)
    if parts is None:
        return ()
    said = words.meanings.get(plain(parts[1]), ())
    return tuple(_with_comment(one, parts[2]) for one in said if one.kind in (SURVEY, APPOINTMENT))


def _with_comment(meaning: Meaning, comment: str) -> Meaning:
    """A confirmation on a condition is for a person to understand: it is no confirmation."""
    value = UNCLEAR if meaning.value == CONFIRM else meaning.value
    return Meaning(meaning.kind, value, comment)
