"""Where work waits that nobody at all can take."""

from services.dispatch import domain
from tests.unit.dispatch.builders import NINE, an_order


def test_held_work_keeps_no_alarm_from_others():
    order, _ = domain.hold(an_order(agent="a1"), NINE, "other")
    order, _ = domain.decline(order, NINE, reason="no")
    order, _ = domain.stranded(order, NINE, 1, "presence", alarmed=False)

    assert domain.strandings(order) == []
    assert domain.strandings(domain.resume(order, NINE)[0]) == ["it|presence"]
