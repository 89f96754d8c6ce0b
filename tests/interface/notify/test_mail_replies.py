"""Mails that come in, through the real mail receiver: threads, new matters, and machines that answer each other."""

from __future__ import annotations

import json
import smtplib
from collections import Counter
from email.message import EmailMessage, Message
from email.utils import make_msgid, parseaddr
from typing import Any
from uuid import uuid4

import pytest

from tests.journey.inbound import Inbound
from tests.journey.outside import MAILS_TEAM as TEAM
from tests.journey.outside import Case, Outside, a_customer, apply_reference, happened
from tests.support import Stack, eventually


class Post:
    """The customers' mailboxes: what the desk has sent there, and what they send back through the receiver."""

    def __init__(self, stack: Stack, inbound: Inbound, outside: Outside) -> None:
        self._stack, self._outside = stack, outside
        self.inbound = inbound
        self._port = json.loads((stack.instance.folder / "ports.json").read_text())["mail-receiver"]

    def mails(self, address: str) -> list[Message]:
        """What this address got, in no order."""
        return [mail for mail in self._stack.mails() if parseaddr(mail["To"])[1] == address]

    def send(self, sender: str, to: str, text: str, subject: str = "Hello", **headers: str) -> None:
        """A mail to the desk, as the operators' relay delivers it."""
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = sender, to, subject
        mail["Message-ID"] = make_msgid(domain="example.com")
        for name, value in headers.items():
            del mail[name.replace("_", "-")]
            mail[name.replace("_", "-")] = value
        mail.set_content(text)
        with smtplib.SMTP("127.0.0.1", self._port, timeout=60) as line:
            line.send_message(mail, from_addr=sender, to_addrs=[to])

    def replies(self, sender: str) -> list[dict[str, Any]]:
        """What notify keeps of this sender's mails, newest first."""
        return list(self._outside.workbench.call("notify", "find_replies", sender=sender)["replies"])

    def settled(self, sender: str, count: int) -> list[dict[str, Any]]:
        """The same, once there are so many and each has come to rest."""

        def rest() -> list[dict[str, Any]] | None:
            found = self.replies(sender)
            moving = [one for one in found if one["state"] == "matched" or _is_no_ticket_yet(one)]
            return found if len(found) == count and not moving else None

        return eventually(rest)

    def ticket(self, reply: dict[str, Any]) -> dict[str, Any]:
        return dict(self._outside.callcentre.call("intake", "get_ticket", ticket_no=reply["ticket_no"]))


@pytest.fixture(scope="module")
def outside(stack: Stack) -> Outside:
    apply_reference(stack)
    return Outside(stack)


@pytest.fixture(scope="module")
def post(stack: Stack, outside: Outside) -> Post:
    return Post(stack, Inbound(stack, outside), outside)


@pytest.fixture
def address() -> str:
    return f"{uuid4().hex[:12]}@example.com"


def resolved(outside: Outside, post: Post, address: str) -> tuple[Case, Message]:
    """A matter that is resolved, and the mail by which its customer heard of it."""
    outside.come(f"{uuid4().hex[:8]} of {TEAM}", TEAM)
    case = outside.submit(TEAM, customer=a_customer(email=address, preferred_channels=["email"]))
    outside.when_work(case, state="assigned")
    outside.do("resolve", case, solution="Done")
    (mail,) = eventually(lambda: [m for m in post.mails(address) if "is resolved" in m["Subject"]])
    return case, mail


def test_an_answer_to_our_mail_goes_to_its_ticket_and_to_whoever_has_the_work(
    outside: Outside, post: Post, address: str
) -> None:
    case, mail = resolved(outside, post, address)

    post.send(address, parseaddr(mail["Reply-To"])[1], "It is down again.")

    (reply,) = post.settled(address, 1)
    assert (reply["state"], reply["ticket_no"]) == ("answered", case.ticket_no)
    said = next(entry for entry in outside.ticket(case)["history"] if entry["type"] == "customer_replied")
    assert said["data"]["text"].strip() == "It is down again."
    eventually(lambda: "customer_replied" in happened(outside.work(case)))
    eventually(lambda: [m for m in outside.messages(case) if m["event"] == "customer_replied"])


def test_a_mail_that_knows_ours_by_its_references_only_goes_to_its_ticket(
    outside: Outside, post: Post, address: str
) -> None:
    case, mail = resolved(outside, post, address)

    post.send(
        address, parseaddr(mail["From"])[1], "Thank you so far", References=f"<x@example.com> {mail['Message-ID']}"
    )

    (reply,) = post.settled(address, 1)
    assert (reply["state"], reply["ticket_no"]) == ("answered", case.ticket_no)


