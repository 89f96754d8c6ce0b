from datetime import date, timedelta

import pytest

from services.dispatch.domain.people.absences import (
    MOST,
    add_duty,
    cancel_duty,
    cancel_leave,
    record_leave,
    swap_shifts,
)
from services.dispatch.errors import (
    DutyHasBegun,
    LeaveIsOver,
    NoRota,
    OnLeave,
    TooLittleRest,
    TooManyExceptions,
    TwoDuties,
)
from shared.errors import NotFound, ValidationError
from tests.unit.dispatch.people.builders import a_roster, a_rota, day, extra, leave, off, on_rota

NOW = day(1)
AFTER_MIDNIGHT = {"name": "Short", "from": "02:00", "to": "03:00"}


def on_leave(agent, since, until):
    return record_leave(agent, NOW, since=since, until=until, reason="ill")


def called_in(agent, roster, on, shift, at=NOW):
    return add_duty(agent, at, roster, day=date(2026, 3, on), shift=shift, reason="flu")


def swapped(roster, mine, day_of_mine, its, day_of_its, at=NOW):
    """(agent, other) after a swap."""
    both = swap_shifts((mine, date(2026, 3, day_of_mine)), (its, date(2026, 3, day_of_its)), at, roster, reason="exam")
    return tuple(agent for agent, _ in both)


def worked(roster, agent, since=2, until=10):
    """(day, shift) of its duties in these days of March."""
    return [(duty.since.day, duty.shift) for duty in roster.duties(agent, day(since), day(until))]


# leave


def test_a_leave_has_a_name_with_its_agent_by_which_it_is_cancelled():
    agent, (fact,) = on_leave(on_rota(version=6), day(2), day(4))

    assert [(each.id, each.kind, each.since, each.until) for each in agent.exceptions] == [
        ("leave-7", "leave", day(2), day(4))
    ]
    assert (fact.type, fact.data) == (
        "leave_recorded",
        {"leave": "leave-7", "since": day(2), "until": day(4), "reason": "ill"},
    )
    assert cancel_leave(agent, NOW, a_roster(), leave_id="leave-7", reason="well")[0].exceptions == ()


def test_a_leave_that_begins_when_another_ends_is_none_too_many():
    agent, _ = on_leave(on_rota(leave(day(2), day(4))), day(4), day(5))

    assert [each.since for each in agent.exceptions] == [day(2), day(4)]


@pytest.mark.parametrize(("since", "until"), [(day(1), day(2, 1)), (day(2, 5), day(2, 6)), (day(3, 23), day(9))])
def test_a_leave_within_another_is_refused(since, until):
    with pytest.raises(OnLeave):
        on_leave(on_rota(leave(day(2), day(4))), since, until)


def test_who_has_no_rota_may_go_on_leave():
    assert len(on_leave(on_rota(rota=None), day(2), day(4))[0].exceptions) == 1


def test_a_leave_under_way_ends_when_it_is_cancelled():
    agent, (fact,) = cancel_leave(
        on_rota(leave(day(2), day(4))), day(3), a_roster(), leave_id="leave-1", reason="well again"
    )

    assert [(each.since, each.until) for each in agent.exceptions] == [(day(2), day(3))]
    assert (fact.type, fact.data["leave"], fact.data["until"]) == ("leave_cancelled", "leave-1", day(4))


def test_a_leave_that_is_over_is_not_cancelled():
    with pytest.raises(LeaveIsOver):
        cancel_leave(on_rota(leave(day(2), day(4))), day(4), a_roster(), leave_id="leave-1", reason="x")


def test_only_a_leave_is_cancelled_as_one():
    with pytest.raises(NotFound):
        cancel_leave(on_rota(extra(day(9), day(9, 6))), NOW, a_roster(), leave_id="on-1", reason="x")


def test_a_leave_is_not_cancelled_once_other_duties_stand_where_its_own_were():
    agent, _ = called_in(on_rota(leave(day(2), day(2, 14))), a_roster(), 2, "late")
    roster = a_roster(rest="8h")

    with pytest.raises(TooLittleRest):
        cancel_leave(agent, NOW, roster, leave_id="leave-1", reason="x")


# an extra duty is taken back


def taken_back(agent, duty_id="on-1", at=NOW):
    return cancel_duty(agent, at, duty_id=duty_id, reason="well again")


def test_an_extra_duty_is_cancelled_by_the_name_that_it_has_with_its_agent():
    roster = a_roster()
    agent, (added,) = called_in(on_rota(version=6), roster, 9, "early")

    agent, (fact,) = taken_back(agent, added.data["duty"])

    assert (agent.exceptions, worked(roster, agent, 9, 10)) == ((), [])
    assert (fact.type, fact.data) == (
        "duty_cancelled",
        {"duty": "on-7", "shift": "early", "since": day(9, 6), "until": day(9, 14), "reason": "well again"},
    )


