"""A mail that came in as what notify is told: an answer, a receipt, or nothing."""

import json

import pytest

from services.notify.consumers.mail_addresses import Incoming, OwnAddress, incoming
from services.notify.consumers.mail_inbound import LONGEST_TEXT, Taken, Unparsable, told_of
from shared.events import Event
from tests.unit.notify.builders import NOON

OWN = OwnAddress.of("Desk <desk@example.com>")
RETURNED = b"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nSubject: x\r\nMessage-ID: <m-7@example.com>\r\n\r\n"


def told(data, recipient="desk@example.com", return_path="kunde@example.org"):
    meant = incoming(recipient, OWN, frozenset())
    return told_of(Taken(data, return_path, recipient, meant, NOON), OWN, "mail-receiver")


def a_mail(body="hello", **headers):
    lines = {"From": "Kunde <kunde@example.org>", "Message_ID": "<k-1@example.org>", **headers}
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in lines.items())
    return f"{head}\r\n{body}\r\n".encode("utf-8", "surrogateescape")


def a_report(*blocks, returned=b"", sender="MAILER-DAEMON@mx.example.org"):
    """A report in the form of RFC 3464."""
    head = f"From: {sender}\r\nMIME-Version: 1.0\r\nAuto-Submitted: auto-replied\r\nMessage-ID: <r@mx.example.org>\r\n"
    head += 'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
    text = "--b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
    text += "Reporting-MTA: dns; mx.example.org\r\n\r\n" + "\r\n\r\n".join(blocks) + "\r\n\r\n"
    return (head + text).encode() + returned + b"--b--\r\n"


def a_block(action="failed", status="5.1.1", diagnostic=None):
    lines = ["Final-Recipient: rfc822; x@example.org"]
    lines += [f"Action: {action}"] if action else []
    lines += [f"Status: {status}"] if status else []
    lines += [f"Diagnostic-Code: {diagnostic}"] if diagnostic else []
    return "\r\n".join(lines)


def outcome(event):
    return (event.data["message_id"], event.data["state"], event.data["detail"])


# whose it is


@pytest.mark.parametrize(
    ("address", "meant"),
    [
        ("bounce+m-7@example.com", Incoming("bounce", "m-7")),
        ("Bounce+M-7@EXAMPLE.com", Incoming("bounce", "M-7")),
        ("bounce@example.com", Incoming("bounce", None)),
        ("reply+Tok@example.com", Incoming("reply", "Tok")),
        ("reply+a+b@example.com", Incoming("reply", "a+b")),
        ("DESK@example.com", Incoming("desk", None)),
        ("info@example.com", Incoming("desk", None)),
        ("reply@example.com", None),
        ("desk+x@example.com", None),
        ("desk@example.org", None),
        ("desk@sub.example.com", None),
        ("desk", None),
        ("", None),
    ],
)
def test_what_an_address_stands_for(address, meant):
    assert incoming(address, OWN, frozenset({"info"})) == meant


# reports


def test_a_report_of_a_failure_to_a_named_address_is_a_receipt():
    event = told(a_report(a_block()), "bounce+m-7@example.com", "")
    assert (event.id, event.type, event.number) == ("m-7/failed", "receipt", 3)
    assert outcome(event) == ("m-7", "failed", "5.1.1")
    assert event.data["consumer"] == "mail-receiver"


def test_a_report_of_success_is_a_receipt():
    report = a_report(a_block("delivered", "2.0.0"))
    assert outcome(told(report, "bounce+m-7@example.com", "")) == ("m-7", "delivered", "2.0.0")


@pytest.mark.parametrize("block", [a_block("delayed", "4.4.1"), a_block(None, "4.4.1"), a_block("delayed", "5.0.0")])
def test_a_report_of_a_delay_is_nothing(block):
    assert told(a_report(block), "bounce+m-7@example.com", "") is None


@pytest.mark.parametrize("action", ["relayed", "expanded"])
def test_a_report_that_proves_nothing_is_a_mail_like_others(action):
    event = told(a_report(a_block(action, "2.0.0")), "bounce+m-7@example.com", "")
    assert (event.type, event.data["automatic"]) == ("mail_received", "bounce")


@pytest.mark.parametrize(
    ("block", "detail"),
    [
        (a_block("failed", "5.0.0", "smtp; 550 5.1.1 no such user"), "5.1.1 smtp; 550 5.1.1 no such user"),
        (a_block("failed", "5.2.2", "smtp; 552 5.1.1 full"), "5.2.2 smtp; 552 5.1.1 full"),
        (a_block("failed", "4.4.7"), "4.4.7"),  # given up after days
        (a_block("failed (bad address)", "5.1.1 (user unknown)"), "5.1.1"),
        (a_block("error", "5.1.1"), "5.1.1"),
        (a_block("failed", None, "smtp; 550 no such user"), "5.0.0 smtp; 550 no such user"),
        (a_block(None, "5.7.1"), "5.7.1"),
        (a_block("failed", None), "5.0.0"),
        (a_block("failed", "5.0.0", "x" * 500), "5.0.0 " + "x" * 194),
    ],
)
def test_the_detail_begins_with_the_status(block, detail):
    assert outcome(told(a_report(block), "bounce+m-7@example.com", "")) == ("m-7", "failed", detail)


