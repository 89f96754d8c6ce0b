"""What may be filled in, by type."""

from decimal import Decimal

import pytest

from services.dispatch.domain.flows.fields import BadValue, FieldSpec
from services.dispatch.domain.flows.pattern import Pattern


def a_field(type: str, **members) -> FieldSpec:
    return FieldSpec(code="x", type=type, **members)


@pytest.mark.parametrize(
    ("type", "given", "kept"),
    [
        ("text", "  两行\n文字 \t", "两行\n文字"),
        ("number", 2.5, 2.5),
        ("number", -3, -3),
        ("integer", 7, 7),
        ("money", 120.5, "120.50"),
        ("money", "120", "120.00"),
        ("money", 0.1, "0.10"),
        ("money", "-3.20", "-3.20"),
        ("yes_no", False, False),
        ("date", "2024-02-29", "2024-02-29"),
        ("time", "2026-03-02T09:00:00+08:00", "2026-03-02T01:00:00.000Z"),
        ("time", "2026-03-02T09:00:00.5Z", "2026-03-02T09:00:00.500Z"),
        ("phone", "+86 138-0013-8000", "+8613800138000"),
        ("email", " it@example.com ", "it@example.com"),
    ],
)
def test_a_value_is_kept_in_one_form(type, given, kept):
    read = a_field(type).read(given)

    assert (read, read.__class__) == (kept, kept.__class__)


@pytest.mark.parametrize(
    ("type", "given"),
    [
        ("text", 5),
        ("text", "a\x00b"),
        ("text", "a\ud800"),
        ("text", "x" * 2001),
        ("number", "5"),
        ("number", True),
        ("number", float("nan")),
        ("number", float("inf")),
        ("number", 1e300),
        ("integer", 5.0),
        ("integer", True),
        ("integer", 2**60),
        ("money", "1.005"),
        ("money", "1e400"),
        ("money", "NaN"),
        ("money", "12 yuan"),
        ("money", True),
        ("money", []),
        ("yes_no", 1),
        ("yes_no", "yes"),
        ("date", "2026-02-29"),
        ("date", "20260228"),
        ("date", 20260228),
        ("time", "2026-03-02T09:00:00"),
        ("time", "2026-03-02T25:00:00Z"),
        ("time", "0001-01-01T00:00:00+14:00"),
        ("time", 5),
        ("phone", "13800138000"),
        ("phone", "+861380013800012345"),
        ("phone", 8613800138000),
        ("email", "it@example"),
        ("email", "a b@example.com"),
        ("email", "a@example.com, b@example.com"),
        ("choice", "c"),
        ("choice", ["a"]),
        ("choice", {}),
    ],
)
def test_what_is_not_of_the_type_is_refused(type, given):
    with pytest.raises(BadValue):
        a_field(type, of=("a", "b") if type == "choice" else ()).read(given)


@pytest.mark.parametrize("empty", [None, ""])
def test_a_required_field_is_not_left_empty_and_an_optional_one_may_be(empty):
    assert a_field("text").read(empty) is None
    with pytest.raises(BadValue, match="is required"):
        a_field("text", required=True).read(empty)


def test_spaces_do_not_fill_in_a_required_text():
    with pytest.raises(BadValue):
        a_field("text", required=True).read("   ")


def test_bounds_are_within_the_range():
    amount = a_field("money", least=Decimal("0.1"), most=Decimal("9.99"))

    assert (amount.read("0.10"), amount.read(9.99)) == ("0.10", "9.99")
    with pytest.raises(BadValue, match=r"must be at least 0\.1"):
        amount.read("0.09")
    with pytest.raises(BadValue, match=r"must be at most 9\.99"):
        amount.read(10)


def test_bounds_of_a_text_are_its_length():
    text = a_field("text", least=Decimal(2), most=Decimal(4))

    assert text.read("四个字了") == "四个字了"
    with pytest.raises(BadValue, match="must have 2 to 4 characters, not 5"):
        text.read("五个字太多")


def test_no_text_is_longer_than_two_thousand_characters_whatever_its_declaration_says():
    with pytest.raises(BadValue, match="must have 1 to 2000 characters, not 2001"):
        a_field("text", most=Decimal(9_999_999)).read("x" * 2001)


def test_a_pattern_is_for_the_whole_text():
    serial = a_field("text", pattern=Pattern.of("[A-Z]{2}[0-9]{3}|none"))

    assert (serial.read("AB123"), serial.read("none")) == ("AB123", "none")
    for longer in ("AB1234", "xAB123", "AB123\nx", "nonet"):
        with pytest.raises(BadValue, match="does not match"):
            serial.read(longer)


def test_no_pattern_takes_long():
    with pytest.raises(BadValue):  # a backtracking engine would not come back from this in a lifetime
        a_field("text", pattern=Pattern.of("(a+)+b")).read("a" * 2000)


def test_a_pattern_may_hold_quotes_and_backslashes():
    quoted = a_field("text", pattern=Pattern.of(r"""["'\\]\d+"""))

    assert [quoted.read(text) for text in ('"7', "'7", "\\7")] == ['"7', "'7", "\\7"]
    with pytest.raises(BadValue):
        quoted.read("d7")