def test_an_extra_duty_under_way_ends_when_it_is_cancelled():
    agent, _ = taken_back(on_rota(extra(day(8, 6), day(8, 14), "early")), at=day(8, 10))

    assert [(each.since, each.until) for each in agent.exceptions] == [(day(8, 6), day(8, 10))]
    assert a_roster().duty_at(agent, day(8, 10)) is None


def test_an_extra_duty_that_is_over_is_not_cancelled():
    with pytest.raises(DutyHasBegun):
        taken_back(on_rota(extra(day(8, 6), day(8, 14), "early")), at=day(8, 14))


def test_what_is_no_extra_duty_is_not_cancelled_as_one():
    for name, agent in (("leave-1", on_rota(leave(day(2), day(4)))), ("on-1", on_rota())):
        with pytest.raises(NotFound):
            taken_back(agent, name)


def test_a_duty_that_a_swap_has_brought_is_not_cancelled():
    mine, _ = swapped(a_roster(), on_rota(), 2, on_rota(agent_id="a2", rota_offset=2), 3)

    with pytest.raises(NotFound):
        taken_back(mine)


def test_what_is_long_over_is_kept_in_the_history_only():
    agent, _ = on_leave(on_rota(leave(day(1) - timedelta(days=500), day(1) - timedelta(days=400))), day(2), day(4))

    assert [each.since for each in agent.exceptions] == [day(2)]


def test_an_agent_has_only_so_many_exceptions():
    many = [leave(day(5) + timedelta(days=number), day(6) + timedelta(days=number)) for number in range(MOST)]

    with pytest.raises(TooManyExceptions):
        on_leave(on_rota(*many), day(2), day(4))


# extra duties


def test_an_extra_duty_is_worked_on_a_day_of_rest():
    roster = a_roster(rest="8h")

    agent, (fact,) = called_in(on_rota(version=6), roster, 9, "early")

    assert worked(roster, agent, 8) == [(7, "night"), (9, "early")]
    assert (fact.type, fact.data) == (
        "duty_added",
        {"duty": "on-7", "shift": "early", "since": day(9, 6), "until": day(9, 14), "reason": "flu"},
    )


def test_an_extra_duty_that_overlaps_another_is_refused():
    with pytest.raises(TwoDuties) as refused:
        called_in(on_rota(), a_roster(), 2, "early")

    assert refused.value.details["duties"] == ["early of 2026-03-02", "early of 2026-03-02"]


def test_the_same_extra_duty_twice_is_refused():
    agent, _ = called_in(on_rota(), a_roster(), 9, "early")

    with pytest.raises(TwoDuties):
        called_in(agent, a_roster(), 9, "early")


@pytest.mark.parametrize(("on", "shift"), [(2, "late"), (4, "early"), (8, "early")])
def test_an_extra_duty_with_too_little_rest_before_or_after_it_is_refused(on, shift):
    with pytest.raises(TooLittleRest):
        called_in(on_rota(), a_roster(rest="8h"), on, shift)


def test_without_a_work_rule_duties_may_touch():
    roster = a_roster()

    agent, _ = called_in(on_rota(), roster, 2, "late")

    assert worked(roster, agent, 2, 3) == [(2, "early"), (2, "late")]


def test_rest_that_is_just_enough_is_enough():
    roster = a_roster(rest="16h")

    agent, _ = called_in(on_rota(), roster, 8, "night")

    assert worked(roster, agent, 8) == [(7, "night"), (8, "night")]


def test_an_extra_duty_during_leave_is_refused():
    with pytest.raises(OnLeave):
        called_in(on_rota(leave(day(9, 12), day(9, 13))), a_roster(), 9, "early")


def test_who_is_called_in_during_a_shift_has_the_rest_of_it_and_after_it_nobody_is():
    assert called_in(on_rota(), a_roster(), 9, "early", at=day(9, 13, 59))[0].exceptions

    with pytest.raises(DutyHasBegun):
        called_in(on_rota(), a_roster(), 9, "early", at=day(9, 14))


def test_an_extra_duty_needs_a_rota_and_a_shift_that_are_declared():
    for rota in (None, "gone"):
        with pytest.raises(NoRota):
            called_in(on_rota(rota=rota), a_roster(), 9, "early")
    with pytest.raises(NotFound):
        called_in(on_rota(), a_roster(), 9, "swing")


def test_an_extra_duty_in_the_hour_that_the_clock_skips_is_refused():
    rota = a_rota(["short", "rest"], zone="America/New_York", starts_on="2026-03-02")
    roster = a_roster(shifts={"short": AFTER_MIDNIGHT}, desk=rota)

    with pytest.raises(ValidationError) as refused:
        called_in(on_rota(rota_offset=1), roster, 8, "short")

    assert list(refused.value.fields) == ["date"]


