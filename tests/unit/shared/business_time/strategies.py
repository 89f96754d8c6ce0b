"""Random calendars and instants, near what goes wrong: clock changes, midnights, new years, single days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from shared.business_time import Calendar
from shared.errors import ValidationError
from tests.unit.shared.business_time.builders import ALWAYS, OFFICE, WEEKDAYS
from tests.unit.shared.business_time.oracle import changes_in, instant

# (zone, a year in which its clocks did something)
PLACES = [
    ("Europe/Berlin", 2026),
    ("America/New_York", 2026),
    ("Australia/Lord_Howe", 2026),  # half an hour of summer time
    ("Asia/Kathmandu", 1986),  # 5:30 to 5:45
    ("Asia/Kolkata", 2026),
    ("Asia/Shanghai", 1988),  # had summer time for six years
    ("Asia/Pyongyang", 2018),  # half an hour, at midnight
    ("America/Sao_Paulo", 2018),  # no midnight on a Sunday
    ("America/Havana", 2026),  # two midnights
    ("America/St_Johns", 2010),  # one minute after midnight
    ("America/Scoresbysund", 2024),  # zone and summer time change at once
    ("Asia/Beirut", 2026),
    ("Africa/Casablanca", 2026),  # Ramadan
    ("Africa/Monrovia", 1972),  # 44 minutes and 30 seconds
    ("Antarctica/Troll", 2026),  # two hours
    ("Europe/Moscow", 2014),
    ("Pacific/Apia", 2011),  # a day skipped
    ("Pacific/Kwajalein", 1993),  # a day skipped
    ("Pacific/Kiritimati", 1994),  # a day skipped at the end of a year
    ("Pacific/Chatham", 2027),
    ("America/Caracas", 2016),
    ("Europe/Dublin", 2199),
    ("UTC", 2000),
]
NIGHTS = {weekday: ["21:00-06:30"] for weekday in WEEKDAYS}
MINUTES = st.one_of(
    st.sampled_from([0, 60, 90, 119, 120, 150, 180, 1439]),
    st.integers(0, 95).map(lambda n: n * 15),
    st.integers(0, 1439),
)


def _time(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _of_week(points: list[int]) -> dict[str, list[str]]:
    """Spans between every other two points (minutes of the week, sorted), under a day each."""
    week: dict[str, list[str]] = {}
    for start, end in list(pairwise(points))[::2]:
        day, begin = divmod(start, 1440)
        stop = begin + min(end - start, 1439)
        week.setdefault(WEEKDAYS[day], []).append(f"{_time(begin)}-{_time(stop if stop <= 1440 else stop - 1440)}")
    return week


@st.composite
def _random_week(draw: st.DrawFn) -> dict[str, list[str]]:
    points = draw(st.lists(st.tuples(st.integers(0, 6), MINUTES), min_size=2, max_size=30, unique=True))
    minutes = sorted(day * 1440 + minute for day, minute in points)
    touching = draw(st.sets(st.integers(1, 29), max_size=4))  # a point twice: one span ends where the next begins
    minutes = sorted(minutes + [minutes[place] for place in touching if place < len(minutes)])
    week = {day: [text for text in texts if text[:5] != text[6:]] for day, texts in _of_week(minutes).items()}
    return week if any(week.values()) else {"wed": ["22:00-06:00"]}


@st.composite
def _span(draw: st.DrawFn) -> str:
    start, end = draw(MINUTES), draw(MINUTES)
    return f"{_time(start)}-{_time(end)}" if start != end else "00:00-24:00"


def _day() -> st.SearchStrategy[dict[str, Any]]:
    base = st.one_of(
        st.just({"closed": True}),
        st.sampled_from(WEEKDAYS).map(lambda weekday: {"as": weekday}),
        st.lists(_span(), min_size=1, max_size=2).map(lambda spans: {"open": spans}),
        st.just({}),
    )
    windows = st.lists(_span(), max_size=2).map(lambda spans: {"without": spans} if spans else {})
    return st.builds(lambda one, other: one | other or {"closed": True}, base, windows)


def is_sound(body: dict[str, Any]) -> bool:
    try:
        Calendar.from_dict("random", body)
    except ValidationError:
        return False
    return True


@st.composite
def cases(draw: st.DrawFn) -> tuple[dict[str, Any], datetime]:
    """(body of a sound calendar, an instant near something)."""
    zone, year = draw(st.sampled_from(PLACES))
    changes = [instant(second * 1_000_000) for second in changes_in(ZoneInfo(zone), year)]
    moments = [datetime(year, 12, 31, 12, tzinfo=UTC), datetime(year, 6, 1, tzinfo=UTC), *changes]
    moment = draw(st.sampled_from(moments))
    week = draw(st.one_of(_random_week(), st.sampled_from([OFFICE, ALWAYS, NIGHTS])))
    body: dict[str, Any] = {"name": "random", "zone": zone, "week": week, "days": {}}
    for near, entry in draw(st.lists(st.tuples(st.integers(-4, 12), _day()), max_size=5)):
        days = body["days"] | {str(moment.date() + timedelta(days=near)): entry}
        if is_sound(body | {"days": days}):
            body["days"] = days
    return body, moment + draw(offsets())


def offsets() -> st.SearchStrategy[timedelta]:
    """Up to some days, often few seconds or on the hour, some not on a second."""
    seconds = st.one_of(
        st.integers(-5, 5), st.integers(-96, 96).map(lambda n: n * 1800), st.integers(-3 * 86_400, 3 * 86_400)
    )
    micros = st.one_of(st.just(0), st.integers(0, 999_999))
    return st.builds(lambda s, m: timedelta(seconds=s, microseconds=m), seconds, micros)


def spans() -> st.SearchStrategy[timedelta]:
    """Business time from nothing to some weeks."""
    seconds = st.one_of(
        st.integers(0, 3),
        st.integers(0, 96).map(lambda n: n * 900),
        st.integers(0, 86_400),
        st.integers(0, 10 * 86_400),
    )
    return st.builds(lambda s, m: timedelta(seconds=s, microseconds=m), seconds, st.sampled_from([0, 0, 1, 999_999]))


def dates() -> st.SearchStrategy[date]:
    return st.dates(date(1970, 1, 5), date(2200, 12, 20))
