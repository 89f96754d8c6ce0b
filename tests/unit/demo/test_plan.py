from collections import Counter

from deploy.demo.log import read
from deploy.demo.plan import plan
from deploy.demo.reference import routes
from deploy.demo.telling import FIRST_GROUP, NEXT_GROUP
from tests.unit.demo.builders import OPENED, a_row, an_incident

ROUTES = {"Category 1/Subcategory 2": "Group 70"}


def told(*rows, routes=ROUTES):
    """(row, method) of every call that one incident becomes."""
    return [(step.row, step.method) for step in plan([an_incident(*rows)], routes).steps]


def test_an_incident_that_runs_straight_is_submitted_responded_to_resolved_and_closed():
    rows = a_row("New", 1), a_row("Active", 2), a_row("Resolved", 3), a_row("Closed", 4)
    assert told(*rows) == [
        (0, "submit_ticket"),
        (2, "complete_step"),
        (2, "accept"),
        (2, "respond"),
        (3, "resolve"),
        (4, "end_replay"),
    ]


def test_the_first_row_that_is_not_new_is_the_first_response():
    calls = [(1, "complete_step"), (1, "accept"), (1, "respond"), (1, "resolve")]
    assert told(a_row("Resolved", 1)) == [(0, "submit_ticket"), *calls]


def test_awaiting_somebody_is_a_hold_with_that_reason():
    steps = plan([an_incident(a_row("Active", 1), a_row("Awaiting User Info", 2))], ROUTES).steps
    assert (steps[-1].method, steps[-1].fields) == (
        "hold",
        {"reason": "awaiting_user_info", "note": "Awaiting User Info"},
    )


def test_the_clock_runs_between_two_reasons_for_waiting():
    rows = a_row("Awaiting User Info", 1), a_row("Awaiting User Info", 2), a_row("Awaiting Problem", 3)
    assert told(*rows)[4:] == [(1, "hold"), (3, "resume"), (3, "hold")]


def test_held_work_is_resumed_before_it_is_resolved():
    assert told(a_row("Awaiting Vendor", 1), a_row("Resolved", 5))[4:] == [(1, "hold"), (2, "resume"), (2, "resolve")]


def test_a_log_that_goes_back_from_resolved_reopens():
    assert told(a_row("Resolved", 1), a_row("Active", 2))[5] == (2, "reopen")


def test_a_row_that_changes_nothing_is_no_call():
    assert told(a_row("Active", 1), a_row("Active", 2))[4:] == []


def test_reopened_work_is_taken_again():
    assert told(a_row("Resolved", 1), a_row("Active", 2))[5:] == [(2, "reopen"), (2, "accept")]


def test_whoever_gets_work_by_transfer_takes_it_when_it_is_worked_on():
    rows = a_row("Active", 1), a_row("Active", 2, group="Group 5"), a_row("Resolved", 3, group="Group 5")
    assert told(*rows)[4:] == [(2, "transfer"), (2, "accept"), (3, "resolve")]


def test_work_transferred_while_it_waits_is_taken_when_it_is_resumed():
    rows = (
        a_row("Awaiting Vendor", 1),
        a_row("Awaiting Vendor", 2, group="Group 5"),
        a_row("Resolved", 3, group="Group 5"),
    )
    assert told(*rows)[5:] == [(2, "transfer"), (3, "resume"), (3, "accept"), (3, "resolve")]


def test_a_changed_group_is_a_transfer_before_anything_else_that_the_row_says():
    steps = plan([an_incident(a_row("New", 1), a_row("Active", 2, group="Group 5"))], ROUTES).steps
    assert [step.method for step in steps] == ["submit_ticket", "transfer", "complete_step", "accept", "respond"]
    assert steps[1].fields == {"team": "Group 5", "reason": NEXT_GROUP}


def test_routing_is_put_right_at_the_first_row_and_counted():
    planned = plan([an_incident(a_row("New", 1, group="Group 5"))], ROUTES)
    assert planned.steps[1].fields == {"team": "Group 5", "reason": FIRST_GROUP}
    assert planned.reroutes == 1


def test_a_changed_priority_is_a_call_and_leaving_new_registers_once():
    rows = a_row("New", 1), a_row("New", 2, priority="1 - Critical"), a_row("Active", 3, priority="1 - Critical")
    assert told(*rows) == [
        (0, "submit_ticket"),
        (2, "prioritise"),
        (3, "complete_step"),
        (3, "accept"),
        (3, "respond"),
    ]


def test_a_group_that_becomes_unknown_is_no_transfer_but_counted():
    planned = plan([an_incident(a_row("New", 1), a_row("New", 2, group=None), a_row("New", 3))], ROUTES)
    assert [step.method for step in planned.steps] == ["submit_ticket"]
    assert planned.untold == Counter({"group became unknown": 1})


def test_what_no_call_can_carry_is_counted():
    rows = (
        a_row("New", 1, person="Resolver 1"),
        a_row("New", 2, person="Resolver 1", category="Category 9", impact="1 - High"),
        a_row("Closed", 3, person="Resolver 1", category="Category 9", impact="1 - High"),
        a_row("Closed", 4, person="Resolver 1", category="Category 9", impact="1 - High"),
    )
    assert plan([an_incident(*rows)], ROUTES).untold == Counter(
        {
            "person assigned, or another one": 1,
            "category or subcategory changed": 1,
            "impact or urgency changed, but not the priority": 1,
            "row after Closed": 1,
        }
    )


def test_the_contact_carries_the_first_rows_codes_only():
    first = a_row("New", 1, symptom=None, impact="1 - High", urgency="3 - Low")
    submit = plan([an_incident(first, a_row("Active", 2))], ROUTES).steps[0]
    assert submit.at == OPENED
    assert submit.fields == {
        "reference": "INC0000001",
        "channel": "phone",
        "type": "fault",
        "subject": "Symptom unknown",
        "text": "INC0000001: Symptom unknown, Category 1/Subcategory 2, Location 4",
        "category": "Category 1/Subcategory 2",
        "impact": "high",
        "urgency": "low",
    }


def test_incidents_are_merged_by_recorded_time():
    one = an_incident(a_row("New", 1), a_row("Active", 9), number="INC1")
    other = an_incident(a_row("New", 2), a_row("Active", 5), number="INC2")
    order = [(step.incident, step.method) for step in plan([one, other], ROUTES).steps]
    calls = ["complete_step", "accept", "respond"]
    assert order[2:] == [(incident, call) for incident in ("INC2", "INC1") for call in calls]


def test_rows_of_one_incident_stay_in_the_order_of_the_file_when_time_goes_back():
    rows = a_row("New", 9), a_row("Active", 2), a_row("Resolved", 5)
    steps = plan([an_incident(*rows)], ROUTES).steps
    assert [(step.row, step.at.minute) for step in steps] == [(0, 0), (2, 2), (2, 2), (2, 2), (3, 5)]


def test_request_ids_are_derived_distinct_and_short():
    ids = [step.request_id for step in whole().steps]
    assert ids[0] == "INC0000045/0/submit_ticket"
    assert len(set(ids)) == len(ids)
    assert max(map(len, ids)) <= 64


def test_the_whole_log_becomes_these_calls():
    assert Counter(step.method for step in whole().steps) == {
        "submit_ticket": 890,
        "prioritise": 45,
        "complete_step": 890,
        "accept": 1143,
        "respond": 890,
        "transfer": 1154,
        "hold": 365,
        "resume": 365,
        "resolve": 901,
        "reopen": 11,
        "end_replay": 890,
    }


def whole():
    incidents = read()
    return plan(incidents, routes(incidents))
