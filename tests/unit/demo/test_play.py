from collections import Counter

import pytest

from deploy.demo import play as playing
from deploy.demo.plan import plan
from deploy.demo.play import Play, StackTrouble
from shared.errors import IllegalMove, NotFound, Unavailable, ValidationError
from tests.unit.demo.builders import a_row, an_incident

ROUTES = {"Category 1/Subcategory 2": "Group 70"}


class Desk:
    """Answers as the services would: every ticket gets work, assigned after `delay` looks."""

    def __init__(self, *, delay=0, refusals=None):
        self.delay = delay
        self.refusals = refusals or {}  # method -> errors to give, one per call
        self.calls = []
        self.looks = Counter()

    def call_many(self, requests, *, window):
        return [self.answer(request) for request in requests]

    def answer(self, request):
        if request.method == "get_work":
            return self.work(request.fields["ticket_no"])
        self.calls.append((request.method, request.fields.get("request_id")))
        if self.refusals.get(request.method):
            return self.refusals[request.method].pop(0)
        return {"ticket_no": "T-1", "order_no": "W-1", "customer_id": "C-1", "agent": "a", "state": "assigned"}

    def work(self, ticket_no):
        self.looks[ticket_no] += 1
        if self.looks[ticket_no] <= self.delay:
            return NotFound("work order", ticket_no)
        return {"order_no": "W-1", "agent": "a", "state": "assigned"}

    @property
    def methods(self):
        return [method for method, _ in self.calls]


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch):
    monkeypatch.setattr(playing, "POLL_SECONDS", 0)


def played(desk, *rows):
    planned = plan([an_incident(*(rows or (a_row("Active"), a_row("Resolved", 2))))], ROUTES)
    done = []
    play = Play(desk, done.append)
    play.save_customers(planned.callers)
    play.play(planned.steps)
    assert len(done) == len(planned.steps)
    return play


def test_every_step_is_one_call_in_the_order_of_the_log():
    desk = Desk()
    played(desk)
    assert desk.methods == ["save_customer", "submit_ticket", "complete_step", "accept", "respond", "resolve"]
    assert desk.calls[-1] == ("resolve", "INC0000001/2/resolve")


def test_work_is_only_touched_when_somebody_has_it():
    desk = Desk(delay=3)
    played(desk)
    assert desk.looks == {"T-1": 4}
    assert desk.methods[2:] == ["complete_step", "accept", "respond", "resolve"]


def test_what_the_rules_refuse_is_listed_with_its_reason_and_the_play_goes_on():
    desk = Desk(refusals={"respond": [IllegalMove("not now")]})
    refused = played(desk).refused
    assert [(r.step.method, r.code, r.reason) for r in refused] == [("respond", "IllegalMove", "not now")]
    assert desk.methods[-1] == "resolve"


def test_the_calls_of_a_refused_ticket_are_listed_with_it():
    desk = Desk(refusals={"submit_ticket": [ValidationError({"subject": ["Too long."]})]})
    refused = played(desk).refused
    assert [r.step.method for r in refused] == ["submit_ticket", "complete_step", "accept", "respond", "resolve"]
    assert desk.methods == ["save_customer", "submit_ticket"]


def test_a_call_that_did_not_get_through_is_repeated_with_the_same_request_id():
    desk = Desk(refusals={"accept": [Unavailable("later")]})
    assert played(desk).refused == []
    assert [call for call in desk.calls if call[0] == "accept"] == [("accept", "INC0000001/1/accept")] * 2


def test_a_call_that_never_gets_through_is_trouble_and_no_refusal():
    desk = Desk(refusals={"accept": [Unavailable("later")] * 3})
    with pytest.raises(StackTrouble, match="INC0000001/1/accept: later"):
        played(desk)


def test_work_that_nobody_gets_is_trouble(monkeypatch):
    monkeypatch.setattr(playing, "PATIENCE_SECONDS", 0)
    with pytest.raises(StackTrouble, match="nobody has the work"):
        played(Desk(delay=10))
