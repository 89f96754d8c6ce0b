"""What is no calendar is refused, every fault at once, each at its place."""

from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.business_time import Calendar, next_open
from shared.errors import ValidationError
from tests.unit.shared.business_time.builders import ALWAYS, OFFICE, WEEKDAYS, a_body, a_calendar

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def faults(body: Any) -> dict[str, list[str]]:
    with pytest.raises(ValidationError) as refused:
        Calendar.from_dict("office", body)
    return refused.value.fields


def week(**spans: Any) -> dict[str, Any]:
    return a_body(week=spans)


def day(entry: Any, **changes: Any) -> dict[str, Any]:
    return a_body(days={"2026-10-01": entry}, **changes)


@pytest.mark.parametrize(
    "name", ["Asia/Beijing", "", None, 8, "../Asia/Shanghai", "Asia", "localtime", "right/Asia/Shanghai", ["UTC"]]
)
def test_an_unknown_zone_is_refused(name: Any) -> None:
    assert faults(a_body(zone=name)) == {"zone": [f"unknown time zone {name!r}"]}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("8:30-12:00", "is not a span such as 08:30-12:00"),
        ("08:30", "is not a span such as 08:30-12:00"),
        (510, "is not a span such as 08:30-12:00"),
        ("٠٨:30-12:00", "is not a span such as 08:30-12:00"),
        ("08:30-12:00\n", "is not a span such as 08:30-12:00"),
        ("08:60-12:00", "there is no time 08:60"),
        ("08:30-24:01", "there is no time 24:01"),
        ("25:00-26:00", "there is no time 25:00"),
        ("24:00-06:00", "begins at 24:00; write 00:00 of the next day"),
        ("08:00-08:00", "is empty; a whole day is 00:00-24:00"),
    ],
)
def test_a_span_that_is_none_is_refused_at_its_place(text: Any, reason: str) -> None:
    found = faults(week(mon=["06:00-07:00", text]))
    assert list(found) == ["week.mon.1"]
    assert reason in found["week.mon.1"][0]


@pytest.mark.parametrize("spans", ["08:30-12:00", 5, "", False, {"from": "08:30"}, ["00:00-00:01"] * 25])
def test_spans_are_a_list_of_at_most_24(spans: Any) -> None:
    assert faults(week(mon=spans, tue=["08:00-09:00"])) == {"week.mon": ["is not a list of up to 24 spans"]}


def test_spans_of_a_day_that_overlap_are_refused() -> None:
    found = faults(week(mon=["11:59-13:00", "08:30-12:00"]))
    assert found == {"week.mon": ["08:30-12:00 and 11:59-13:00 overlap"]}


def test_a_night_that_overlaps_the_next_day_is_refused() -> None:
    found = faults(week(fri=["22:00-06:00"], sat=["05:59-12:00"]))
    assert found == {"week.sat": ["05:59-12:00 overlaps 22:00-06:00 of fri"]}


def test_a_sunday_night_that_overlaps_monday_is_refused() -> None:
    found = faults(week(sun=["22:00-06:00"], mon=["00:00-01:00"]))
    assert found == {"week.mon": ["00:00-01:00 overlaps 22:00-06:00 of sun"]}


def test_a_single_day_that_overlaps_the_night_before_is_refused() -> None:
    body = day({"open": ["05:00-12:00"]}, week={"wed": ["22:00-06:00"]})
    assert faults(body) == {"days.2026-10-01": ["05:00-12:00 overlaps 22:00-06:00 of 2026-09-30"]}


def test_a_single_night_that_overlaps_the_next_day_is_refused() -> None:
    body = day({"open": ["22:00-09:00"]})
    assert faults(body) == {"days.2026-10-01": ["08:30-12:00 overlaps 22:00-09:00 of 2026-10-01"]}


def test_two_single_days_that_overlap_are_refused_once() -> None:
    days = {"2026-10-03": {"open": ["22:00-09:00"]}, "2026-10-04": {"open": ["08:00-10:00"]}}
    assert faults(a_body(days=days)) == {"days.2026-10-04": ["08:00-10:00 overlaps 22:00-09:00 of 2026-10-03"]}


def test_a_closed_part_may_make_room() -> None:
    spans = {"open": ["05:00-12:00"], "without": ["00:00-05:00"]}
    night = {"without": ["00:00-05:00"], "open": ["05:00-12:00"]}
    assert a_calendar(week={"wed": ["22:00-05:00"]}, days={"2026-10-01": spans}).hours.special
    assert a_calendar(week={"wed": ["22:00-05:00"]}, days={"2026-10-01": night}).hours.special


def test_a_holiday_may_make_room_for_a_night() -> None:
    days = {"2026-10-01": {"open": ["22:00-09:00"]}, "2026-10-02": {"closed": True}}
    assert a_calendar(days=days).hours.special


