from services.notify.domain.ledger import Content
from services.notify.events import handed, thread, to_consumer
from services.notify.tokens import Tokens
from shared.events import Fact
from tests.unit.notify.builders import NOON, a_message

TOKEN = "abcdefghijklmnopqrstuvwx"
LINK = "https://desk.example.com/unsubscribe/"


def a_mail(**given):
    return a_message(**{"channel": "email", "to": "customer@example.com", "token": TOKEN, **given})


def link(kind, token):
    return f"{LINK}{token}" if kind != "legal" else None


def body(message):
    return to_consumer(message, link).body


def test_a_mail_to_a_customer_says_how_it_is_answered_and_ended():
    mail = body(a_mail())
    assert (mail["reply_to"], mail["unsubscribe"], mail["thread"]) == (TOKEN, f"{LINK}{TOKEN}", "T-1042")
    assert mail["list_id"] is None


def test_what_cannot_be_opted_out_of_has_no_link():
    assert body(a_mail(kind="legal"))["unsubscribe"] is None


def test_an_sms_has_neither_token_nor_link():
    sms = body(a_message())
    assert (sms["reply_to"], sms["unsubscribe"], sms["subject"], sms["html"]) == (None, None, None, None)


def test_a_broadcast_and_a_greeting_are_mailings():
    assert body(a_mail(broadcast="B-1"))["list_id"] == "progress"
    assert body(a_mail(ticket_no="", kind="customer care"))["list_id"] == "customer-care"
    assert body(a_mail(ticket_no=""))["ticket_no"] is None


def test_another_attempt_is_another_message_to_consumers():
    first, second = body(a_mail()), body(a_mail(attempt=2))
    assert second["message_id"] == f"{first['message_id']}-2"


def test_attachments_go_by_reference():
    bill = {"name": "bill.pdf", "content_type": "application/pdf", "size": 10, "href": "bills/1.pdf"}
    assert body(a_mail(content=Content("…", attachments=(bill,))))["attachments"] == [bill]


def test_calls_leave_for_no_queue():
    assert handed(link)["message_handed_over"](a_message(channel="call"), Fact("message_handed_over", NOON)) is None


def test_all_mails_of_a_ticket_are_one_thread_whatever_its_number():
    assert thread("T-1042") == "T-1042"
    assert thread("") is None
    assert thread("票 1") == thread("票 1") != thread("票 2")
    assert len(thread("票 1")) == 64


def test_only_mails_to_people_who_do_not_work_here_have_a_token():
    tokens = Tokens("a secret for tests only")
    assert len(tokens.of(a_mail())) == 24
    assert tokens.of(a_mail()) == tokens.of(a_mail())
    assert tokens.of(a_mail()) != tokens.of(a_mail(message_id="0" * 40))
    assert tokens.of(a_mail()) != Tokens("another secret of tests").of(a_mail())
    assert tokens.of(a_message()) is None
    assert tokens.of(a_mail(recipient="team:network")) is None
