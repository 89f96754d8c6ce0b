"""`loopdesk replies`: what it shows."""

from datetime import UTC
from io import StringIO

from rich.console import Console

from deploy.commands import replies
from services.notify.domain.replies import STATES
from services.notify.schemas.replies import AS

ROW = {
    "received_at": "2026-03-02T09:15:00.000Z",
    "sender": "+8613800138000",
    "state": "ticket",
    "meaning": None,
    "why": "fits_several",
    "ticket_no": "T-1042",
    "reply_id": "sms/sms-consumer/77[b]",
}


def shown(row):
    text = StringIO()
    Console(file=text, width=200).print(replies.table([row], UTC))
    return " ".join(text.getvalue().splitlines()[1].split())


def test_the_command_knows_every_state_and_every_way_to_resolve():
    assert (set(replies.STATES), set(replies.AS)) == (set(STATES), set(AS))


def test_a_row_says_what_came_what_it_was_taken_for_and_why():
    assert shown(ROW) == "2026-03-02 09:15 +8613800138000 ticket fits_several T-1042 sms/sms-consumer/77[b]"


def test_a_row_without_a_ticket_says_so():
    answered = {**ROW, "ticket_no": None, "state": "answered", "meaning": {"kind": "stop", "value": ""}, "why": "stop"}

    assert shown(answered) == "2026-03-02 09:15 +8613800138000 answered stop stop - sms/sms-consumer/77[b]"
