"""Business time: working hours as tables of openings, and exact arithmetic on them. Pure; no clock, no I/O.

A calendar is declared as a JSON-shaped mapping (docs/calendars.md has every rule):

    name: 办公时间 Office hours   # required, up to 200 characters on one line
    zone: Asia/Shanghai           # required, an IANA name
    working_day: 8h               # optional, over 0 and up to 24h: what `1wd` counts as
    horizon: 2027-01-01           # optional: the first local day for which holidays are not known yet
    week:                         # weekday (mon tue wed thu fri sat sun) -> spans; a missing or empty one is closed
      mon: ["08:30-12:00", "13:30-18:00"]
      fri: ["22:00-06:00"]        # past midnight: belongs to the day on which it begins
      sun: ["00:00-24:00"]        # all day
    days:                         # single local dates, as text or as dates
      2026-10-01: {closed: true, name: 国庆节}
      2026-10-10: {as: fri, name: 调休}
      2026-10-11: {open: ["09:00-12:00"]}
      2026-12-24: {without: ["14:00-24:00"]}

A single day has at most one of `closed: true`, `as` and `open`, may have `without` besides, and a `name`; it must say
something. The calendar must open at some time, with a horizon also at or after that.

Instants are aware datetimes (any zone) from 1970 to the end of 2200 (UTC); answers are aware UTC datetimes. Spans of
business time are whole seconds (int) or timedeltas, never floats. Whatever does not fit raises
`shared.errors.ValidationError` naming the argument (`start`, `end`, `at`, `seconds`) or the dotted path in the body
(`days.2026-10-11.open.0`), every fault at once.

    Calendar.from_dict(code, body, version=0) -> Calendar       frozen, equal and hashed by content
      .code .version .name .zone .working_day (timedelta | None) .horizon (date | None)
    due(calendar, start, seconds) -> datetime
    elapsed(calendar, start, end) -> timedelta
    is_open(calendar, at) -> bool
    next_open(calendar, at) -> datetime | None                  `at` itself if open; None: never again before 2201
    next_close(calendar, at) -> datetime | None                 the first closing after `at`; None: none before 2201
    intervals(calendar, start, end) -> Iterator[(from, to, open)]   covers [start, end), open and closed by turns
    horizon_of(calendar) -> datetime | None                     local midnight of the horizon
    is_provisional(calendar, at) -> bool                        at or after the horizon
    day_name(calendar, at) -> str | None                        the name declared for the local day of `at`
    extends(new, old) -> bool                                   only the horizon moved; nothing before it changed
    duration(text, working_day) -> timedelta                    "90s", "15m", "1h 30m", "3d", "2wd"; ValueError
"""

from shared.business_time.arithmetic import due, elapsed, intervals, is_open, next_close, next_open
from shared.business_time.calendar import Calendar
from shared.business_time.horizon import day_name, extends, horizon_of, is_provisional
from shared.business_time.spans import duration

__all__ = [
    "Calendar",
    "day_name",
    "due",
    "duration",
    "elapsed",
    "extends",
    "horizon_of",
    "intervals",
    "is_open",
    "is_provisional",
    "next_close",
    "next_open",
]
