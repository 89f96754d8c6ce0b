"""The roster against a slow reading of the same rule, minute by minute, around changes of the clock."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from services.dispatch.domain.people.roster import Roster
from services.dispatch.domain.people.shifts import Rota, Shift
from tests.unit.dispatch.people.builders import extra, leave, off, on_rota

MINUTE = timedelta(minutes=1)
#: Zone and the UTC day around which its clock changes: by an hour, half an hour, at midnight, by a whole day.
CHANGES = [
    ("America/New_York", date(2026, 3, 8)),
    ("America/New_York", date(2026, 11, 1)),
    ("Europe/London", date(2026, 10, 25)),
    ("Australia/Lord_Howe", date(2026, 4, 4)),
    ("Australia/Lord_Howe", date(2026, 10, 3)),
    ("America/Sao_Paulo", date(2018, 11, 4)),
    ("America/Sao_Paulo", date(2018, 2, 18)),
    ("Pacific/Apia", date(2011, 12, 30)),
    ("Asia/Shanghai", date(2026, 3, 8)),
]


@st.composite
def shifts(draw):
    start, length = draw(st.integers(0, 1439)), draw(st.integers(1, 1440))
    begin, end = sorted((draw(st.integers(0, length)), draw(st.integers(0, length))))
    return Shift("s", "S", start, start + length, ((start + begin, start + end),) if begin < end else ())


@st.composite
def rosters(draw):
    zone, change = draw(st.sampled_from(CHANGES))
    starts_on = change - timedelta(days=draw(st.integers(0, 3)))
    pattern = draw(st.lists(st.one_of(st.none(), shifts()), min_size=1, max_size=4))
    return Rota("desk", "Desk", zone, starts_on, tuple(pattern)), draw(st.integers(0, 3)), change


def walls(zone, since, until):
    """(instant, the latest wall time that the clock has shown by then), minute by minute."""
    shown, at, latest = ZoneInfo(zone), since - timedelta(days=2), datetime.min
    while at < until:
        latest = max(latest, at.astimezone(shown).replace(tzinfo=None))
        if at >= since:
            yield at, latest
        at += MINUTE


def slow(rota, offset, since, until):
    """Minute -> (days of the duties that hold it, whether in a break): a span is from when the clock has come to its
    beginning until when it has come to its end."""
    found = {}
    for at, wall in walls(rota.zone, since, until):
        days = [wall.date() - timedelta(days=back) for back in (2, 1, 0)]
        held, pausing = [], False
        for each in (day for day in days if day >= rota.starts_on):
            shift = rota.pattern[((each - rota.starts_on).days + offset) % len(rota.pattern)]
            minutes = (wall - datetime.combine(each, datetime.min.time())) / MINUTE
            if shift and shift.start <= minutes < shift.end:
                held.append(each)
                pausing |= any(begin <= minutes < end for begin, end in shift.breaks)
        found[at] = held, pausing
    return found


def around(change):
    noon = datetime(change.year, change.month, change.day, 12, tzinfo=UTC)
    return noon - timedelta(days=1), noon + timedelta(days=1)


@given(rosters())
def test_duties_and_breaks_are_those_of_a_clock_that_is_watched_minute_by_minute(case):
    rota, offset, change = case
    since, until = around(change)
    duties = Roster({}, {"desk": rota}).duties(on_rota(rota_offset=offset), since, until)

    for at, (days, pausing) in slow(rota, offset, since, until).items():
        holding = [duty for duty in duties if duty.holds(at)]
        assert sorted(duty.day for duty in holding) == days
        assert any(duty.break_at(at) for duty in holding) == pausing


@given(rosters(), st.integers(-1440, 1440), st.integers(1, 2000), st.booleans())
def test_leave_and_days_off_take_away_exactly_what_lies_in_them(case, begin, length, whole_day):
    rota, offset, change = case
    since, until = around(change)
    gone = since + timedelta(days=1) + begin * MINUTE
    exception = off(gone, gone + length * MINUTE) if whole_day else leave(gone, gone + length * MINUTE)
    day_off = gone.astimezone(ZoneInfo(rota.zone)).date()
    duties = Roster({}, {"desk": rota}).duties(on_rota(exception, rota_offset=offset), since, until)

    for at, (days, _) in slow(rota, offset, since, until).items():
        left = [day for day in days if day != day_off] if whole_day else days
        expected = left if whole_day or not exception.since <= at < exception.until else []
        assert sorted(duty.day for duty in duties if duty.holds(at)) == expected


@st.composite
def exceptions(draw, around_noon):
    since = around_noon + draw(st.integers(-4320, 4320)) * MINUTE
    until = since + draw(st.integers(1, 3000)) * MINUTE
    return draw(st.sampled_from((leave, off, extra)))(since, until)


@given(rosters(), st.lists(st.integers(-2880, 2880), min_size=1, max_size=20), st.data())
def test_the_duty_at_an_instant_is_the_one_of_the_period_in_whatever_order_one_asks(case, minutes, data):
    rota, offset, change = case
    noon = around(change)[0] + timedelta(days=1)
    differing = data.draw(st.lists(exceptions(noon), max_size=2))
    roster, agent = Roster({}, {"desk": rota}), on_rota(*differing, rota_offset=offset)

    for at in (noon + minute * MINUTE for minute in minutes):
        period = roster.duties(agent, at - timedelta(days=2), at + timedelta(days=2))
        holding = [duty for duty in period if duty.holds(at)]
        assert roster.duty_at(agent, at) == (holding[0] if holding else None)