def test_what_was_too_close_before_stands_in_nobodys_way():
    roster = a_roster(rest="8h")
    agent = on_rota(extra(day(2, 14), day(2, 22), "late"))

    agent, _ = called_in(agent, roster, 9, "early")

    assert len(agent.exceptions) == 2


# swaps


def test_after_a_swap_each_works_the_others_duty_and_not_its_own():
    roster = a_roster()

    one, other = swapped(roster, on_rota(), 4, on_rota(agent_id="a2", rota_offset=4), 8)

    assert worked(roster, one) == [(2, "early"), (3, "early"), (5, "late"), (6, "night"), (7, "night"), (8, "late")]
    assert worked(roster, other) == [(2, "night"), (3, "night"), (4, "late"), (6, "early"), (7, "early"), (9, "late")]


def test_two_swap_shifts_of_one_day():
    roster = a_roster()
    early, late = on_rota(), on_rota(agent_id="a2", rota_offset=2)

    one, other = swapped(roster, early, 2, late, 2)

    assert (worked(roster, one, 2, 3), worked(roster, other, 2, 3)) == ([(2, "late")], [(2, "early")])


def test_a_swap_is_told_of_both_with_what_each_gave_and_got():
    (_, (of_one,)), (_, (of_other,)) = swap_shifts(
        (on_rota(), date(2026, 3, 2)),
        (on_rota(agent_id="a2", rota_offset=2), date(2026, 3, 2)),
        NOW,
        a_roster(),
        reason="exam",
    )
    early = {"shift": "early", "since": day(2, 6), "until": day(2, 14)}
    late = {"shift": "late", "since": day(2, 14), "until": day(2, 22)}

    assert (of_one.type, of_one.data) == (
        "shifts_swapped",
        {"with": "a2", "gave": early, "got": late, "reason": "exam"},
    )
    assert of_other.data == {"with": "a1", "gave": late, "got": early, "reason": "exam"}


def test_swapping_back_leaves_nothing_behind():
    roster = a_roster()
    early, late = on_rota(), on_rota(agent_id="a2", rota_offset=2)

    one, other = swapped(roster, *swap_days(swapped(roster, early, 2, late, 2)))

    assert (one.exceptions, other.exceptions) == ((), ())


def swap_days(agents):
    return agents[0], 2, agents[1], 2


def test_a_duty_that_was_swapped_in_is_swapped_on():
    roster = a_roster()
    first, second, third = on_rota(), on_rota(agent_id="a2", rota_offset=2), on_rota(agent_id="a3", rota_offset=4)

    first, second = swapped(roster, first, 2, second, 2)
    first, third = swapped(roster, first, 2, third, 2)

    assert [worked(roster, each, 2, 3)[-1:] for each in (first, second, third)] == [
        [(2, "night")],
        [(2, "early")],
        [(2, "late")],
    ]


def test_a_swap_that_leaves_either_with_two_duties_at_once_is_refused():
    with pytest.raises(TwoDuties):
        swapped(a_roster(), on_rota(), 2, on_rota(agent_id="a2"), 3)


def test_a_swap_that_leaves_either_with_too_little_rest_is_refused():
    early, night = on_rota(), on_rota(agent_id="a2", rota_offset=4)

    with pytest.raises(TooLittleRest) as refused:
        swapped(a_roster(rest="8h"), early, 2, night, 2)

    assert refused.value.details["agent"] == "a1"


def test_a_duty_that_has_begun_is_not_swapped():
    with pytest.raises(DutyHasBegun):
        swapped(a_roster(), on_rota(), 2, on_rota(agent_id="a2", rota_offset=2), 2, at=day(2, 6))


def test_a_day_without_a_duty_or_with_two_has_none_to_swap():
    other = on_rota(agent_id="a2", rota_offset=2)

    for agent, on in (
        (on_rota(), 8),
        (on_rota(off(day(2, 6), day(2, 14))), 2),
        (on_rota(extra(day(2, 22), day(3, 1))), 2),
    ):
        with pytest.raises(NotFound):
            swapped(a_roster(), agent, on, other, 2)


def test_who_is_on_leave_neither_gives_nor_gets_a_duty():
    away, late = on_rota(leave(day(2, 12), day(2, 15))), on_rota(agent_id="a2", rota_offset=2)

    with pytest.raises(OnLeave):
        swapped(a_roster(), away, 2, late, 3)
    with pytest.raises(OnLeave):
        swapped(a_roster(), away, 3, late, 2)


def test_agents_of_rotas_in_other_zones_swap_the_hours_themselves():
    roster = a_roster(desk=a_rota(["early", "rest"]), far=a_rota(["early", "rest"], zone="Asia/Shanghai"))

    one, other = swapped(roster, on_rota(), 4, on_rota(agent_id="a2", rota="far"), 6)

    assert [duty.since for duty in roster.duties(one, day(3), day(7))] == [day(5, 22), day(6, 6)]
    assert [duty.since for duty in roster.duties(other, day(3, 12), day(7))] == [day(3, 22), day(4, 6)]
