"""The virtual clock: work goes through the rules of dispatch, and agents take their time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from datetime import timedelta
from typing import Any

import pytest

from deploy import declared
from deploy.simulation.alternatives import setting
from deploy.simulation.course import Pause, Stint
from deploy.simulation.duty import Duty
from deploy.simulation.engine import Engine
from deploy.simulation.live import Live
from deploy.simulation.loading import made_up
from deploy.simulation.measure import Measure
from deploy.simulation.samples import Samples
from deploy.simulation.synthetic import Synthetic
from services.dispatch.domain.work.order import Order
from services.dispatch.domain.work.record import record
from shared.events import Fact
from tests.unit.dispatch.builders import NINE, a_policy, after, an_agent
from tests.unit.simulation.builders import a_course, a_setting, duty_from, play

ONE_AT_A_TIME = [an_agent("a1", capacity=1)]


def a_stint(seconds: float = 600.0, **changes: object) -> dict[str, tuple[Stint, ...]]:
    return {"work": (Stint(**{"seconds": seconds, "accepted": 0.0, "responses": (0.0,), **changes}),)}


def test_work_waits_until_its_agent_is_done_with_what_came_before() -> None:
    engine = play([a_course(1), a_course(2, at=after(minutes=1))], a_setting(ONE_AT_A_TIME))

    assert list(engine.measure.waits["P3"]) == [0.0, 540.0]


def test_of_what_waits_the_most_urgent_is_given_out_first_and_then_the_oldest() -> None:
    later = ((2, "P4"), (3, "P1"), (4, "P4"))
    courses = [a_course(1), *(a_course(n, at=after(minutes=n), priority=p) for n, p in later)]

    engine = play(courses, a_setting(ONE_AT_A_TIME))

    assert list(engine.measure.waits["P1"]) == [420.0]
    assert list(engine.measure.waits["P4"]) == [1080.0, 1560.0]


def test_work_near_its_deadline_is_given_out_before_more_urgent_work() -> None:
    slow = a_course(1, handling=4 * 3600)
    near = a_course(2, at=after(seconds=1), priority="P3")  # its first response is near after 3.2 hours
    fresh = a_course(3, at=after(hours=3, minutes=59), priority="P2")

    engine = play([slow, near, fresh], a_setting(ONE_AT_A_TIME))

    assert engine.measure.waits["P3"][1] == 4 * 3600 - 1
    assert list(engine.measure.waits["P2"]) == [60.0 + 600.0]


def test_nobody_is_given_work_before_the_duty_begins() -> None:
    duty = duty_from((after(hours=2), after(hours=10)))

    engine = play([a_course()], a_setting(ONE_AT_A_TIME, lambda _: duty))

    assert list(engine.measure.waits["P3"]) == [7200.0]


def test_handling_goes_on_in_the_next_duty() -> None:
    duty = duty_from((NINE, after(minutes=5)), (after(hours=1), after(hours=9)))

    engine = play([a_course(handling=600.0)], a_setting(ONE_AT_A_TIME, lambda _: duty))

    assert engine.now == after(hours=1, minutes=5)
    assert engine.outcome.overtime_hours == 0.0


def test_what_is_nearly_done_is_finished_in_overtime() -> None:
    duty = duty_from((NINE, after(minutes=5)), (after(hours=9), after(hours=10)), finish=timedelta(minutes=30))

    engine = play([a_course(handling=600.0)], a_setting(ONE_AT_A_TIME, lambda _: duty))

    assert engine.outcome.overtime_hours == 300 / 3600


def test_a_hold_keeps_the_agent_and_stops_the_clock() -> None:
    pause = Pause(after=300.0, reason="waiting_for_customer", lasts=10 * 86400.0)
    course = a_course(stints=a_stint(pauses=(pause,)))

    engine = play([course, a_course(2, at=after(hours=1))], a_setting(ONE_AT_A_TIME))

    assert engine.outcome.attainment["P3", "resolution"].met == 1  # three days, of which ten minutes were used
    assert engine.measure.waits["P3"][1] == 10 * 86400 + 600 - 3600


def test_a_transfer_goes_to_the_other_team() -> None:
    stints = {"work": (Stint(seconds=60.0, accepted=0.0, to_team="desk"), Stint(seconds=60.0, accepted=0.0))}
    desk = an_agent("d1", teams=("desk",))

    engine = play([a_course(stints=stints)], a_setting([*ONE_AT_A_TIME, desk]))

    assert {one.agent_id: one.given for one in engine.outcome.people} == {"a1": 1, "d1": 1}
    assert engine.outcome.unfinished == 0


def test_reopened_work_is_handled_again_and_its_promise_is_judged_again() -> None:
    two = {"work": (Stint(seconds=60.0, accepted=0.0), Stint(seconds=60.0, accepted=0.0))}

    engine = play([a_course(stints=two, reopened=(3600.0,))], a_setting(ONE_AT_A_TIME))

    assert engine.outcome.attainment["P3", "resolution"].met == 2


def test_work_that_the_customer_takes_back_gives_its_agent_room() -> None:
    first = a_course(1, handling=36000.0, withdrawn=60.0)

    engine = play([first, a_course(2, at=after(seconds=1))], a_setting(ONE_AT_A_TIME))

    assert engine.measure.waits["P3"][1] == 59.0


def test_a_priority_that_somebody_gives_counts_from_then_on() -> None:
    engine = play([a_course(handling=3600.0, priorities=((60.0, "P1"),))], a_setting(ONE_AT_A_TIME))

    assert ("P1", "resolution") in engine.outcome.attainment


@pytest.mark.parametrize(("first", "then", "waited"), [("P3", "P1", 540.0), ("P1", "P3", 30.0)])
def test_work_weighs_with_its_agent_by_the_priority_that_it_has_by_now(first: str, then: str, waited: float) -> None:
    weights = {"units": [{"when": "priority == 'P1'", "units": 2}]}
    courses = [
        a_course(1, priority=first, handling=630.0, priorities=((60.0, then),)),
        a_course(2, at=after(seconds=30 if first == "P1" else 90)),
    ]

    engine = play(courses, a_setting([an_agent("a1", capacity=2)], assignment=weights))

    assert engine.measure.waits["P3"][-1] == waited
    assert engine.staff.workers["a1"].load == 0


def test_what_the_rules_escalate_moves_to_the_experts_by_itself() -> None:
    climbing = [{"clock": "resolution", "at": 1, "level": 1, "tell": ["team"], "move_to": "expert"}]
    expert = an_agent("e1", teams=("experts",), role="expert")
    slow = a_course(priority="P1", handling=5 * 3600.0)

    engine = play([slow], a_setting([*ONE_AT_A_TIME, expert], policies=[a_policy(escalations=climbing)]))

    assert {one.agent_id: one.given for one in engine.outcome.people} == {"a1": 1, "e1": 1}
    assert engine.now == after(hours=5)  # the expert does what was left


def test_an_offer_that_is_not_accepted_in_time_goes_to_the_next() -> None:
    stints = a_stint(accepted=3600.0, responses=())
    agents = [an_agent("a1"), an_agent("a2")]

    engine = play([a_course(stints=stints)], a_setting(agents, assignment={"accept_within": {"P3": "10m"}}))

    assert engine.outcome.counts["work_assigned"] == 2


def test_what_nobody_can_take_is_left_over_and_counted() -> None:
    engine = play([a_course(category="other")], a_setting(ONE_AT_A_TIME))

    assert engine.outcome.unfinished == 1
    assert engine.outcome.attainment["P3", "resolution"].missed == 1


def test_the_same_log_comes_out_the_same_every_time() -> None:
    courses = [a_course(n, at=after(minutes=n), handling=60.0 * (n % 7 + 1)) for n in range(1, 40)]
    agents = [an_agent("a1", capacity=1), an_agent("a2", capacity=1)]
    runs = [play(courses, a_setting(agents)) for _ in range(2)]

    assert runs[0].measure.waits == runs[1].measure.waits
    assert [one.given for one in runs[0].outcome.people] == [one.given for one in runs[1].outcome.people]


class Keeping(Engine):
    """Keeps how every work order ended; `whole`: as dispatch does it, with what each fact has changed."""

    def __init__(self, *given: Any, whole: bool) -> None:
        super().__init__(*given)
        self.ended: dict[str, dict[str, Any]] = {}
        self._whole = whole

    def over(self, live: Live) -> None:
        self.ended[live.order.order_no] = record(live.order)
        super().over(live)

    def settle(self, live: Live, order: Order, facts: Sequence[Fact]) -> None:
        assert all((fact.set is not None) is self._whole for fact in facts)
        super().settle(live, order, facts)


def test_work_played_without_a_history_ends_as_with_one(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Synthetic(count=300, per_hour=120, categories=("network", "other"), types=("fault", "enquiry"))
    setting = a_setting([an_agent("a1"), an_agent("a2"), an_agent("d1", teams=("desk",))])
    lean = Keeping(made.courses(), setting, Samples(), whole=False)
    lean.run()
    monkeypatch.setattr("deploy.simulation.engine.in_passing", nullcontext)

    whole = Keeping(made.courses(), setting, Samples(), whole=True)
    whole.run()

    assert len(whole.ended) == 300
    assert lean.ended == whole.ended


class Listening(Measure):
    """Keeps all that happens."""

    def facts(self, facts: Iterable[Fact]) -> None:
        self.counts.update(fact.type for fact in facts)


def test_a_work_order_goes_through_the_facts_of_dispatch() -> None:
    engine = Engine([a_course()], a_setting(ONE_AT_A_TIME), Samples())
    engine.measure = Listening()

    engine.run()

    assert list(engine.measure.counts.elements()) == [
        "work_opened",
        "work_assigned",
        "work_accepted",
        "work_responded",
        "work_resolved",
    ]


def test_an_agent_with_a_rota_of_no_days_is_never_given_work() -> None:
    engine = play([a_course()], a_setting(ONE_AT_A_TIME, lambda _: Duty([])))

    assert engine.outcome.unfinished == 1


def test_idle_is_the_duty_in_which_an_agent_has_nothing() -> None:
    duty = duty_from((NINE, after(hours=1)))
    courses = [a_course(1, handling=900.0), a_course(2, at=after(minutes=45), handling=900.0)]

    engine = play(courses, a_setting(ONE_AT_A_TIME, lambda _: duty))

    assert engine.outcome.idle_hours == 0.5


def test_made_up_work_goes_through_the_steps_of_the_shipped_flow_and_is_not_more_than_the_agents_can_do() -> None:
    body = declared.load(declared.CONFIG)[0]["dispatch"]
    made = Synthetic.fitting(200, body)
    loaded = made_up(made.courses(), body, made.count, made.per_hour)

    outcome = Engine(loaded.courses, setting(loaded.base, "shipped"), loaded.samples).run()

    assert (outcome.orders, outcome.unfinished, outcome.counts["work_assigned"]) == (200, 0, 800)
    assert outcome.attainment["P3", "first_response"].share == 1.0
