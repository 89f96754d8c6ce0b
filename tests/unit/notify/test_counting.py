from datetime import UTC, datetime

from services.notify.domain.counting import Count, summed

HOUR = datetime(2026, 3, 2, 12, tzinfo=UTC)
REACHED = {"sms": "delivered", "email": "sent", "call": "delivered"}
COUNTS = [
    Count(number=3, channel="sms", state="delivered"),
    Count(number=2, channel="sms", state="sent"),
    Count(number=4, channel="email", state="sent"),
    Count(number=1, channel="email", state="expired"),
    Count(number=1, channel="email", state="failed"),
    Count(number=7, channel="email", state="held"),
]


def test_a_total_says_how_many_were_sent_succeeded_and_failed():
    (total,) = summed(COUNTS, (), REACHED)
    assert total == {
        "messages": 18,
        "sent": 9,
        "succeeded": 7,
        "failed": 2,
        "states": {"delivered": 3, "expired": 1, "failed": 1, "held": 7, "sent": 6},
    }


def test_there_is_a_row_for_every_combination_in_order():
    rows = summed([*COUNTS, Count(number=5, channel="call", state="failed")], ("channel",), REACHED)
    assert [(row["channel"], row["messages"], row["failed"]) for row in rows] == [
        ("call", 5, 5),
        ("email", 13, 2),
        ("sms", 5, 0),
    ]


def test_hours_and_kinds_are_counted_apart_where_asked():
    counts = [
        Count(number=n, channel="sms", state="sent", kind=kind, hour=HOUR.replace(hour=hour))
        for n, kind, hour in ((1, "care", 13), (2, "care", 12), (4, "work", 12))
    ]
    rows = summed(counts, ("hour", "kind"), REACHED)
    assert [(row["hour"].hour, row["kind"], row["messages"]) for row in rows] == [
        (12, "care", 2),
        (12, "work", 4),
        (13, "care", 1),
    ]


def test_nothing_is_a_total_of_nothing():
    assert summed([], (), REACHED) == [{"messages": 0, "sent": 0, "succeeded": 0, "failed": 0, "states": {}}]
    assert summed([], ("channel",), REACHED) == []