@pytest.mark.parametrize("body", [{}, None, {"mon": []}])
def test_a_calendar_that_never_opens_is_refused(body: Any) -> None:
    assert faults(a_body(week=body)) == {"week": ["never opens"]}


def test_a_calendar_of_closed_days_alone_never_opens() -> None:
    assert faults(day({"closed": True}, week={})) == {"week": ["never opens"]}


def only(day: str, *spans: str, zone: str = "Europe/Berlin", **changes: Any) -> dict[str, Any]:
    """Open on this one day alone."""
    return a_body(zone=zone, week={}, days={day: {"open": list(spans)}}, **changes)


@pytest.mark.parametrize(
    "body",
    [
        only("2026-03-29", "02:10-02:50"),  # skipped by the change to summer time
        only("2011-12-30", "09:00-17:00", zone="Pacific/Apia"),  # a date that was left out
        only("1970-01-01", "00:00-08:00", zone="Asia/Shanghai"),  # over when 1970 begins in UTC
        only("2200-12-31", "19:00-24:00", zone="America/New_York"),  # begins when 2200 is over in UTC
    ],
)
def test_a_calendar_whose_hours_no_clock_ever_shows_never_opens(body: Any) -> None:
    assert faults(body) == {"week": ["never opens"]}


def test_a_single_opening_of_a_minute_is_enough() -> None:
    calendar = Calendar.from_dict("once", only("2026-03-29", "01:59-02:50"))
    assert next_open(calendar, EPOCH) == datetime(2026, 3, 29, 0, 59, tzinfo=UTC)


def test_a_calendar_that_never_opens_from_its_horizon_on_is_refused() -> None:
    body = only("2026-12-31", "09:00-12:00", horizon="2027-01-01")
    assert faults(body) == {"week": ["never opens from the horizon on, 2027-01-01"]}


def test_a_single_day_at_or_after_the_horizon_is_an_opening() -> None:
    for day in ("2027-01-01", "2030-06-01"):
        assert Calendar.from_dict("once", only(day, "09:00-12:00", horizon="2027-01-01")).horizon == date(2027, 1, 1)


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "a" * 201,
        "two\nlines",
        "tab\t",
        "nothing\x00",
        "half \ud83d",
        "next\x85line",
        "\u2028",
        "x\uffff",
        5,
        None,
    ],
)
def test_a_name_that_is_none_is_refused(name: Any) -> None:
    reason = "text of 1 to 200 characters on one line"
    assert faults(a_body(name=name)) == {"name": [f"is required, as {reason}"]}
    assert faults(day({"closed": True, "name": name})) == {"days.2026-10-01.name": [f"is not {reason}"]}


@pytest.mark.parametrize("name", ["x", "国庆节\u3000假期", "Día de la Constitución", "a" * 200, "👩\u200d🔧"])
def test_a_name_may_be_in_any_script(name: str) -> None:
    calendar = a_calendar(name=name, days={"2026-10-01": {"closed": True, "name": name}})
    assert calendar.name == name
    assert [each for _, each in calendar.names] == [name]


def test_an_unknown_weekday_is_refused() -> None:
    found = faults(a_body(week=OFFICE | {"monday": []}))
    assert found == {"week.monday": ["unknown weekday; known: mon, tue, wed, thu, fri, sat, sun"]}


@pytest.mark.parametrize(
    "key", ["2026-02-29", "2026-13-01", "20261001", "Christmas", "2026-W40-4", 2026, datetime(2026, 10, 1)]
)
def test_a_date_that_does_not_exist_is_refused(key: Any) -> None:
    assert faults(a_body(days={key: {"closed": True}})) == {f"days.{key}": [f"{key} is not a date such as 2026-10-01"]}


@pytest.mark.parametrize("key", ["1969-12-31", "2201-01-01"])
def test_a_date_out_of_range_is_refused(key: str) -> None:
    assert faults(a_body(days={key: {"closed": True}})) == {f"days.{key}": ["is not within 1970 to 2200"]}


def test_a_date_that_is_declared_twice_is_refused() -> None:
    found = faults(a_body(days={"2026-10-01": {"closed": True}, date(2026, 10, 1): {"as": "mon"}}))
    assert found == {"days.2026-10-01": ["is declared twice"]}


@pytest.mark.parametrize("value", ["2027", 2027, "next year", datetime(2027, 1, 1), ["2027-01-01"]])
def test_a_horizon_that_is_no_date_is_refused(value: Any) -> None:
    assert list(faults(a_body(horizon=value))) == ["horizon"]