def test_a_mail_from_another_address_with_our_id_copied_is_a_matter_of_its_own(
    outside: Outside, post: Post, address: str
) -> None:
    case, _ = resolved(outside, post, address)
    survey, stranger = _survey(post, address), f"{uuid4().hex[:12]}@example.com"
    copied = {"In_Reply_To": survey["Message-ID"], "References": survey["Message-ID"]}

    post.send(stranger, "loopdesk@example.com", "1", **copied)
    post.send(stranger, "loopdesk@example.com", "It was I who mended it", **copied)

    replies = post.settled(stranger, 2)
    assert {(reply["state"], reply["why"]) for reply in replies} == {("ticket", "another_sender")}
    ticket = post.ticket(replies[0])
    kept = next(entry["data"] for entry in ticket["history"] if entry["type"] == "message_kept")
    assert [(one["kind"], one["ticket_no"]) for one in kept["might"]] == [("reply", case.ticket_no)]
    assert ticket["customer_id"] != case.customer_id
    assert outside.cases(case)[0]["state"] == "open"
    told = [entry["type"] for entry in outside.ticket(case)["history"]]
    assert not {"customer_replied", "note_added"} & set(told)

    post.send(address.upper(), "loopdesk@example.com", "5", **copied)

    outside.when_ticket(case, status="closed")
    assert post.settled(address, 1)[0]["state"] == "answered"


def test_a_mail_to_two_addresses_of_ours_is_one(outside: Outside, post: Post, address: str) -> None:
    case, mail = resolved(outside, post, address)
    new, answer = make_msgid(domain="example.com"), make_msgid(domain="example.com")

    for to in (parseaddr(mail["Reply-To"])[1], "loopdesk@example.com"):
        post.send(address, to, "Dark again", References=mail["Message-ID"], Message_ID=answer)
    post.settled(address, 2)
    for to in ("loopdesk@example.com", "reply+nobody@example.com"):
        post.send(address, to, "Another matter", Message_ID=new)

    found = post.settled(address, 4)
    assert Counter(reply["state"] for reply in found) == {"answered": 1, "ticket": 1, "repeated": 2}
    assert happened(outside.ticket(case)).count("customer_replied") == 1


def test_a_survey_is_answered_by_mail(outside: Outside, post: Post, address: str) -> None:
    case, _ = resolved(outside, post, address)

    post.send(address, parseaddr(_survey(post, address)["Reply-To"])[1], "5")

    outside.when_ticket(case, status="closed")
    assert post.settled(address, 1)[0]["meaning"] == {"kind": "survey", "value": "5"}


def test_a_reply_to_a_closed_ticket_becomes_a_new_one_that_names_it(outside: Outside, post: Post, address: str) -> None:
    case, mail = resolved(outside, post, address)
    post.send(address, parseaddr(_survey(post, address)["Reply-To"])[1], "5")
    outside.when_ticket(case, status="closed")
    before = len(post.replies(address))

    post.send(address, parseaddr(mail["Reply-To"])[1], "Dark again since this morning")

    newest = post.settled(address, before + 1)[0]
    ticket = post.ticket(newest)
    assert ticket["ticket_no"] != case.ticket_no
    assert ticket["customer_id"] == case.customer_id
    kept = next(entry["data"] for entry in ticket["history"] if entry["type"] == "message_kept")
    assert (kept["follows"], kept["why"]) == (case.ticket_no, f"reply to {case.ticket_no}")

    (told,) = eventually(lambda: [m for m in post.mails(address) if ticket["ticket_no"] in m["Subject"]])
    assert f"follows ticket {case.ticket_no}" in told.as_string().replace("=\n", "").replace("\n", " ")

    post.send(address, parseaddr(mail["Reply-To"])[1], "And still dark")

    again = post.ticket(post.settled(address, before + 2)[0])
    assert [entry["type"] for entry in again["history"]].count("contact_taken") == 1
    rows = outside.workbench.call("notify", "find_messages", ticket_no=again["ticket_no"])["messages"]
    assert [row for row in rows if row["event"] == "contact_taken"] == [], "one acknowledgement a day"


def _is_no_ticket_yet(reply: dict[str, Any]) -> bool:
    return reply["state"] == "ticket" and reply["ticket_no"] is None


def _survey(post: Post, address: str) -> Message:
    return eventually(lambda: next((m for m in post.mails(address) if "How did we do" in m["Subject"]), None))


def test_a_new_mail_becomes_a_ticket_and_is_acknowledged(post: Post, address: str) -> None:
    post.send(address, "loopdesk@example.com", "Please call me.", subject="My bill")

    (reply,) = post.settled(address, 1)
    ticket = post.ticket(reply)
    assert (reply["state"], ticket["channel"], ticket["subject"], ticket["text"].strip()) == (
        "ticket",
        "email",
        "My bill",
        "Please call me.",
    )
    (answer,) = eventually(lambda: post.mails(address))
    assert (answer["Auto-Submitted"], ticket["ticket_no"] in answer["Subject"]) == ("auto-generated", True)


@pytest.mark.parametrize(
    "headers", [{"Auto_Submitted": "auto-replied"}, {"Precedence": "bulk"}, {"List_Id": "x.example"}]
)
def test_a_machines_mail_is_kept_and_never_answered(post: Post, address: str, headers: dict[str, str]) -> None:
    post.send(address, "loopdesk@example.com", "I am on holiday", **headers)

    (reply,) = post.settled(address, 1)
    assert (reply["state"], reply["ticket_no"]) == ("automatic", None)
    assert post.mails(address) == []


