"""Where work waits that nobody at all can take."""

from dataclasses import replace

from services.dispatch import domain
from tests.unit.dispatch.builders import NINE, an_order, types


def test_held_work_keeps_no_alarm_from_others():
    order, _ = domain.hold(an_order(agent="a1"), NINE, "other")
    order, _ = domain.decline(order, NINE, reason="no")
    order, _ = domain.stranded(order, NINE, 1, "presence", known=False)

    assert (domain.strandings(order), domain.alarms(order)) == ([], [])
    assert domain.strandings(domain.resume(order, NINE)[0]) == ["it|presence"]
    assert domain.alarms(domain.resume(order, NINE)[0]) == ["it|presence"]


def test_what_waits_untold_stands_among_the_strandings_without_a_cause():
    assert domain.strandings(an_order(agent=None)) == ["it|"]


def test_only_who_alarmed_spares_others_the_alarm():
    order, _ = domain.stranded(an_order(agent=None), NINE, 1, "presence", known=True)

    assert (domain.strandings(order), domain.alarms(order)) == (["it|presence"], [])


def test_work_that_goes_live_is_told_of_anew_where_nobody_can_take_it():
    order = replace(an_order(agent=None), replay_until=NINE)
    order, _ = domain.stranded(order, NINE, 1, "presence", known=False)

    live, facts = domain.go_live(order, NINE)

    assert (domain.strandings(live), domain.alarms(live)) == (["it|"], [])
    assert types(facts) == ["work_went_live"]
