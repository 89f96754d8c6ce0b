"""Times, numbers, money and durations as people of each language and zone write them."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from services.notify.texts import Texts

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SHANGHAI = ZoneInfo("Asia/Shanghai")


def written(source, language="en", zone=None, **variables):
    texts = Texts({"t": {"sms": {language: {"text": source}}}}, SHANGHAI)
    return texts.render("t", "sms", language, variables, zone).text


@pytest.mark.parametrize(
    ("source", "zh", "en"),
    [
        ("{{ at | local }}", "2026年3月2日 20:00", "Mar 2, 2026 20:00"),
        ("{{ at | day }}", "2026年3月2日", "Mar 2, 2026"),
        ("{{ at | weekday }}", "星期一", "Monday"),
        ("{{ at | clock }}", "20:00", "20:00"),
        ("{{ 12345.678 | number }}", "12,345.678", "12,345.678"),
        ("{{ 0.856 | percent }}", "86%", "86%"),
        ("{{ '120.00' | money }}", "¥120.00", "CN¥120.00"),
        ("{{ '120.00' | money('USD') }}", "US$120.00", "$120.00"),
        ("{{ lasts | duration }}", "3小时", "3 hours"),
        ("{{ 90 | duration }}", "2分钟", "2 minutes"),
    ],
)
def test_each_language_writes_its_own_way(source, zh, en):
    given = {"at": NOON, "lasts": timedelta(hours=3)}
    assert (written(source, "zh-CN", **given), written(source, "en", **given)) == (zh, en)


def test_a_time_is_told_on_the_recipients_own_clock():
    assert written("{{ at | local }}", zone="America/New_York", at=NOON) == "Mar 2, 2026 07:00"


def test_a_day_without_a_time_is_the_same_in_every_zone():
    for day in (date(2026, 3, 2), "2026-03-02"):
        assert written("{{ at | day }}", zone="America/New_York", at=day) == "Mar 2, 2026"


def test_what_is_not_there_is_written_as_nothing():
    assert written("[{{ at | local }}{{ fee | money }}]", at=None, fee=None) == "[]"


def test_no_space_of_another_kind_makes_an_sms_longer():
    assert set(written("{{ 1234567.5 | money('EUR') }} {{ lasts | duration }}", lasts=timedelta(days=2))) <= set(
        "€1234567,.50 2days"
    )


def test_a_text_for_any_language_is_for_whom_has_none_of_their_own():
    texts = Texts({"t": {"sms": {"default": {"text": "any"}, "en": {"text": "own"}}}}, SHANGHAI)
    assert [texts.language("t", "sms", wanted) for wanted in ("en", "fr", None)] == ["en", "default", "default"]


def test_without_a_text_for_any_language_the_desks_own_is_taken():
    texts = Texts({"t": {"sms": {"zh-CN": {"text": "桌"}, "en": {"text": "own"}}}}, SHANGHAI, "zh-CN")
    assert texts.language("t", "sms", "fr") == "zh-CN"


def test_a_call_speaks_the_sms_unless_it_has_words_of_its_own():
    texts = Texts({"a": {"sms": {"en": {"text": "sms"}}}, "b": {"call": {"en": {"text": "call"}}}}, SHANGHAI)
    said = [texts.render(name, "call", texts.language(name, "call", "en"), {}).text for name in ("a", "b")]
    assert said == ["sms", "call"]


def test_control_characters_and_turned_writing_never_leave():
    assert written("{{ name }}", name="a\x1b[2Jb\u202etxt.exe\x00") == "a[2Jbtxt.exe"


def test_a_subject_is_one_line_whatever_it_is_made_of():
    source = {"t": {"email": {"en": {"text": "t", "html": "h", "subject": "Hello {{ name }}"}}}}
    content = Texts(source, SHANGHAI).render("t", "email", "en", {"name": "x\r\nBcc: all@example.com"})
    assert content.subject == "Hello x Bcc: all@example.com"
