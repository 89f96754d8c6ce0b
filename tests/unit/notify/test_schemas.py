import pytest

from deploy.catalogue import subscriptions
from services.notify import schemas
from services.notify.domain.kinds import KINDS
from shared.errors import ValidationError
from shared.schemas import load

EVENTS = {
    "work_assigned": schemas.WorkAssigned,
    "deadline_near": schemas.DeadlineNear,
    "deadline_missed": schemas.DeadlineMissed,
    "work_resolved": schemas.WorkResolved,
    "work_closed": schemas.WorkClosed,
    "survey_due": schemas.SurveyDue,
}


@pytest.mark.parametrize("event", EVENTS)
def test_templates_may_use_what_the_event_brings(event):
    assert set(EVENTS[event]().fields) | ({"link"} if event == "survey_due" else set()) == set(KINDS[event])


def test_every_kind_of_event_has_its_handler():
    assert {subscription.event for subscription in subscriptions("notify")} == {*KINDS, "customer_saved", "receipt"}


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


def test_a_receipt_must_have_a_state_that_receipts_have():
    with pytest.raises(ValidationError) as refused:
        load(schemas.Receipt, {"message_id": "m", "channel": "sms", "state": "queued"})
    assert list(refused.value.fields) == ["state"]
