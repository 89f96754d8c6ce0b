"""Whether a message goes, waits, or is not sent."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.domain.holding import GO, Case, Decision, DigestPolicy, Kind, decide, window_end
from services.notify.domain.preferences import NO_WISHES, Preferences, Wishes
from services.notify.domain.quiet_hours import QuietHours

SHANGHAI = ZoneInfo("Asia/Shanghai")
DAY = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)  # noon in Shanghai
NIGHT = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)  # 23:00 there
MORNING = datetime(2026, 3, 3, 0, 0, tzinfo=UTC)  # 08:00
MIDNIGHT = datetime(2026, 3, 2, 16, 0, tzinfo=UTC)
DIGESTS = DigestPolicy(20, timedelta(minutes=10), timedelta(minutes=10))


def a_kind(**given):
    return Kind("progress", **given)


def a_case(**given):
    known = {
        "kind": a_kind(),
        "recipient": "customer:c-7",
        "channel": "sms",
        "urgency": "normal",
        "expires_at": NIGHT + timedelta(days=3),
        "zone": SHANGHAI,
        "quiet_hours": QuietHours.parse("22:00", "08:00"),
        "wishes": NO_WISHES,
        "burst": lambda policy: False,
        "room": lambda day, limit: True,
    }
    return Case(**{**known, **given})


def wishing(**said):
    return Wishes(Preferences(recipient="customer:c-7", **said))


def test_by_day_it_goes():
    assert decide(a_case(), DAY) == GO


def test_at_night_it_waits_for_the_morning():
    assert decide(a_case(), NIGHT) == Decision("held", "quiet_hours", MORNING)


@pytest.mark.parametrize(
    "otherwise",
    [
        {"urgency": "urgent"},
        {"kind": a_kind(quiet=False)},
        {"recipient": "agent:a-1"},
        {"recipient": "list:mayors/north"},
        {"quiet_hours": None},
        {"zone": ZoneInfo("America/New_York")},
        {"wishes": wishing(quiet_hours=QuietHours.parse("00:00", "00:00"))},
        {"wishes": wishing(quiet_hours=QuietHours.parse("12:00", "14:00"))},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_at_night_it_goes_where_that_disturbs_nobody_or_has_to_be(otherwise):
    assert decide(a_case(**otherwise), NIGHT) == GO


def test_the_recipients_own_quiet_hours_win():
    wishes = wishing(quiet_hours=QuietHours.parse("11:00", "13:00"))
    assert decide(a_case(wishes=wishes), DAY) == Decision("held", "quiet_hours", DAY + timedelta(hours=1))


def test_what_a_paused_broadcast_tells_waits_as_long_as_it_is_worth_telling():
    assert decide(a_case(paused=True), DAY) == Decision("held", "paused", NIGHT + timedelta(days=3))


def test_what_is_obsolete_or_too_late_does_not_wait_for_its_broadcast_to_go_on():
    assert decide(a_case(paused=True, obsolete="superseded"), DAY).state == "cancelled"
    assert decide(a_case(paused=True, expires_at=DAY), DAY).state == "expired"


def test_an_unknown_address_has_quiet_hours_too():
    assert decide(a_case(recipient="address:+441164960403"), NIGHT).state == "held"


def test_what_ceases_to_be_worth_sending_at_night_is_looked_at_then():
    expires_at = NIGHT + timedelta(hours=1)
    assert decide(a_case(expires_at=expires_at), NIGHT) == Decision("held", "quiet_hours", expires_at)
    assert decide(a_case(expires_at=expires_at), expires_at).state == "expired"


def test_what_is_obsolete_or_not_wanted_is_cancelled_with_the_reason_even_at_night():
    assert decide(a_case(obsolete="work_resolved"), NIGHT) == Decision("cancelled", "obsolete: work_resolved")
    assert decide(a_case(refused="opted_out"), NIGHT) == Decision("cancelled", "opted_out")


def test_beyond_the_days_number_it_waits_for_the_recipients_next_day():
    case = a_case(kind=a_kind(per_day=2, quiet=False), room=lambda day, limit: False)
    assert decide(case, DAY) == Decision("held", "per_day", MIDNIGHT)


def test_the_place_is_one_of_the_recipients_day_and_of_the_smaller_number():
    asked = []
    case = a_case(
        kind=a_kind(per_day=5, quiet=False),
        wishes=wishing(per_day={"progress": 2}),
        room=lambda day, limit: asked.append((day, limit)) or True,
    )
    assert decide(case, datetime(2026, 3, 2, 20, 0, tzinfo=UTC)) == GO
    assert asked == [("2026-03-03", 2)]


def test_no_place_is_taken_by_what_waits_for_something_else():
    def never(day, limit):
        raise AssertionError("nobody should ask")

    kind = a_kind(per_day=1, digest=DIGESTS)
    assert decide(a_case(kind=kind, room=never), NIGHT).reason == "quiet_hours"
    assert decide(a_case(kind=kind, room=never, burst=lambda policy: True), DAY).reason == "digest"
    assert decide(a_case(kind=kind, room=never, refused="opted_out"), DAY).state == "cancelled"


def test_a_burst_waits_for_the_end_of_the_period():
    case = a_case(kind=a_kind(digest=DIGESTS), burst=lambda policy: policy == DIGESTS)
    assert decide(case, DAY + timedelta(minutes=3)) == Decision("held", "digest", DAY + timedelta(minutes=10))


@pytest.mark.parametrize(
    "otherwise",
    [
        {"kind": a_kind()},
        {"kind": a_kind(digest=DigestPolicy(20, DIGESTS.within, DIGESTS.every, frozenset({"normal"})))},
        {"channel": "call"},
        {"expires_at": DAY + timedelta(minutes=10)},
        {"burst": lambda policy: False},
    ],
    ids=["no digests", "spared urgency", "a task to call", "worthless by then", "no burst"],
)
def test_what_is_for_no_digest_goes(otherwise):
    case = a_case(**{"kind": a_kind(digest=DIGESTS), "burst": lambda policy: True, **otherwise})
    assert decide(case, DAY) == GO


def test_periods_are_the_same_for_everybody():
    ends = {window_end(DIGESTS, DAY + timedelta(seconds=n)) for n in range(600)}
    assert ends == {DAY + timedelta(minutes=10)}
    assert window_end(DIGESTS, DAY + timedelta(minutes=10)) == DAY + timedelta(minutes=20)


@given(
    st.integers(0, 48 * 60).map(lambda n: DAY + timedelta(minutes=n)),
    st.sampled_from(["urgent", "normal", "bulk"]),
    st.integers(1, 72).map(lambda n: DAY + timedelta(hours=n)),
    st.booleans(),
    st.booleans(),
)
def test_looked_at_again_whenever_it_says_every_message_comes_to_an_end(now, urgency, expires_at, burst, room):
    """Held over and over, it goes by day or expires: never for ever, and never in quiet hours but urgent."""
    case = a_case(
        kind=a_kind(per_day=1, digest=DIGESTS),
        urgency=urgency,
        expires_at=expires_at,
        burst=lambda policy: burst,
        room=lambda day, limit: room,
    )
    for _ in range(1_000):
        decision = decide(case, now)
        if decision.state != "held":
            break
        assert now < decision.until <= expires_at
        now = decision.until
    assert decision.state in ("handed_over", "expired")
    if decision == GO and urgency != "urgent":
        assert 8 <= now.astimezone(SHANGHAI).hour < 22