@pytest.mark.parametrize("value", ["0h", "25h", "2wd", "8", 8, "1.5h", ""])
def test_a_working_day_that_is_no_length_of_a_day_is_refused(value: Any) -> None:
    assert list(faults(a_body(working_day=value))) == ["working_day"]


@pytest.mark.parametrize(
    ("entry", "path"),
    [
        ({}, ""),
        ({"name": "国庆节"}, ""),
        ("closed", ""),
        ({"closed": False}, ".closed"),
        ({"closed": "yes"}, ".closed"),
        ({"closed": True, "as": "fri"}, ""),
        ({"as": "friday"}, ".as"),
        ({"as": "sat"}, ".as"),
        ({"open": []}, ".open"),
        ({"open": ["09:00"]}, ".open.0"),
        ({"open": ["09:00-11:00", "10:00-12:00"]}, ".open"),
        ({"without": ["12:00"]}, ".without.0"),
        ({"without": "12:00-14:00"}, ".without"),
        ({"closed": True, "hours": []}, ".hours"),
        ({"closed": True, "name": 1}, ".name"),
    ],
)
def test_a_day_that_makes_no_sense_is_refused_at_its_place(entry: Any, path: str) -> None:
    assert list(faults(day(entry))) == [f"days.2026-10-01{path}"]


@pytest.mark.parametrize("body", [None, [], "office"])
def test_a_body_is_a_mapping(body: Any) -> None:
    assert faults(body) == {"body": ["is not a mapping"]}


@pytest.mark.parametrize(
    ("key", "value"), [("week", ["mon"]), ("days", ["2026-10-01"]), ("name", ""), ("holidays", {})]
)
def test_each_field_has_its_form(key: str, value: Any) -> None:
    body = {"days": {"2026-10-01": {"open": ["09:00-12:00"]}}}
    assert key in faults(a_body(**body | {key: value}))


def test_every_fault_is_told_at_once() -> None:
    body = {
        "zone": "Mars/Olympus",
        "working_day": "8",
        "horizon": "soon",
        "week": {"mon": ["08:30-12:00", "11:00-13:00"], "tue": ["9-5"], "someday": []},
        "days": {"2026-02-30": {"open": ["nine"]}, "2026-10-01": {"as": "sat", "without": ["x"]}},
        "color": "blue",
    }
    assert sorted(faults(body)) == [
        "color",
        "days.2026-02-30",
        "days.2026-02-30.open.0",
        "days.2026-10-01.as",
        "days.2026-10-01.without.0",
        "horizon",
        "name",
        "week.mon",
        "week.someday",
        "week.tue.0",
        "working_day",
        "zone",
    ]


QUARTERS = st.integers(0, 95).map(lambda n: n * 15)
SPAN = st.tuples(QUARTERS, QUARTERS).filter(lambda span: span[0] != span[1])


def covered(spans: dict[int, list[tuple[int, int]]]) -> list[int]:
    """For each quarter of the week how many spans cover it."""
    counts = [0] * (7 * 96)
    for weekday, of_day in spans.items():
        for start, end in of_day:
            for minute in range(start, end if end > start else end + 1440, 15):
                counts[(weekday * 96 + minute // 15) % len(counts)] += 1
    return counts


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.integers(0, 6), st.lists(SPAN, max_size=2), min_size=1))
def test_weekly_hours_are_refused_exactly_when_some_time_is_covered_twice(
    spans: dict[int, list[tuple[int, int]]],
) -> None:
    texts = {
        WEEKDAYS[weekday]: [f"{a // 60:02}:{a % 60:02}-{b // 60:02}:{b % 60:02}" for a, b in of_day]
        for weekday, of_day in spans.items()
    }
    counts = covered(spans)
    try:
        Calendar.from_dict("random", a_body(week=texts))
        sound = True
    except ValidationError:
        sound = False
    assert sound == (max(counts) == 1)


def test_touching_is_not_overlapping() -> None:
    assert a_calendar(week=ALWAYS).hours.all_week
    assert a_calendar(week={"mon": ["08:00-12:00", "12:00-16:00"], "tue": ["00:00-01:00"]}).hours.week


JSON = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.sampled_from(["08:00-09:00"])
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=8,
)
WORDS = st.sampled_from(
    ["name", "zone", "working_day", "horizon", "week", "days", "mon", "2026-10-01", "closed", "as", "open"]
)
LIKELY = st.recursive(JSON, lambda inner: st.dictionaries(WORDS, inner, max_size=4), max_leaves=12)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(WORDS, LIKELY))
def test_whatever_else_comes_is_refused_by_a_validation_error(body: dict[str, Any]) -> None:
    """Anything at all in the place of each field, and no other exception."""
    for whole in (body, a_body(**body)):
        with suppress(ValidationError):
            assert next_open(Calendar.from_dict("random", whole), EPOCH) is not None
