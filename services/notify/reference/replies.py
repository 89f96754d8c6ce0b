"""Reference data about inbound messages: what short codes take, what words mean, what counts as said twice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from services.notify.domain.reading import (
    APPOINTMENT,
    CHANGE,
    CONFIRM,
    KINDS,
    SCORES,
    START,
    STATUS,
    STOP,
    SURVEY,
    Meaning,
    Words,
    plain,
)
from services.notify.durations import duration
from shared.schemas import Text

#: Language -> what is said -> the words for it. In force where the reference data do not say.
USUAL_WORDS: Mapping[str, Mapping[str, Any]] = {
    "zh-CN": {
        "survey": {
            "5": ["5", "5分", "5星", "五", "五分", "五星", "非常满意", "很满意", "十分满意"],
            "4": ["4", "4分", "4星", "四", "四分", "四星", "满意", "是", "是的", "好"],
            "3": ["3", "3分", "3星", "三", "三分", "三星", "一般", "基本满意"],
            "2": ["2", "2分", "2星", "二", "二分", "二星", "不满意", "否", "不是", "不好"],
            "1": ["1", "1分", "1星", "一", "一分", "一星", "非常不满意", "很不满意", "十分不满意"],
        },
        "confirm": ["1", "确认", "是", "是的", "好", "好的", "可以", "同意"],
        "change": ["2", "改期", "改约", "更改", "否", "不是", "不行", "不可以", "不方便"],
        "status": ["查询", "状态", "进度", "查询进度", "查询状态", "查"],
        "stop": ["退订", "回复退订", "取消订阅", "td", "t", "回td", "退订td", "td退订", "回复td", "回复td退订"],
        "start": ["订阅", "恢复订阅", "重新订阅", "回复订阅"],
    },
    "en": {
        "survey": {
            "5": ["five", "very satisfied", "excellent", "great"],
            "4": ["four", "satisfied", "good", "y", "yes"],
            "3": ["three", "ok", "okay", "fair"],
            "2": ["two", "not satisfied", "dissatisfied", "unsatisfied", "n", "no", "bad"],
            "1": ["one", "very dissatisfied", "very bad", "terrible"],
        },
        "confirm": ["confirm", "confirmed", "y", "yes", "ok", "okay", "agreed"],
        "change": ["change", "reschedule", "another time", "n", "no"],
        "status": ["status", "query", "status of", "progress", "progress of"],
        "stop": ["stop", "unsubscribe", "quit", "stop all", "opt out", "stopall"],
        "start": ["start", "unstop", "subscribe", "resume"],
    },
}
#: Within what time the same text of one sender, which asks for something, is said but once.
USUAL_REPEAT_WITHIN = timedelta(minutes=10)


@dataclass(frozen=True)
class Inbound:
    """What is asked of a reply: what its words mean, what its short code takes."""

    words: Words = field(default_factory=Words)
    short_codes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    repeat_within: timedelta = USUAL_REPEAT_WITHIN

    @classmethod
    def from_dict(cls, body: Mapping[str, Any]) -> Inbound:
        """From `InboundEntry` as loaded."""
        return cls(
            words=words_of(body["words"]),
            short_codes={code: tuple(kinds) for code, kinds in body["short_codes"].items()},
            repeat_within=body["repeat_within"],
        )

    def allowed(self, to: str) -> Sequence[str]:
        """The kinds of replies that this number takes: all, where nothing is declared of it."""
        return self.short_codes.get(to, KINDS)


def words_of(languages: Mapping[str, Mapping[str, Any]]) -> Words:
    """The words of all languages together: who writes to us is not asked in which."""
    found: dict[str, dict[Meaning, None]] = {}
    status: set[str] = set()
    for said in languages.values():
        for word, meaning in _said(said):
            found.setdefault(plain(word), {})[meaning] = None
        status |= {plain(word) for word in said.get(STATUS, ())}
    return Words({word: tuple(meanings) for word, meanings in found.items()}, frozenset(status))


def _said(said: Mapping[str, Any]) -> Iterator[tuple[str, Meaning]]:
    for score, words in said.get(SURVEY, {}).items():
        yield from ((word, Meaning(SURVEY, score)) for word in words)
    for answer in (CONFIRM, CHANGE):
        yield from ((word, Meaning(APPOINTMENT, answer)) for word in said.get(answer, ()))
    for kind in (STOP, START):
        yield from ((word, Meaning(kind)) for word in said.get(kind, ()))


def _word_list() -> fields.List[Any]:
    return fields.List(Text(40))


class WordsEntry(Schema):
    """What is said in one language -> the words for it."""

    survey = fields.Dict(keys=fields.String(validate=validate.OneOf(SCORES)), values=_word_list())
    confirm = _word_list()
    change = _word_list()
    status = _word_list()
    stop = _word_list()
    start = _word_list()


class Stretch(fields.String):
    """`90m`, `36h` or `5d` -> a timedelta."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text: str = super()._deserialize(value, attr, data, **kwargs)
        try:
            return duration(text)
        except ValueError as error:
            raise ValidationError(f"It {error}.") from None


class InboundEntry(Schema):
    """`short_codes`: number that replies come to -> the kinds that it takes; a number that is not there takes all."""

    short_codes = fields.Dict(
        keys=Text(20),
        values=fields.List(fields.String(validate=validate.OneOf(KINDS)), validate=validate.Length(min=1)),
        load_default=dict,
    )
    words = fields.Dict(
        keys=fields.String(validate=validate.OneOf(tuple(USUAL_WORDS))),
        values=fields.Nested(WordsEntry),
        load_default=lambda: dict(USUAL_WORDS),
    )
    repeat_within = Stretch(load_default=USUAL_REPEAT_WITHIN)

    @validates_schema
    def _of_one_mind(self, data: Mapping[str, Any], **_: Any) -> None:
        """No word means two things of one kind, and who wants no more messages says nothing else with it."""
        for word, meanings in words_of(data["words"]).meanings.items():
            kinds = [one.kind for one in meanings]
            if not word:
                raise ValidationError("A word must hold a letter or a digit.", "words")
            if len(set(kinds)) < len(kinds) or (len(kinds) > 1 and {STOP, START} & set(kinds)):
                raise ValidationError(f"{word!r} means two things.", "words")


@lru_cache(maxsize=1)
def usual() -> Inbound:
    """What is in force where the reference data say nothing."""
    return Inbound(words=words_of(USUAL_WORDS))
