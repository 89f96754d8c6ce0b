import pytest

from deploy.catalogue import subscriptions
from services.notify import heard, schemas
from services.notify.domain.kinds import KINDS
from services.notify.heard import people as heard_people
from services.notify.heard import replies as heard_replies
from shared.errors import ValidationError
from shared.schemas import load

EVENTS = {
    "work_assigned": heard.WorkAssigned,
    "work_queued": heard.WorkQueued,
    "work_prioritised": heard.WorkPrioritised,
    "step_opened": heard.StepOpened,
    "step_skipped": heard.StepSkipped,
    "work_rerouted": heard.WorkRerouted,
    "fee_recorded": heard.FeeRecorded,
    "fee_voided": heard.FeeVoided,
    "deadline_near": heard.DeadlineNear,
    "deadline_missed": heard.DeadlineMissed,
    "deadline_moved": heard.DeadlineMoved,
    "work_escalated": heard.WorkEscalated,
    "work_resolved": heard.WorkResolved,
    "work_reopened": heard.WorkReopened,
    "work_withdrawn": heard.WorkWithdrawn,
    "work_closed": heard.WorkClosed,
    "survey_due": heard.SurveyDue,
    "work_lapsed": heard_people.WorkLapsed,
    "work_declined": heard_people.WorkDeclined,
    "work_stranded": heard_people.WorkStranded,
    "work_handed_over": heard_people.WorkHandedOver,
    "work_urged": heard_people.WorkUrged,
    "work_intervened": heard_people.WorkIntervened,
    "work_held_long": heard_people.WorkHeldLong,
    "work_deescalated": heard_people.WorkDeescalated,
    "mass_incident_declared": heard_people.MassIncidentDeclared,
    "work_linked": heard_people.WorkLinked,
    "work_eta_announced": heard_people.WorkEtaAnnounced,
    "shift_log_written": heard_people.ShiftLogWritten,
    "appointment_set": heard_replies.AppointmentEvent,
    "appointment_changed": heard_replies.AppointmentChanged,
    "appointment_confirmed": heard_replies.AppointmentEvent,
    "appointment_change_wanted": heard_replies.AppointmentChangeWanted,
    "appointment_cancelled": heard_replies.AppointmentCancelled,
    "customer_replied": heard_replies.CustomerReplied,
    "contact_taken": heard_replies.ContactTaken,
}
#: Their handlers look up more than the event brings, or pass on less.
LOOKED_UP = {"ticket_status_told", "contact_unsubscribed"}
#: What is heard and nobody is told of.
OF_OUR_OWN = {"message_ended", "message_reached", "digest_moved", "reply_settled"}
NO_NEWS = OF_OUR_OWN | {"customer_saved", "receipt", "sms_received", "mail_received"}


def test_every_event_that_people_are_told_of_is_held_to_its_templates():
    assert EVENTS.keys() | LOOKED_UP == KINDS.keys()


@pytest.mark.parametrize("event", EVENTS)
def test_templates_may_use_what_the_event_brings(event):
    brought = set(EVENTS[event]().fields)
    made = {"link" for name in brought if name == "token"} | {"promise" for name in brought if name == "clock"}
    assert brought | made == set(KINDS[event])


def test_every_kind_of_event_has_its_handler():
    assert {subscription.event for subscription in subscriptions("notify")} == KINDS.keys() | NO_NEWS


@pytest.mark.parametrize(
    ("field", "request_body"),
    [
        ("state", {"state": "lost"}),
        ("channel", {"channel": "pigeon"}),
        ("limit", {"limit": 0}),
        ("ticket_no", {"ticket_no": {"$gt": ""}}),
        ("ticket_no", {"ticket_no": "T$1"}),
        ("ticket_no", {"ticket_no": "T\x00"}),
        ("customer_id", {"customer_id": "c-7", "recipient": "team:network"}),
        ("nosuch", {"nosuch": 1}),
    ],
)
def test_a_bad_search_names_its_field(field, request_body):
    with pytest.raises(ValidationError) as refused:
        load(schemas.FindMessages, request_body)
    assert list(refused.value.fields) == [field]


@pytest.mark.parametrize(
    ("said", "teams", "owners"),
    [
        ({}, ["it"], []),
        ({"agent": "it.01"}, ["it"], ["it.01"]),
        ({"agent": "it.01", "teams": [], "owners": []}, ["it"], ["it.01"]),
        ({"agent": None, "teams": ["it", "accounts"], "owners": ["b"]}, ["it", "accounts"], ["b"]),
    ],
)
def test_a_deadline_concerns_whom_its_event_names_or_who_has_the_work(said, teams, owners):
    least = {"order_no": "W-1", "ticket_no": "T-1", "customer_id": "C-1", "team": "it", "clock": "resolution"}
    heard_of = load(heard.DeadlineMissed, {**least, "due": "2026-03-02T13:00:00Z", **said})
    assert (heard_of["teams"], heard_of["owners"]) == (teams, owners)


def test_an_escalation_that_tells_nobody_we_know_is_refused():
    told = {"order_no": "W-1", "ticket_no": "T-1", "customer_id": "C-1", "team": "it", "level": 1}
    assert load(heard.WorkEscalated, {**told, "tell": ["owner"]})["tell"] == ["owner"]
    with pytest.raises(ValidationError) as refused:
        load(heard.WorkEscalated, {**told, "tell": ["king"]})
    assert list(refused.value.fields) == ["tell.0"]


def test_a_receipt_must_have_a_state_that_receipts_have():
    with pytest.raises(ValidationError) as refused:
        load(heard.Receipt, {"message_id": "m", "channel": "sms", "state": "queued"})
    assert list(refused.value.fields) == ["state"]
