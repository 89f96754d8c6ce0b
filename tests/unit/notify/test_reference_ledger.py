from datetime import timedelta

import pytest

from services.notify.domain.limits import Limits
from services.notify.reference.ledger import limits_of
from services.notify.store import build
from shared.errors import ValidationError
from tests.unit.notify.builders import the_config


def test_what_the_shipped_data_say_is_what_holds_without_them():
    shipped = build(the_config(), 1).limits
    without = {name: value for name, value in the_config().items() if name not in ("unknown_after", "calls", "reached")}
    assert shipped == build(without, 1).limits == Limits()


def test_what_is_named_is_another_and_the_rest_stays():
    limits = limits_of({"unknown_after": {"urgent": "90m"}, "reached": {"sms": "delivered"}, "calls": {"attempts": 5}})
    assert limits.after == {**Limits().after, "urgent": timedelta(minutes=90)}
    assert limits.reached == {"sms": "delivered", "email": "sent", "call": "delivered"}
    assert (limits.call_attempts, limits.call_lease) == (5, timedelta(minutes=15))


@pytest.mark.parametrize(
    ("key", "value", "place"),
    [
        ("unknown_after", {"urgent": "soon"}, "unknown_after.urgent.value"),
        ("unknown_limit", {"slow": "4h"}, "unknown_limit.slow.key"),
        ("reached", {"call": "sent"}, "reached.call.key"),
        ("reached", {"sms": "read"}, "reached.sms.value"),
        ("calls", {"attempts": 0}, "calls.attempts"),
        ("calls", {"lease": "1s"}, "calls.lease"),
    ],
)
def test_what_makes_no_sense_is_refused_by_its_place(key, value, place):
    with pytest.raises(ValidationError) as refused:
        build({**the_config(), key: value}, 1)
    assert list(refused.value.fields) == [place]
