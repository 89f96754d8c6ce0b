"""Appointments: set, changed, cancelled, and what the customer says of them."""

from datetime import timedelta

import pytest

from services.dispatch import domain
from services.dispatch.domain.work import appointments
from services.dispatch.domain.work.appointments import answered, cancel_appointment, set_appointment
from services.dispatch.domain.work.facets import Appointment
from services.dispatch.domain.work.record import order_of, record
from services.dispatch.errors import InThePast, NoAppointment, NoSuchMove, NothingChanges
from shared.events import to_json
from tests.unit.dispatch.builders import accepted, after, held, resolved

DAY = timedelta(days=1)
TOMORROW = after() + DAY


def appointed(order=None):
    return set_appointment(order or accepted(), after(), TOMORROW, note="Ring twice")[0]


def said(order, answer, at=None, number=1, note=None):
    """The appointment's state, the facts' types, and why it was not taken."""
    order, facts = answered(order, at or after(hours=1), number=number, answer=answer, note=note, reply_id="sms/1")
    return order.appointment.state, [fact.type for fact in facts], facts[-1].data["why"]


def test_an_appointment_is_set_and_told():
    order, (told,) = set_appointment(accepted(), after(), TOMORROW, TOMORROW + timedelta(hours=2), "Ring twice")

    assert order.appointment == Appointment(
        number=1, starts_at=TOMORROW, ends_at=TOMORROW + timedelta(hours=2), note="Ring twice"
    )
    assert (told.type, told.data["appointment"], told.data["starts_at"]) == ("appointment_set", 1, TOMORROW)


def test_another_time_is_another_appointment():
    order, (told,) = set_appointment(appointed(), after(hours=1), TOMORROW + DAY)

    assert (order.appointment.number, order.appointment.state) == (2, "set")
    assert (told.type, told.data["was_at"], told.data["starts_at"]) == ("appointment_changed", TOMORROW, TOMORROW + DAY)


def test_after_a_cancelled_one_the_next_is_set_anew():
    cancelled, (told,) = cancel_appointment(appointed(), after(hours=1), "no part")
    order, (again,) = set_appointment(cancelled, after(hours=2), TOMORROW)

    assert (told.type, told.data["reason"], again.type, order.appointment.number) == (
        "appointment_cancelled",
        "no part",
        "appointment_set",
        2,
    )


def test_the_same_appointment_again_changes_nothing():
    with pytest.raises(NothingChanges):
        set_appointment(appointed(), after(hours=1), TOMORROW, note="Ring twice")


def test_an_appointment_lies_ahead():
    with pytest.raises(InThePast) as refused:
        set_appointment(accepted(), after(), after())
    assert list(refused.value.fields) == ["starts_at"]


def test_work_that_is_over_has_no_appointments():
    with pytest.raises(NoSuchMove):
        set_appointment(resolved(), after(hours=9), after(days=9))


def test_held_work_may_have_one():
    assert appointed(held()).appointment.state == "set"


@pytest.mark.parametrize("order", [accepted(), cancel_appointment(appointed(), after(hours=1), "no")[0]])
def test_what_is_not_there_cannot_be_cancelled(order):
    with pytest.raises(NoAppointment):
        cancel_appointment(order, after(hours=2), "no")


def test_the_customer_agrees():
    assert said(appointed(), "confirm") == ("confirmed", ["appointment_confirmed", "reply_settled"], None)


def test_the_customer_wants_another_one():
    order, facts = answered(appointed(), after(hours=1), number=1, answer="change", note="Tuesday", reply_id="sms/1")

    assert (order.appointment.state, order.appointment.wish) == ("change_wanted", "Tuesday")
    assert (facts[0].type, facts[0].data["wish"]) == ("appointment_change_wanted", "Tuesday")


def test_an_answer_to_the_one_before_changes_nothing():
    changed, _ = set_appointment(appointed(), after(minutes=5), TOMORROW + DAY)

    assert said(changed, "confirm", number=1) == ("set", ["reply_settled"], "superseded")


def test_the_first_answer_stands():
    confirmed, _ = answered(appointed(), after(minutes=5), number=1, answer="confirm", note=None, reply_id="sms/1")

    assert said(confirmed, "confirm") == ("confirmed", ["reply_settled"], "repeated")
    assert said(confirmed, "change") == ("confirmed", ["reply_settled"], "confirmed")


def test_an_answer_when_it_has_begun_is_too_late():
    assert said(appointed(), "confirm", at=TOMORROW) == ("set", ["reply_settled"], "too_late")


def test_an_answer_to_work_that_is_over_changes_nothing():
    done, _ = domain.resolve(appointed(), after(minutes=30), "done")

    assert said(done, "confirm") == ("set", ["reply_settled"], "work_over")


def test_an_answer_to_a_cancelled_one_changes_nothing():
    cancelled, _ = cancel_appointment(appointed(), after(minutes=5), "no")

    assert said(cancelled, "confirm") == ("cancelled", ["reply_settled"], "cancelled")


def test_what_the_customer_says_is_told_to_whoever_has_the_work():
    order, (told,) = appointments.customer_replied(accepted(), after(), channel="email", text="It is down again")

    assert (order, told.type, told.data["owners"], told.data["text"]) == (
        accepted(),
        "customer_replied",
        ["a1"],
        "It is down again",
    )


def test_it_is_stored_and_told_in_the_history_as_it_is():
    order, (told,) = set_appointment(accepted(), after(), TOMORROW)

    assert order_of(record(order), books=order.books).appointment == order.appointment
    assert to_json(told.set) == {
        "appointment": {
            "number": 1,
            "starts_at": "2026-03-03T09:00:00.000Z",
            "ends_at": None,
            "note": None,
            "state": "set",
            "wish": None,
        }
    }


def test_work_without_one_is_stored_as_before_there_were_any():
    assert "appointment" not in record(accepted())
    assert order_of(record(accepted())).appointment is None
