from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from marshmallow import fields

from shared.errors import ValidationError
from shared.schemas import Code, Consumed, Email, Instant, Key, Page, Phone, Request, Text, flat, load


class Everything(Request):
    text = Text(50)
    code = Code(10)
    key = Key(10)
    at = Instant()
    phone = Phone()
    email = Email()


def refused(**given_: Any) -> dict[str, list[str]]:
    with pytest.raises(ValidationError) as error:
        load(Everything, given_)
    return error.value.fields


people_write = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=50)


@given(people_write)
def test_text_in_any_language_is_kept_as_it_came(text: str) -> None:
    assume(text.strip() and not any(character in "\ufffe\uffff" for character in text))
    assert load(Everything, {"text": text}) == {"text": text}


def test_text_may_have_lines_and_tabs_emoji_and_combining_marks() -> None:
    text = "您好\n\t👩‍👩‍👧 e\u0301 ‮مرحبا"
    assert load(Everything, {"text": text}) == {"text": text}


@given(st.sampled_from("\x00\x01\x08\x0b\x0c\r\x1b\x1f\x7f\x80\x9f\ud800\udfff\ufffe\uffff"), st.text("ab", max_size=5))
def test_text_has_no_control_characters(control: str, around: str) -> None:
    assert list(refused(text=f"{around}{control}{around}")) == ["text"]


@pytest.mark.parametrize("value", [7, None, True, [], {}, {"$ne": 1}, 1.5])
def test_what_is_no_text_is_refused(value: Any) -> None:
    assert list(refused(text=value)) == ["text"]


class Reasoned(Request):
    reason = Text(50, required=True)


@pytest.mark.parametrize("blank", ["", " ", "   ", "\n\t", "\u3000", "\u00a0\u2003"])
def test_a_blank_text_is_as_good_as_none(blank: str) -> None:
    assert refused(text=blank) == {"text": ["Must not be blank."]}
    with pytest.raises(ValidationError) as error:
        load(Reasoned, {"reason": blank})
    assert error.value.fields == {"reason": ["Missing data for required field."]}


def test_the_white_space_around_a_text_is_kept() -> None:
    assert load(Everything, {"text": "  你好 \n"}) == {"text": "  你好 \n"}


@pytest.mark.parametrize("text", ["", "x" * 51])
def test_text_has_a_least_and_a_greatest_length(text: str) -> None:
    assert list(refused(text=text)) == ["text"]


@pytest.mark.parametrize("code", ["W-100001", "a b", "x:y/z", "团队", "a@b+c", "A_1.2"])
def test_a_code_is_letters_digits_and_a_few_marks(code: str) -> None:
    assert load(Everything, {"code": code, "key": code}) == {"code": code, "key": code}


@pytest.mark.parametrize("code", ["$where", "a;b", "a\nb", "a\tb", "x" * 11, "", "{}", "a'b", 'a"b', "a*b", "a\u0000"])
def test_a_code_has_nothing_that_means_something_elsewhere(code: str) -> None:
    assert set(refused(code=code, key=code)) == {"code", "key"}


zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
instants = st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=zones)


@given(instants)
def test_an_instant_in_any_zone_is_the_same_instant_in_utc(at: datetime) -> None:
    loaded = load(Everything, {"at": at.isoformat()})["at"]
    assert loaded.tzinfo is UTC
    assert loaded == at.replace(microsecond=at.microsecond // 1000 * 1000)


@given(st.text(max_size=40))
def test_any_other_text_is_refused_as_an_instant(text: str) -> None:
    assert list(refused(at=text)) == ["at"]


@pytest.mark.parametrize(
    "at",
    [
        "2016-02-30T00:00:00Z",
        "2016-02-29",
        "2016-02-29T01:16:00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "now",
        7,
        None,
        "2016-02-29T25:00:00Z",
    ],
)
def test_what_is_no_instant_is_refused(at: Any) -> None:
    assert list(refused(at=at)) == ["at"]


@pytest.mark.parametrize("phone", ["+86 138 0013 8000", "+86-138-0013-8000", "+8613800138000"])
def test_a_phone_number_is_kept_in_one_form(phone: str) -> None:
    assert load(Everything, {"phone": phone})["phone"] == "+8613800138000"


@pytest.mark.parametrize("phone", ["13800138000", "+1", "phone", "+86 138 0013 800000000", "", "+" * 41, 7, None])
def test_what_is_no_phone_number_is_refused(phone: Any) -> None:
    assert list(refused(phone=phone)) == ["phone"]


def test_an_email_address_is_normalised() -> None:
    assert load(Everything, {"email": "Caller@EXAMPLE.com"})["email"] == "Caller@example.com"
    assert load(Everything, {"email": "用户@例子.example"})["email"].startswith("用户@")


@pytest.mark.parametrize("email", ["", "a", "a@", "@b.example", "a b@c.example", "x" * 250 + "@example.com", 7, None])
def test_what_is_no_email_address_is_refused(email: Any) -> None:
    assert list(refused(email=email)) == ["email"]


def test_every_bad_field_is_named_and_unknown_ones_too() -> None:
    assert set(refused(text="\x00", at="x", nobody="knows")) == {"text", "at", "nobody"}


def test_what_is_heard_may_have_fields_that_are_not_read() -> None:
    class Heard(Consumed):
        name = fields.String(required=True)

    assert load(Heard, {"name": "x", "later": 1}) == {"name": "x"}


@pytest.mark.parametrize("limit", [0, 201, -1, "50", 1.5, None, True])
def test_a_page_has_a_limit(limit: Any) -> None:
    with pytest.raises(ValidationError) as error:
        load(Page, {"limit": limit})
    assert list(error.value.fields) == ["limit"]


def test_a_page_has_50_entries_from_the_beginning_unless_asked_otherwise() -> None:
    assert load(Page, {}) == {"limit": 50, "after": None}
    assert load(Page, {"limit": 200, "after": "x"}) == {"limit": 200, "after": "x"}


@pytest.mark.parametrize("data", [None, 7, "text", [], [{}]])
def test_what_is_no_object_is_refused(data: Any) -> None:
    with pytest.raises(ValidationError):
        load(Everything, data)


class Inner(Request):
    name = Text(5, required=True)


class Outer(Request):
    inner = fields.Nested(Inner)
    many = fields.List(fields.Nested(Inner))
    table = fields.Dict(keys=fields.String(), values=fields.Nested(Inner))


def test_nested_faults_are_named_by_path() -> None:
    with pytest.raises(ValidationError) as error:
        load(Outer, {"inner": {}, "many": [{"name": "ok"}, {"name": 7}], "table": {"k": {"name": "too long"}}})
    assert set(error.value.fields) == {"inner.name", "many.1.name", "table.k.value.name"}


nested = st.recursive(
    st.lists(st.text(min_size=1, max_size=4), min_size=1, max_size=2),
    lambda inner: st.dictionaries(
        st.text("abc", min_size=1, max_size=2) | st.integers(0, 3), inner, min_size=1, max_size=3
    ),
    max_leaves=6,
)


@given(st.dictionaries(st.text("abc", min_size=1, max_size=2), nested, min_size=1, max_size=3))
def test_flat_loses_no_message(messages: dict[str, Any]) -> None:
    def leaves(value: Any) -> list[str]:
        if isinstance(value, dict):
            return [leaf for item in value.values() for leaf in leaves(item)]
        return list(value)

    flattened = flat(messages)
    assert sorted(text for texts in flattened.values() for text in texts) == sorted(leaves(messages))
    assert all(isinstance(path, str) for path in flattened)
