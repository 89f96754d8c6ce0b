import pytest

from services.dispatch import domain
from services.dispatch.domain import State
from services.dispatch.domain.looking_back.rerate import rerate
from services.dispatch.domain.looking_back.runs import as_entries
from services.dispatch.errors import NotInTriage, NotTriaged
from shared.errors import NotFound, ValidationError
from tests.unit.dispatch.builders import NINE, a_policy, a_ticket, after, opened, reference, types
from tests.unit.dispatch.courses import REPAIR, rebuilt, stored

TRIAGE = {"triage": {"team": "experts", "when": "sensitive || confidence < 0.6"}}
TARGETS = a_policy()["targets"]
QUICK = a_policy(code="quick", when='type == "complaint"', targets=dict.fromkeys(TARGETS, TARGETS["P1"]))
REPAIRS = {"repair": {**REPAIR, "for": 'type == "fault"'}}


def a_book(*policies, **changes):
    return reference(*policies or [QUICK, a_policy()], assignment=TRIAGE, **changes)


def unsure(*, book=None, at=NINE, **ticket):
    return opened(a_ticket(**{"confidence": 0.3, "priority": "P3", **ticket}), at, book or a_book())


def triaged(order, at=NINE, **what):
    said = {"type": "fault", "category": "network", "priority": "P2", "reasons": "The cable is cut"}
    return domain.triage_work(order, at, **{**said, **what})


def test_work_of_low_confidence_goes_to_the_experts_first():
    order, _ = unsure()

    assert (order.triage, order.state, order.team, [visit.need.key for visit in order.visits]) == (
        True,
        State.QUEUED,
        "experts",
        ["experts"],
    )


def test_sensitive_work_goes_to_the_experts_however_sure_intake_is():
    order, _ = unsure(confidence=1.0, sensitive=True)

    assert order.triage


@pytest.mark.parametrize("confidence", [0.6, 1.0, None])
def test_work_that_is_sure_enough_goes_its_way(confidence):
    order, _ = unsure(confidence=confidence)

    assert (order.triage, order.team) == (False, "it")


def test_without_a_triage_level_nothing_is_caught():
    order, _ = opened(a_ticket(confidence=0.0, sensitive=True))

    assert (order.triage, order.team) == (False, "it")


def test_work_in_triage_is_under_the_policy_of_its_category_and_its_flow_has_not_begun():
    order, facts = unsure(book=a_book(flows=REPAIRS))

    assert (str(order.policy), order.flow, order.own_team) == ("standard@1", None, "it")
    assert types(facts) == ["work_opened"]


@pytest.mark.parametrize(
    "move",
    [
        lambda order: domain.resolve(order, NINE, "Done"),
        lambda order: domain.complete_step(order, NINE, solution="Done"),
    ],
    ids=["resolve", "complete"],
)
def test_work_in_triage_is_not_ended(move):
    order, _ = domain.assign(unsure()[0], NINE, "e1")

    with pytest.raises(NotTriaged):
        move(order)


def test_work_in_triage_may_go_to_other_experts():
    order, _ = unsure()

    moved, _ = domain.transfer(order, NINE, order.books(1).team("desk"))

    assert (moved.triage, moved.team) == (True, "desk")


def test_triage_says_what_it_is_from_what_to_what_and_why():
    _, facts = triaged(unsure(type="enquiry", category="other")[0])

    (told,) = facts
    assert told.type == "work_triaged"
    assert {name: told.data[name] for name in ("from", "to", "reasons")} == {
        "from": {"type": "enquiry", "category": "other", "priority": "P3", "team": "desk"},
        "to": {"type": "fault", "category": "network", "priority": "P2", "team": "it"},
        "reasons": "The cable is cut",
    }


def test_triaged_work_goes_to_the_team_of_its_category():
    order, _ = triaged(unsure(category="other")[0], category="software")

    assert (order.triage, order.own_team, order.team, order.state) == (False, "it", "it", State.QUEUED)


def test_triage_may_name_the_team():
    order, _ = triaged(unsure()[0], category="network", team="desk")

    assert (order.own_team, [visit.need.key for visit in order.visits]) == ("desk", ["desk"])


