"""Feedback on the real broker and database; dispatch is feigned: its events may come late, twice and shuffled."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest

from deploy.catalogue import subscriptions
from services.feedback.tokens import token_hash
from shared.client import Client, Request
from shared.clock import SystemClock, from_text, to_text
from shared.errors import Conflict, Forbidden, IllegalMove, NotFound, ValidationError
from shared.events import Event
from tests.interface.feigned import Ear, Feigned, on_the_bus
from tests.support import eventually

LONG_AGO = datetime(2016, 2, 29, 8, 0, tzinfo=UTC)
SURVEY = timedelta(days=5)


@pytest.fixture(scope="module")
def bus(stack: Any) -> Iterator[tuple[Feigned, Ear]]:
    with on_the_bus(stack.admin_amqp_uri, "feedback", subscriptions("feedback")) as both:
        yield both


@pytest.fixture(scope="module")
def customer_id(desk: Client) -> str:
    """Somebody whom notify can write to."""
    saved = desk.command("intake", "save_customer", name="A customer", language="en", email="customer@example.com")
    return str(saved["customer_id"])


@pytest.fixture
def dispatch(bus: tuple[Feigned, Ear], customer_id: str) -> Dispatch:
    return Dispatch(bus[0], customer_id)


@pytest.fixture
def ear(bus: tuple[Feigned, Ear]) -> Ear:
    return bus[1]


@pytest.fixture(scope="module")
def desk(stack: Any) -> Client:
    """A system that may submit and read."""
    return stack.client("callcentre")


@pytest.fixture(scope="module")
def operator(stack: Any) -> Client:
    return stack.client("operator")


class Order:
    """A work order at a dispatch that is not there: makes its events, numbered as they are made."""

    def __init__(self, begun: datetime, *, live: bool = True, **data: Any) -> None:
        self.order_no = f"W-{uuid4().hex[:12]}"
        self._at, self._number, self._round, self._live = begun, 0, 0, live
        self._data = {"type": "fault", "category": "network", "priority": "P2", "team": "network", **data}

    def opened(self) -> Event:
        due = {"first_response_due": self._at, "resolution_due": self._at}
        return self._event("work_opened", opened_at=self._at, **due)

    def responded(self, met: bool = True) -> Event:
        return self._event("work_responded", responded_at=self._at, due=self._at, met=met)

    def missed(self, clock: str, visit: int | None = None) -> Event:
        part = {"part": "on_site", "visit": visit, "part_name": {"en": "On site"}} if visit else {}
        return self._event("deadline_missed", clock=clock, **part, due=self._at)

    def step_completed(self, visit: int, met: bool | None) -> Event:
        return self._event("step_completed", step="on_site", visit=visit, due=self._at, met=met)

    def prioritised(self, priority: str) -> Event:
        before, self._data["priority"] = self._data["priority"], priority
        return self._event("work_prioritised", **{"from": before, "to": priority}, reason="-", by="actor")

    def transferred(self, team: str) -> Event:
        from_team, self._data["team"] = self._data["team"], team
        return self._event("work_transferred", from_team=from_team)

    def resolved(self, met: bool = True) -> Event:
        return self._event("work_resolved", resolved_at=self._at, due=self._at, met=met, solution="-", language="en")

    def reopened(self) -> Event:
        self._round += 1
        return self._event("work_reopened", reason="still broken", cause="customer")

    def withdrawn(self) -> Event:
        return self._event("work_withdrawn", reason="no longer wanted")

    def closed(self, outcome: str) -> Event:
        return self._event("work_closed", closed_at=self._at, outcome=outcome)

    def went_live(self) -> Event:
        self._live = True
        return self._event("work_went_live")

    def _event(self, event_type: str, **data: Any) -> Event:
        self._number += 1
        self._at += timedelta(milliseconds=1)
        shared = {"order_no": self.order_no, "ticket_no": f"T-{self.order_no}", "agent": None}
        return Event(
            id=f"dispatch_orders/{self.order_no}/{self._number}",
            type=event_type,
            source="dispatch",
            aggregate_id=self.order_no,
            aggregate_version=self._number,
            number=self._number,
            at=self._at,
            recorded_at=self._at,
            data={**shared, **self._data, "round": self._round, **data},
            replay_until=None if self._live else self._at,
        )


@dataclass(frozen=True)
class Dispatch:
    """Tells feedback of work that dispatch does not have."""

    bus: Feigned
    customer_id: str

    def order(self, begun: datetime, **data: Any) -> Order:
        return Order(begun, customer_id=self.customer_id, **data)

    def tell(self, *events: Event) -> None:
        self.bus.tell(*events)


def now() -> datetime:
    return SystemClock().now()


def case_of(desk: Client, order: Order, state: str | None = None) -> dict[str, Any]:
    """The newest case of the order, once it is there, and in this state."""

    def found() -> dict[str, Any] | None:
        try:
            case: dict[str, Any] = desk.call("feedback", "get_case", order_no=order.order_no)["cases"][-1]
        except NotFound:
            return None
        return case if state in (None, case["state"]) else None

    return eventually(found)


def told(ear: Ear, event_type: str, order: Order) -> Event:
    (event,) = eventually(lambda: ear.heard(event_type, order_no=order.order_no))
    return event


def surveyed(dispatch: Dispatch, ear: Ear, begun: datetime | None = None) -> tuple[Order, str]:
    """An order that was resolved, and the token of its survey."""
    order = dispatch.order(begun or now())
    dispatch.tell(order.opened(), order.resolved())
    return order, told(ear, "survey_due", order).data["token"]


def answer(desk: Client, token: str, score: Any, comment: str | None = None, request_id: str | None = None) -> Any:
    request_id = request_id or uuid4().hex
    return desk.call("feedback", "answer_survey", request_id=request_id, token=token, score=score, comment=comment)


# surveys


def test_a_resolution_sends_a_survey_and_only_its_event_tells_the_token(dispatch: Dispatch, ear: Ear, desk: Client):
    order, token = surveyed(dispatch, ear)
    case = case_of(desk, order)
    due = told(ear, "survey_due", order)
    assert (case["case_no"], case["state"], case["round"]) == (f"{order.order_no}/0", "open", 0)
    assert due.data["expires_at"] == case["expires_at"] == to_text(from_text(case["resolved_at"]) + SURVEY)
    assert [entry["type"] for entry in case["history"]] == ["survey_due"]
    assert token not in str(case)


def test_a_good_answer_closes_the_loop(dispatch: Dispatch, ear: Ear, desk: Client):
    order, token = surveyed(dispatch, ear)
    assert answer(desk, token, 4, "很好，谢谢 🙏")["state"] == "satisfied"
    case = case_of(desk, order, "satisfied")
    assert (case["score"], case["comment"]) == (4, "很好，谢谢 🙏")
    assert [entry["type"] for entry in case["history"]] == ["survey_due", "survey_answered", "case_closed"]
    closed = told(ear, "case_closed", order)
    assert (closed.data["outcome"], closed.data["closed_at"]) == ("satisfied", case["closed_at"])


def test_a_bad_answer_asks_dispatch_to_reopen(dispatch: Dispatch, ear: Ear, desk: Client):
    order, token = surveyed(dispatch, ear)
    assert answer(desk, token, 2, "still broken")["state"] == "dissatisfied"
    complaint = told(ear, "case_dissatisfied", order)
    assert (complaint.data["score"], complaint.data["comment"], complaint.data["round"]) == (2, "still broken", 0)
    assert ear.heard("case_closed", order_no=order.order_no) == []


def test_the_same_request_gets_the_same_answer_and_a_second_answer_is_refused(
    dispatch: Dispatch, ear: Ear, desk: Client
):
    order, token = surveyed(dispatch, ear)
    request_id = uuid4().hex
    first = answer(desk, token, 5, request_id=request_id)
    assert answer(desk, token, 5, request_id=request_id) == first
    with pytest.raises(Conflict):
        answer(desk, token, 1, request_id=request_id)
    with pytest.raises(IllegalMove, match="over: satisfied"):
        answer(desk, token, 5)
    assert len(case_of(desk, order)["history"]) == 3


def test_of_many_answers_at_once_one_counts(dispatch: Dispatch, ear: Ear, desk: Client):
    order, token = surveyed(dispatch, ear)
    request = partial(Request.command, "feedback", "answer_survey", token=token)
    calls = desk.call_many([request(score=1 + n % 5) for n in range(20)])
    taken = [outcome for outcome in calls if not isinstance(outcome, Exception)]
    assert len(taken) == 1
    assert case_of(desk, order)["score"] == taken[0]["score"]


def test_a_token_that_nobody_has_got_opens_nothing(desk: Client):
    with pytest.raises(NotFound) as refusal:
        answer(desk, "A" * 24, 5)
    assert "AAAA" not in str(refusal.value.details)


def test_a_bad_answer_to_a_survey_is_refused_with_its_field_named(dispatch: Dispatch, ear: Ear, desk: Client):
    order, token = surveyed(dispatch, ear)
    for score in (0, 6, "5", 4.5, True, None, {"$gt": 0}):
        with pytest.raises(ValidationError) as refusal:
            answer(desk, token, score)
        assert set(refusal.value.fields) == {"score"}
    assert case_of(desk, order)["state"] == "open"


def test_only_an_account_that_may_submit_answers_surveys(operator: Client):
    with pytest.raises(Forbidden):
        answer(operator, "A" * 24, 5)


# time


def test_a_survey_without_answer_closes_at_the_instant_it_ran_out(dispatch: Dispatch, ear: Ear, desk: Client):
    order, token = surveyed(dispatch, ear, begun=LONG_AGO)
    case = case_of(desk, order, "expired")
    closed = told(ear, "case_closed", order)
    due = from_text(case["resolved_at"]) + SURVEY
    assert closed.data["outcome"] == "no_answer"
    assert (closed.at, closed.data["closed_at"], case["closed_at"]) == (due, to_text(due), to_text(due))
    with pytest.raises(IllegalMove, match="over: expired"):
        answer(desk, token, 5)


def test_a_case_in_replay_waits_until_it_goes_live(dispatch: Dispatch, ear: Ear, desk: Client):
    replayed = dispatch.order(LONG_AGO, live=False)
    dispatch.tell(replayed.opened(), replayed.resolved())
    assert case_of(desk, replayed)["replay_until"] is not None
    live, _ = surveyed(dispatch, ear, begun=LONG_AGO)
    case_of(desk, live, "expired")  # the timers have run since
    assert case_of(desk, replayed)["state"] == "open"
    dispatch.tell(replayed.went_live())
    case = case_of(desk, replayed, "expired")
    assert from_text(case["closed_at"]) == from_text(case["resolved_at"]) + SURVEY


def test_the_end_of_a_replay_may_be_heard_before_the_resolution(dispatch: Dispatch, ear: Ear, desk: Client):
    order = dispatch.order(a_period(), live=False)
    opened, resolved, went_live = order.opened(), order.resolved(), order.went_live()
    dispatch.tell(opened, went_live)
    eventually(lambda: figures(desk, opened)["total"]["orders"]["opened"] >= 1)
    with pytest.raises(NotFound):
        desk.call("feedback", "get_case", order_no=order.order_no)
    dispatch.tell(resolved)
    assert case_of(desk, order, "expired")["replay_until"] is None


# out of order, twice


def test_a_reopening_that_overtakes_its_resolution_means_no_survey(dispatch: Dispatch, ear: Ear, desk: Client):
    order = dispatch.order(a_period())
    opened, resolved, reopened = order.opened(), order.resolved(), order.reopened()
    dispatch.tell(opened, reopened)
    eventually(lambda: figures(desk, opened)["total"]["orders"]["reopened"] == 1)
    dispatch.tell(resolved)
    case = case_of(desk, order)
    assert case["state"] == "withdrawn"
    assert [entry["type"] for entry in case["history"]] == ["case_withdrawn", "resolution_overtaken"]
    dispatch.tell(order.resolved())
    assert told(ear, "survey_due", order).data["round"] == 1


def test_work_that_is_withdrawn_withdraws_its_survey(dispatch: Dispatch, ear: Ear, desk: Client):
    order, token = surveyed(dispatch, ear)
    dispatch.tell(order.withdrawn())
    case_of(desk, order, "withdrawn")
    with pytest.raises(IllegalMove, match="over: withdrawn"):
        answer(desk, token, 5)


def test_every_round_has_a_case_of_its_own(dispatch: Dispatch, ear: Ear, desk: Client):
    order, token = surveyed(dispatch, ear)
    answer(desk, token, 1)
    dispatch.tell(order.reopened(), order.resolved())
    eventually(lambda: len(desk.call("feedback", "get_case", order_no=order.order_no)["cases"]) == 2)
    first, second = desk.call("feedback", "get_case", order_no=order.order_no)["cases"]
    assert (first["state"], second["state"]) == ("dissatisfied", "open")
    assert desk.call("feedback", "get_case", case_no=second["case_no"])["cases"] == [second]


def test_events_that_come_twice_and_shuffled_count_once(dispatch: Dispatch, ear: Ear, desk: Client):
    order = dispatch.order(a_period())
    opened = order.opened()
    story = [opened, order.responded(), order.transferred("database"), order.prioritised("P1")]
    story += [order.step_completed(1, met=True), order.missed("step", visit=2), order.missed("next_update")]
    story += [order.resolved(), order.reopened(), order.step_completed(2, met=False)]
    story += [order.resolved(met=False), order.closed("no_answer")]
    twice = story * 2
    random.Random(7).shuffle(twice)
    dispatch.tell(*twice)
    expected = {"opened": 1, "resolved": 1, "reopened": 1, "closed": 1, "withdrawn": 0}
    expected |= {"missed_update": 1, "missed_group": 0}

    def all_heard() -> bool:  # any of the shuffled events may be the last to be handled
        total = figures(desk, opened)["total"]
        assert matching(total, orders=expected)
        assert parts(total["first_response"]) == (1, 1)
        assert parts(total["resolution"]) == (0, 1)
        assert parts(total["reopen_rate"]) == (1, 1)
        assert parts(total["step"]) == (1, 2)
        assert set(figures(desk, opened)["by_priority"]) == {"P1"}
        assert set(figures(desk, opened)["by_team"]) == {"database"}
        return True

    eventually(all_heard)
    eventually(lambda: len(ear.heard("survey_due", order_no=order.order_no, round=1)) == 1)


# figures


def a_period() -> datetime:
    """A minute that no other test uses."""
    return datetime(1990, 1, 1, tzinfo=UTC) + timedelta(minutes=random.SystemRandom().randrange(5_000_000))


def figures(desk: Client, opened: Event, **only: str) -> dict[str, Any]:
    """The figures of the minute after the order was opened."""
    opened_at = opened.data["opened_at"]
    period = {"from": opened_at, "to": opened_at + timedelta(minutes=1)}
    found: dict[str, Any] = desk.call("feedback", "kpi", **period, **only)
    return found


def matching(group: dict[str, Any], **values: Any) -> dict[str, Any] | None:
    return group if values.items() <= group.items() else None


def parts(figure: dict[str, Any]) -> tuple[int, int]:
    return figure["numerator"], figure["denominator"]


def test_every_figure_shows_what_it_was_made_of(dispatch: Dispatch, ear: Ear, desk: Client):
    begun = a_period()
    pleased = dispatch.order(begun, priority="P1", team="network")
    displeased = dispatch.order(begun, priority="P2", team="network")
    silent = dispatch.order(begun, priority="P2", team="database")
    stuck = dispatch.order(begun, priority="P2", team="database")
    opened = [order.opened() for order in (pleased, displeased, silent, stuck)]
    dispatch.tell(*opened)
    dispatch.tell(pleased.responded(), pleased.resolved(), displeased.responded(met=False), displeased.resolved())
    dispatch.tell(silent.responded(), silent.resolved(met=False), stuck.missed("first_response"))
    # in the past, surveys have run out before anybody could answer: only what nobody answers is counted here
    for order in (pleased, displeased, silent):
        case_of(desk, order, "expired")
    surveys = {"value": 0.0, "numerator": 0, "denominator": 3, "target": None, "met": None}
    none = dict.fromkeys(("reopened", "closed", "withdrawn", "missed_update", "missed_group"), 0)

    def all_heard() -> dict[str, Any]:  # what happened of each kind has a queue of its own: any may be handled last
        found = figures(desk, opened[0])
        total = found["total"]
        assert total["orders"] == {"opened": 4, "resolved": 3, **none}
        assert {**total["answer_rate"], "target": None, "met": None} == surveys
        assert parts(total["first_response"]) == (2, 4)
        assert parts(total["resolution"]) == (2, 3)
        assert parts(total["reopen_rate"]) == (0, 3)
        assert total["satisfaction"]["value"] is None
        return found

    whole = eventually(all_heard)
    assert parts(whole["by_team"]["database"]["first_response"]) == (1, 2)
    assert parts(whole["by_priority"]["P1"]["first_response"]) == (1, 1)
    narrowed = figures(desk, opened[0], team="network", priority="P2")
    assert narrowed["total"]["orders"]["opened"] == 1
    assert (narrowed["team"], narrowed["priority"]) == ("network", "P2")


def test_satisfaction_is_made_of_the_answers(dispatch: Dispatch, ear: Ear, desk: Client):
    team = f"team-{uuid4().hex[:8]}"
    begun = now()
    for score in (5, 4, 1):
        order = dispatch.order(begun, team=team)
        dispatch.tell(order.opened(), order.resolved())
        answer(desk, told(ear, "survey_due", order).data["token"], score)
    period = {"from": begun, "to": begun + timedelta(minutes=1), "team": team}
    total = eventually(lambda: answered(desk.call("feedback", "kpi", **period)["total"], 3))
    assert parts(total["satisfaction"]) == (2, 3)
    assert (parts(total["mean_score"]), total["mean_score"]["value"]) == ((10, 3), 3.3333)
    assert parts(total["answer_rate"]) == (3, 3)


def answered(total: dict[str, Any], answers: int) -> dict[str, Any] | None:
    return total if total["satisfaction"]["denominator"] == answers else None


def test_the_figures_read_no_more_than_the_work_of_their_period(stack: Any, dispatch: Dispatch, desk: Client):
    begun = a_period()
    orders = [dispatch.order(begun + timedelta(seconds=n)) for n in range(3)]
    opened = [order.opened() for order in orders]
    dispatch.tell(*opened)
    eventually(lambda: figures(desk, opened[0])["total"]["orders"]["opened"] == 3)
    period = {"opened_at": {"$gte": begun, "$lt": begun + timedelta(minutes=1)}}
    assert examined(stack, "feedback_work", period) == 3


def test_a_survey_is_found_by_its_token_alone(stack: Any, dispatch: Dispatch, ear: Ear):
    _, token = surveyed(dispatch, ear)
    assert examined(stack, "feedback_cases", {"token_hash": token_hash(token)}) == 1


def examined(stack: Any, collection: str, query: dict[str, Any]) -> int:
    """How many documents MongoDB looks at to answer."""
    plan = stack.database.command("explain", {"find": collection, "filter": query}, verbosity="executionStats")
    return int(plan["executionStats"]["totalDocsExamined"])


def test_no_token_is_kept_in_the_database(stack: Any, dispatch: Dispatch, ear: Ear, desk: Client):
    order, token = surveyed(dispatch, ear)
    kept = eventually(lambda: stack.database["feedback_cases"].find_one({"order_no": order.order_no, "outbox": []}))
    assert token not in str(kept)


def test_a_period_without_work_has_figures_without_values(desk: Client):
    period = {"from": "1970-01-01T00:00:00Z", "to": "1970-01-02T00:00:00Z"}
    report = desk.call("feedback", "kpi", **period)
    assert (report["by_team"], report["by_priority"]) == ({}, {})
    assert parts(report["total"]["satisfaction"]) == (0, 0)
    assert report["from"] == "1970-01-01T00:00:00.000Z"


def test_a_bad_period_is_refused_with_its_field_named(desk: Client):
    with pytest.raises(ValidationError) as refusal:
        desk.call("feedback", "kpi", **{"from": "yesterday", "to": "2016-02-29T00:00:00", "priority": "P9"})
    assert set(refusal.value.fields) == {"from", "to", "priority"}


def test_a_case_that_does_not_exist_is_not_found(desk: Client):
    with pytest.raises(NotFound):
        desk.call("feedback", "get_case", case_no="W-none/0")
    with pytest.raises(ValidationError):
        desk.call("feedback", "get_case")


# reference data


def test_reference_data_is_checked_without_being_put_in_force(operator: Client):
    before = operator.call("feedback", "get_reference")["version"]
    with pytest.raises(ValidationError) as refusal:
        operator.call("feedback", "check_reference", body={"survey_days": -1, "dissatisfied_at_most": 2})
    assert any(path.endswith("survey_days") for path in refusal.value.fields)
    assert operator.call("feedback", "get_reference")["version"] == before


def test_applying_the_same_reference_data_again_changes_nothing(operator: Client):
    body = operator.call("feedback", "get_reference")["body"]
    first = operator.command("feedback", "apply_reference", body=body)
    again = operator.command("feedback", "apply_reference", body=body)
    assert (again["version"], again["changed"]) == (first["version"], False)
