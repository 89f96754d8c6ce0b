from datetime import UTC, datetime
from random import Random

from deploy.demo.lanes import Queue
from deploy.demo.log import read
from deploy.demo.plan import plan
from deploy.demo.reference import routes
from deploy.demo.telling import Step


def a_step(name, *lanes):
    return Step(incident=name, row=0, method="accept", at=datetime(2016, 3, 1, tzinfo=UTC), lanes=frozenset(lanes))


def test_steps_of_one_lane_go_one_after_the_other():
    first, second = a_step("a", "team"), a_step("b", "team")
    queue = Queue([first, second])
    assert queue.take(9) == [first]
    assert queue.take(9) == []
    queue.release(first)
    assert queue.take(9) == [second]
    assert not queue


def test_a_step_overtakes_only_what_it_has_nothing_to_do_with():
    one, both, other, third = a_step("a", "x"), a_step("b", "x", "y"), a_step("c", "y"), a_step("d", "z")
    queue = Queue([one, both, other, third])
    assert queue.take(9) == [one, third]
    queue.release(third)
    assert queue.take(9) == []
    queue.release(one)
    assert queue.take(9) == [both]


def test_no_more_go_out_than_asked_for():
    queue = Queue([a_step(str(n), str(n)) for n in range(5)])
    assert [len(queue.take(2)) for _ in range(3)] == [2, 2, 1]


def test_whatever_the_answers_order_every_lane_is_played_in_the_order_of_the_log():
    incidents = read()
    steps = plan(incidents, routes(incidents)).steps
    queue, chance, out, played = Queue(steps), Random(1), [], []
    while queue or out:
        turn = queue.take(40)
        played += turn
        out += turn
        chance.shuffle(out)
        for _ in range(min(len(out), chance.randint(1, 40))):
            queue.release(out.pop())
    assert len(played) == len(steps)
    for lane in ("Group 70", "Group 56", "INC0000137"):
        assert [step for step in played if lane in step.lanes] == [step for step in steps if lane in step.lanes]
