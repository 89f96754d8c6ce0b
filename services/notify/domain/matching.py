"""What a reply answers: bound by sender, short code and time, to exactly one question, or left to a person. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.notify.domain.reading import START, STATUS, STOP, UNCLEAR, Meaning, Reading

ANSWER, REPEATED, ASK, LEAVE, RETURN, PERSON = OUTCOMES = ("answer", "repeated", "ask", "leave", "return", "person")
"""It answers a question; says it again; asks for a status; wants no messages, or wants them again; is for a person."""

_AT_ONCE = {STATUS: ASK, STOP: LEAVE, START: RETURN}

#: Times of gateways have whole seconds, and clocks differ a little: nobody reads and answers faster than this.
CLOCK_SKEW = timedelta(seconds=2)


@dataclass(frozen=True, kw_only=True)
class Question:
    """A message to the sender that may be answered.

    `key` names what is asked: messages that ask the same thing by several channels have the same. `given`: what the
    one reply that has answered it said.
    """

    message_id: str
    kind: str
    key: str
    ticket_no: str
    order_no: str
    recipient: str
    asked_at: datetime
    answer_by: datetime
    given: Meaning | None = None


@dataclass(frozen=True)
class Match:
    """What becomes of a reply, and why. `might`: the questions that a person should think of."""

    outcome: str
    why: str
    meaning: Meaning | None = None
    question: Question | None = None
    might: tuple[Question, ...] = ()


def bind(reading: Reading, questions: Sequence[Question], at: datetime, allowed: Collection[str]) -> Match:
    """What a reply received `at` is taken for; `allowed` are the kinds that its short code takes.

    Only a question that was asked before the reply, and is the only open one that the text fits, is answered by it.
    """
    meanings = [one for one in reading.meanings if one.kind in allowed]
    for meaning in meanings:
        if meaning.kind in _AT_ONCE:
            return Match(_AT_ONCE[meaning.kind], f"the text says {meaning.kind}", meaning)
    asked = _standing([one for one in questions if one.asked_at <= at + CLOCK_SKEW])
    if not meanings:
        return Match(PERSON, "not_understood", might=tuple(one for one in asked if _is_open(one, at)))
    named = [one for one in asked if reading.ticket_no in (None, one.ticket_no)]
    fits = [(question, meaning) for question in named for meaning in meanings if meaning.kind == question.kind]
    return _decided(fits, at)


def _decided(fits: Sequence[tuple[Question, Meaning]], at: datetime) -> Match:
    might = tuple(question for question, _ in fits)
    open_ones = [(question, meaning) for question, meaning in fits if _is_open(question, at)]
    if len(open_ones) == 1:
        question, meaning = open_ones[0]
        if meaning.value == UNCLEAR:
            return Match(PERSON, "with_a_condition", meaning, might=(question,))
        return Match(ANSWER, f"fits the {question.kind} only", meaning, question)
    if open_ones:
        return Match(PERSON, "fits_several", might=tuple(question for question, _ in open_ones))
    for question, meaning in fits:
        if question.given is not None and _says_no_more(meaning, question.given):
            return Match(REPEATED, "said_before", meaning, question)
    return Match(PERSON, _why_none(fits), might=might)


def _says_no_more(meaning: Meaning, given: Meaning) -> bool:
    return meaning.value == given.value and meaning.comment in (None, given.comment)


def _why_none(fits: Sequence[tuple[Question, Meaning]]) -> str:
    if not fits:
        return "nothing_asked"
    return "answered_otherwise" if any(question.given for question, _ in fits) else "too_late"


def _is_open(question: Question, at: datetime) -> bool:
    return question.given is None and at <= question.answer_by


def _standing(questions: Sequence[Question]) -> list[Question]:
    """Of each piece of work the last thing asked of each kind, as it was first asked.

    By a second channel it is the same question; another appointment, or another round's survey, is in place of the one
    before.
    """
    first: dict[tuple[str, str], Question] = {}
    for question in sorted(questions, key=lambda one: (one.asked_at, one.message_id)):
        first.setdefault((question.kind, question.key), question)
    last = {(question.kind, question.order_no or question.key): question for question in first.values()}
    return list(last.values())
