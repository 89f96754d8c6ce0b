"""How texts are written and cut; the numbers are those of 3GPP TS 23.038 and 23.040."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.domain.segments import GSM7, UCS2, count, cut, gsm7_text
from services.notify.schemas.segments import CountSegments
from shared.errors import ValidationError
from shared.schemas import load

EXTENSION = "\f^{}\\[~]|€"


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        ("", (GSM7, 0, 1)),
        ("a" * 160, (GSM7, 160, 1)),
        ("a" * 161, (GSM7, 161, 2)),
        ("a" * 306, (GSM7, 306, 2)),
        ("a" * 307, (GSM7, 307, 3)),
        ("€" * 80, (GSM7, 160, 1)),
        ("€" * 81, (GSM7, 162, 2)),
        ("你" * 70, (UCS2, 70, 1)),
        ("你" * 71, (UCS2, 71, 2)),
        ("你" * 134, (UCS2, 134, 2)),
        ("你" * 135, (UCS2, 135, 3)),
        ("🙂" * 35, (UCS2, 70, 1)),
        ("🙂" * 36, (UCS2, 72, 2)),
        ("a" * 159 + "ç", (UCS2, 160, 3)),
        ("【电力】您的工单已受理，拒收请回复R", (UCS2, 18, 1)),
    ],
)
def test_units_and_segments_of_a_text(text, counted):
    assert count(text) == counted


@pytest.mark.parametrize("character", EXTENSION)
def test_a_character_of_the_extension_table_takes_two_septets(character):
    assert count(character) == (GSM7, 2, 1)


@pytest.mark.parametrize("character", "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./:;<=>?¡ÄÖÑÜ§¿äöñüà")
def test_a_character_of_the_basic_table_takes_one(character):
    assert count(character) == (GSM7, 1, 1)


@pytest.mark.parametrize("character", ["ç", "á", "`", "ê", "\t", "\x1b", "“", "…", "中", "\xa0"])
def test_anything_else_makes_the_whole_text_ucs2(character):
    assert count(f"abc{character}")[0] == UCS2


@pytest.mark.parametrize(("character", "octets"), [("@", b"\x00"), ("§", b"\x5f"), ("à", b"\x7f"), ("€", b"\x1b\x65")])
def test_septets_are_those_of_the_standard(character, octets):
    assert cut(character).parts == (octets,)


def test_a_pair_of_septets_is_never_cut_in_two():
    parts = cut("a" * 152 + "€" + "b" * 100).parts
    assert [len(part) for part in parts] == [152, 102]
    assert parts[1][:2] == b"\x1b\x65"


def test_a_surrogate_pair_is_never_cut_in_two():
    parts = cut("你" * 66 + "🙂" + "好" * 20).parts
    assert [len(part) for part in parts] == [132, 44]
    assert parts[1].decode("utf-16-be") == "🙂" + "好" * 20


def test_cutting_may_need_a_segment_more_than_the_units_say():
    assert count("🙂" * 67) == (UCS2, 134, 3)  # 66 units in each: the 67th is left empty


def test_a_lone_surrogate_is_sent_as_the_replacement_character():
    assert cut("\ud83d").parts == ("\ufffd".encode("utf-16-be"),)


@given(st.text(st.sampled_from("abc @€{}[]~üÉΩ\n"), max_size=700))
def test_septets_are_read_back_as_they_were_written(text):
    segments = cut(text)
    assert segments.encoding == GSM7
    assert "".join(map(gsm7_text, segments.parts)) == text
    assert all(len(part) <= 153 for part in segments.parts) or len(segments.parts) == 1


@given(st.text(max_size=400))
def test_every_segment_stands_for_itself(text):
    segments = cut(text + "中")
    assert "".join(part.decode("utf-16-be") for part in segments.parts) == text + "中"
    assert max(map(len, segments.parts)) <= (140 if len(segments.parts) == 1 else 134)


def test_septets_that_mean_nothing_are_shown():
    assert gsm7_text(b"\x1b\x00A\x80") == "@A?"


@pytest.mark.parametrize("text", ["half \ud83d", "\ude42"])
def test_half_a_character_cannot_be_counted(text):
    with pytest.raises(ValidationError) as refused:
        load(CountSegments, {"text": text})
    assert list(refused.value.fields) == ["text"]