def test_a_category_that_no_team_has_needs_a_team_named():
    with pytest.raises(ValidationError) as refused:
        triaged(unsure()[0], category="netwrok")
    order, _ = triaged(unsure()[0], category="gardens", team="desk")

    assert refused.value.fields == {"category": ["no team has 'netwrok': name the team, if it is meant"]}
    assert (order.category, order.own_team) == ("gardens", "desk")


def test_a_team_that_there_is_not_is_not_found():
    with pytest.raises(NotFound) as refused:
        triaged(unsure()[0], team="nobody")

    assert refused.value.details == {"what": "team", "key": "nobody"}


def test_triaged_work_begins_the_flow_that_fits_what_it_is():
    order, facts = triaged(unsure(type="enquiry", book=a_book(flows=REPAIRS))[0])

    assert (str(order.flow), [visit.step for visit in order.visits]) == ("repair@1", ["report"])
    assert types(facts) == ["work_triaged", "step_opened"]


def test_a_steps_visits_do_not_count_the_look_of_the_experts():
    order, _ = triaged(unsure(book=a_book(flows=REPAIRS))[0])

    assert [(visit.number, order.visited[visit.step]) for visit in order.visits] == [(2, 1)]


def test_triaged_work_comes_under_the_policy_that_fits_and_its_promises_keep_their_starts():
    order, _ = triaged(unsure()[0], after(minutes=10), type="complaint", priority="P3")

    assert str(order.policy) == "quick@1"
    assert (order.first_response.started_at, order.first_response.due) == (NINE, after(minutes=15))
    assert (order.resolution.started_at, order.resolution.due) == (NINE, after(hours=4))


def test_what_the_new_policy_does_not_promise_is_called_off():
    news = a_policy(
        code="news", when='type == "enquiry"', targets={p: {**t, "next_update": "1h"} for p, t in TARGETS.items()}
    )
    order, _ = domain.assign(unsure(type="enquiry", book=a_book(news, a_policy()))[0], NINE, "e1")
    order, _ = domain.respond(order, NINE)

    order, _ = triaged(order, after(minutes=10))

    assert order.clocks["next_update"].called_off_at == after(minutes=10)


def test_held_work_may_be_triaged_and_stays_held():
    order, _ = domain.assign(unsure()[0], NINE, "e1")
    order, _ = domain.hold(order, NINE, "waiting_for_customer")

    order, _ = triaged(order, after(minutes=10))

    assert (order.state, order.resolution.paused) == (State.HELD, "waiting_for_customer")


def test_triage_may_say_whom_it_is_about():
    order, (fact,) = triaged(unsure(complained_of="A2")[0], complained_of="a2")

    assert (order.asked.subject, fact.data["complained_of"]) == ("a2", "a2")


def test_where_triage_does_not_say_whom_it_is_about_that_stays():
    order, (fact,) = triaged(unsure(complained_of="a2")[0])

    assert (order.asked.subject, "complained_of" in fact.data) == ("a2", False)


def test_work_is_triaged_once():
    order, _ = triaged(unsure()[0])

    with pytest.raises(NotInTriage):
        triaged(order)


@pytest.mark.parametrize("flows", [{}, REPAIRS], ids=["one step", "a flow"])
def test_the_history_of_triaged_work_tells_its_state(flows):
    order, facts = unsure(book=a_book(flows=flows))
    order, more = domain.assign(order, NINE, "e1")
    facts += more
    order, more = triaged(order, after(minutes=10))
    facts += more

    assert rebuilt(facts) == stored(order)


@pytest.mark.parametrize(("kind", "outcome"), [("fault", "open"), ("complaint", "missed")])
def test_triaged_work_is_rerated_as_what_it_turned_out_to_be(kind, outcome):
    book = a_book()
    order, facts = unsure(book=book, priority="P3")
    _, more = triaged(order, after(minutes=10), type=kind, priority="P3")

    told = rerate(as_entries([*facts, *more]), after(hours=1), book)

    assert told["first_response"] == outcome