def test_of_several_recipients_a_failure_counts():
    report = a_report(a_block("delivered", "2.0.0"), a_block("failed", "5.1.1"))
    assert outcome(told(report, "bounce+m-7@example.com", "")) == ("m-7", "failed", "5.1.1")


@pytest.mark.parametrize(
    "returned",
    [
        RETURNED,
        RETURNED.replace(b"text/rfc822-headers", b"message/rfc822"),
        RETURNED.replace(b"Message-ID", b"message-id"),
        RETURNED.replace(b"Message-ID: <", b"Message-ID:\r\n <").replace(b"text/rfc822-headers", b"message/rfc822"),
    ],
)
@pytest.mark.parametrize("recipient", ["bounce@example.com", "desk@example.com", "reply+t@example.com"])
def test_a_report_to_another_address_is_known_by_the_mail_that_it_returns(recipient, returned):
    assert outcome(told(a_report(a_block(), returned=returned), recipient, "")) == ("m-7", "failed", "5.1.1")


def test_a_report_may_name_the_message_by_its_envelope():
    report = a_report(a_block()).replace(b"Reporting-MTA", b"Original-Envelope-Id: m-9@example.com\r\nReporting-MTA")
    assert outcome(told(report, "bounce@example.com", "")) == ("m-9", "failed", "5.1.1")


def test_a_report_of_a_mail_that_is_not_ours_is_nothing():
    returned = RETURNED.replace(b"@example.com", b"@elsewhere.example")
    assert told(a_report(a_block(), returned=returned), "desk@example.com", "") is None


QMAIL = (
    "From: MAILER-DAEMON@mx.example.org\r\nSubject: failure notice\r\n\r\n"
    "Hi. This is the qmail-send program at mx.example.org.\r\n"
    "I'm afraid I wasn't able to deliver your message to the following addresses.\r\n"
    "This is a permanent error; I've given up. Sorry it didn't work out.\r\n\r\n"
    "<x@example.org>:\r\n{said}\r\n\r\n"
    "--- Below this line is a copy of the message.\r\n\r\nMessage-ID: <m-7@example.com>\r\nSubject: x\r\n\r\ntext\r\n"
)


@pytest.mark.parametrize("recipient", ["bounce+m-7@example.com", "bounce@example.com"])
@pytest.mark.parametrize(
    ("said", "status"),
    [("Sorry, no mailbox here by that name. (#5.1.1)", "5.1.1"), ("550 unknown", "5.0.0"), ("Sorry.", "5.0.0")],
)
def test_a_bounce_of_an_older_form_is_a_receipt_too(recipient, said, status):
    assert outcome(told(QMAIL.format(said=said).encode(), recipient, "")) == ("m-7", "failed", status)


def test_a_person_who_quotes_a_bounce_has_not_bounced():
    quoting = QMAIL.format(said="550").replace("MAILER-DAEMON@mx.example.org", "kunde@example.org").encode()
    assert told(quoting, "desk@example.com").type == "mail_received"


def test_an_absence_note_to_the_envelope_is_a_mail_that_nobody_answers():
    note = a_mail("I am away until Monday.", Auto_Submitted="auto-replied", Subject="Away")
    event = told(note, "bounce+m-7@example.com", "")
    assert (event.type, event.data["automatic"], event.data["token"]) == ("mail_received", "auto_submitted", None)


# mails


def test_a_mail_is_told_with_what_it_answers():
    event = told(
        a_mail(
            "5\r\n\r\n> 1-5?",
            Subject="=?gb2312?B?wvrS4g==?=",
            In_Reply_To="<m-7@example.com>",
            References="<T-1@example.com>\r\n <m-7@example.com>",
        ),
        "reply+Tok@example.com",
    )
    assert event.data == {
        "from": "kunde@example.org",
        "return_path": "kunde@example.org",
        "to": "reply+Tok@example.com",
        "token": "Tok",
        "mail_id": "k-1@example.org",
        "in_reply_to": "m-7@example.com",
        "references": ["T-1@example.com", "m-7@example.com"],
        "subject": "满意",
        "text": "5",
        "automatic": None,
        "received_at": "2026-03-02T12:00:00.000Z",
        "consumer": "mail-receiver",
        "attachments": [],
    }
    assert Event.from_wire(json.loads(json.dumps(event.to_wire()))) == event


def test_the_same_mail_to_the_same_address_is_the_same_event():
    assert told(a_mail()).id == told(a_mail()).id
    assert told(a_mail()).id != told(a_mail(), "reply+t@example.com").id