@pytest.mark.parametrize("field", ["From", "Reply-To"])
def test_two_machines_that_answer_each_other_end_after_one_answer_each(post: Post, address: str, field: str) -> None:
    """The other one is badly behaved: no header says that it is a machine, and it answers every mail that it gets."""
    post.send(address, "loopdesk@example.com", "I answer everything", subject="Automatic")
    post.settled(address, 1)
    answered: set[str] = set()

    for round_ in range(2, 5):
        got = {mail["Message-ID"]: mail for mail in post.mails(address)} if answered else _first(post, address)
        new = got.keys() - answered
        if not new:
            break
        for mail_id in new:
            post.send(address, parseaddr(got[mail_id][field])[1], f"I have got your mail {round_}", subject="Automatic")
        answered |= new
        post.settled(address, 1 + len(answered))

    tickets = {reply["ticket_no"]: post.ticket(reply) for reply in post.settled(address, 2)}
    told = [entry["type"] for ticket in tickets.values() for entry in ticket["history"]]
    assert told.count("contact_taken") == 1
    assert len(post.mails(address)) == 1


def _first(post: Post, address: str) -> dict[str, Message]:
    return {mail["Message-ID"]: mail for mail in eventually(lambda: post.mails(address))}


def test_stop_by_mail_stops_and_says_so_once_whatever_case_its_sender_is_in(
    outside: Outside, post: Post, address: str
) -> None:
    _, mail = resolved(outside, post, address)

    for count, sender in ((1, address.upper()), (2, address)):
        post.send(sender, parseaddr(mail["Reply-To"])[1], "Unsubscribe")
        assert {reply["state"] for reply in post.settled(address, count)} == {"answered"}

    (told,) = eventually(lambda: [m for m in post.mails(address) if "no more messages" in m["Subject"]])
    assert told["Auto-Submitted"] == "auto-generated"
    rows = outside.workbench.call("notify", "find_messages", recipient=f"address:{address}")["messages"]
    assert [(row["event"], row["channel"]) for row in rows] == [("contact_unsubscribed", "email")]


def test_stop_by_the_token_of_a_mail_counts_for_where_that_mail_went(
    outside: Outside, post: Post, address: str
) -> None:
    _, mail = resolved(outside, post, address)
    elsewhere = f"{uuid4().hex[:12]}@example.com"

    post.send(elsewhere, parseaddr(mail["Reply-To"])[1], "stop")

    post.settled(elsewhere, 1)
    said = [outside.callcentre.call("notify", "get_preferences", address=one) for one in (address, elsewhere)]
    assert [preferences["opted_out"] for preferences in said] == [["*"], []]
    eventually(lambda: [m for m in post.mails(address) if "no more messages" in m["Subject"]])


@pytest.mark.parametrize(("subject", "text"), [("Hello", "  退订。 "), ("STOP", ""), ("unsubscribe!", " \n")])
def test_a_fresh_mail_that_says_nothing_but_stop_stops_and_is_answered_once(
    outside: Outside, post: Post, address: str, subject: str, text: str
) -> None:
    for count, sender in ((1, address), (2, address.title())):
        post.send(sender, "loopdesk@example.com", text, subject=subject)
        post.settled(address, count)

    assert [(reply["state"], reply["ticket_no"]) for reply in post.replies(address)] == [("answered", None)] * 2
    stopped = outside.callcentre.call("notify", "get_preferences", address=address)
    assert stopped["opted_out"] == ["*"]
    (told,) = eventually(lambda: post.mails(address))
    assert told["Auto-Submitted"] == "auto-generated"


@pytest.mark.parametrize(("subject", "text"), [("STOP", "Water comes through the ceiling"), ("Re: T-1 stop", "")])
def test_stop_beside_anything_else_is_for_a_person(post: Post, address: str, subject: str, text: str) -> None:
    post.send(address, "loopdesk@example.com", text, subject=subject)

    assert post.settled(address, 1)[0]["state"] == "ticket"


def test_a_picture_called_stop_is_for_a_person(post: Post, address: str) -> None:
    picture = {"name": "bus.jpg", "content_type": "image/jpeg", "size": 7_000}

    post.inbound.mail(address, "", subject="Stop", attachments=[picture])

    assert post.settled(address, 1)[0]["state"] == "ticket"


def test_a_machine_that_says_stop_and_start_for_ever_hears_no_more_than_the_limit_of_a_day(
    post: Post, address: str
) -> None:
    for count, word in enumerate(("stop", "start", "stop", "start", "stop"), 1):
        post.send(address, "loopdesk@example.com", word)
        post.settled(address, count)

    # whoever writes next is told of a ticket: by then all that was to be said about STOP is said
    post.send(address, "loopdesk@example.com", "Please call me.", subject="My bill")
    post.settled(address, 6)
    eventually(lambda: [mail for mail in post.mails(address) if "My bill" in mail["Subject"]])
    told = eventually(lambda: [mail for mail in post.mails(address) if "no more messages" in mail["Subject"]])
    assert len(told) == 1