def test_a_mail_without_an_id_is_known_by_what_stays_the_same():
    first, again, other = (
        a_mail(body, Message_ID="", Received=f"by mx{n}") for n, body in enumerate(("one", "one", "two"))
    )
    assert told(first).id == told(again).id
    assert told(first).id != told(other).id
    assert told(first).data["mail_id"] is None


@pytest.mark.parametrize(
    ("sender", "author"),
    [
        ("Kunde <kunde@example.org>", "kunde@example.org"),
        ("kunde@example.org (Kunde)", "kunde@example.org"),
        ('"Kunde, Karl" <kunde@example.org>', "kunde@example.org"),
        ("=?utf-8?q?boss=40example=2Ecom=2C?= <kunde@example.org>", "kunde@example.org"),
        ("满意 <kunde@例子.测试>", "kunde@例子.测试"),
        ("nobody", "envelope@example.org"),
        ("", "envelope@example.org"),
    ],
)
def test_the_author_is_who_from_names(sender, author):
    assert told(a_mail(From=sender), return_path="envelope@example.org").data["from"] == author


def test_what_came_with_a_mail_is_named_and_counted():
    parts = (
        b"--b\r\nContent-Type: text/plain\r\n\r\nsee files\r\n"
        b"--b\r\nContent-Type: image/png; name*=gbk''%C2%FA.png\r\nContent-Transfer-Encoding: base64\r\n\r\nAAEC\r\n"
        b'--b\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename="=?gbk?B?wvo=?=.txt"\r\n\r\n'
        b"xy\r\n"
        b"--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\ntext\r\n--b--\r\n"
    )
    event = told(a_mail(Content_Type="multipart/mixed; boundary=b")[:-9] + b"\r\n" + parts)
    assert event.data["attachments"] == [
        {"name": "满.png", "content_type": "image/png", "size": 3},
        {"name": "满.txt", "content_type": "text/plain", "size": 2},
        {"name": "", "content_type": "message/rfc822", "size": 0},
    ]
    assert event.data["text"] == "see files"


def test_everything_has_an_end():
    long = a_mail(
        "x" * 30_000,
        Subject="s" * 2_000,
        References=" ".join(f"<{n}@example.org>" for n in range(200)),
        From=f"<{'a' * 300}@example.org>",
    )
    said = told(long).data
    assert (len(said["text"]), len(said["subject"]), len(said["references"])) == (LONGEST_TEXT, 500, 50)
    assert said["references"][-1] == "199@example.org"
    assert said["from"] == "kunde@example.org"


def test_a_mail_in_a_mail_in_a_mail_is_refused():
    deep = "".join(f'Content-Type: multipart/mixed; boundary="{n}"\r\n\r\n--{n}\r\n' for n in range(40))
    with pytest.raises(Unparsable):
        told(deep.encode())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n",
        b"\x00\xff",
        b"no header at all",
        b"From: \xff\xfe\r\n\r\n\xff",
        b"Content-Type: multipart/mixed\r\n\r\nno boundary",
        b"Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n\xff",
        b"Content-Type: text/html; charset=\xff\r\n\r\n<p>x",
        b"Content-Transfer-Encoding: base64\r\n\r\n\xff\xff",
        b"Content-Type: message/rfc822\r\n\r\n",
        b"From: a@b\r\nMessage-ID: <>\r\nReferences: <<>>\r\n\r\n",
        b'Content-Type: text/plain; name="=?x?=\r\n\r\nx',
        b"Content-Type: text/plain; name*0*=utf-8''a; name*=b\r\n\r\nx",
        b"Content-Type: text/plain; name*=utf-8\x00''a; charset*0=x; charset*=y\r\n\r\nx",
    ],
)
@pytest.mark.parametrize("recipient", ["desk@example.com", "bounce+m-7@example.com"])
def test_no_mail_is_too_odd(data, recipient):
    event = told(data, recipient, "")
    assert event is None or json.dumps(event.to_wire()).encode()


@pytest.mark.parametrize("recipient", ["reply+\udcff@example.com", "bounce+\udcff@example.com"])
def test_an_envelope_with_octets_that_are_no_utf_8_can_be_told_of(recipient):
    event = told(a_report(a_block()) if recipient.startswith("bounce") else a_mail(), recipient, "\udce9@example.org")
    assert json.loads(json.dumps(event.to_wire(), ensure_ascii=False).encode())["type"] == event.type


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_mails_without_an_id_are_told_apart_by_what_they_say_however_their_lines_end(end):
    first, again, other = (
        told(b"Received: by %d\r\nFrom: kunde@example.org\r\n\r\n%s\r\n".replace(b"\r\n", end) % (hop, text))
        for hop, text in ((1, b"My street is dark"), (2, b"My street is dark"), (3, b"It is light again"))
    )

    assert first.id == again.id
    assert first.id != other.id
