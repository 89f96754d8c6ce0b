"""A message as an e-mail: what its headers say, what it carries, and what never becomes one."""

from email import message_from_bytes
from email.policy import default

import pytest

from services.notify.consumers.mail import ALL, FAILURE, NotMailable, Style, compose
from services.notify.consumers.mail_addresses import OwnAddress
from services.notify.consumers.mail_attachments import File
from tests.unit.notify.builders import NOON
from tests.unit.notify.test_consumer import a_message

OWN = OwnAddress.of("Desk <desk@example.com>")


def a_mail(files=(), style=None, **given):
    return compose(a_message(**given), style or Style(OWN), NOON, files)


def read(mail):
    return message_from_bytes(mail.data, policy=default)


def test_a_mail_has_text_and_html_and_says_that_a_machine_wrote_it():
    mail = read(a_mail())
    assert mail["Subject"] == "您的工单 T-1042 已关闭"
    assert mail["From"] == "Desk <desk@example.com>"
    assert (mail["Auto-Submitted"], mail["X-Auto-Response-Suppress"]) == ("auto-generated", "OOF, AutoReply")
    assert mail["Message-ID"] == f"<{a_message().message_id}@example.com>"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert mail.get_body(("plain",)).get_content().splitlines() == ["您好 🙂", ".", "结束"]


def test_what_a_message_does_not_say_has_no_header():
    mail = read(a_mail())
    for name in ("Reply-To", "References", "In-Reply-To", "List-Id", "Precedence", "List-Unsubscribe"):
        assert mail[name] is None


def test_answers_go_to_an_address_that_names_what_they_answer():
    assert read(a_mail(reply_to="Tok3n_-x"))["Reply-To"] == "reply+Tok3n_-x@example.com"


def test_all_mails_of_a_thread_hang_on_one_that_nobody_sent():
    mail = read(a_mail(thread="T-1042"))
    assert (mail["References"], mail["In-Reply-To"]) == ("<T-1042@example.com>", "<T-1042@example.com>")


def test_one_click_ends_a_list():
    mail = read(a_mail(unsubscribe="https://desk.example.com/u/" + "k" * 200, list_id="outages"))
    assert mail["List-Unsubscribe"] == f"<https://desk.example.com/u/{'k' * 200}>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert (mail["List-Id"], mail["Precedence"]) == ("<outages.example.com>", "bulk")


def test_without_bounces_the_desk_is_the_sender():
    mail = a_mail()
    assert (mail.sender, mail.envelope_id) == ("desk@example.com", None)


@pytest.mark.parametrize("notify", [FAILURE, ALL])
def test_with_bounces_the_envelope_names_the_message(notify):
    mail = a_mail(style=Style(OWN, notify), message_id="019cadd3f200aa-2")
    assert mail.sender == "bounce+019cadd3f200aa-2@example.com"
    assert (mail.envelope_id, mail.notify) == ("019cadd3f200aa-2@example.com", notify)


@pytest.mark.parametrize("message_id", ["m" * 58, ".begins", "ends.", "two..dots"])
def test_an_id_that_has_no_place_in_an_address_is_named_by_the_headers_only(message_id):
    mail = a_mail(style=Style(OWN, FAILURE), message_id=message_id)
    assert mail.sender == "bounce@example.com"
    assert read(mail)["Message-ID"] == f"<{message_id}@example.com>"


def test_a_mail_needs_seven_bits_and_short_lines_only():
    data = a_mail(text="长" * 5000).data
    assert data.isascii()
    assert max(len(line) for line in data.split(b"\r\n")) <= 998


def test_a_domain_of_any_script_is_written_as_every_relay_reads_it():
    mail = a_mail(to="kunde@bücher.example")
    assert (mail.to, mail.utf8) == ("kunde@xn--bcher-kva.example", False)
    assert read(mail)["To"] == "kunde@xn--bcher-kva.example"
    assert a_mail(to="kunde@例子.测试").to == "kunde@xn--fsqu00a.xn--0zwm56d"


def test_a_name_of_any_script_stays_as_it_is_and_needs_smtputf8():
    mail = a_mail(to="客户@例子.测试")
    assert (mail.to, mail.utf8) == ("客户@例子.测试", True)
    assert "To: 客户@例子.测试\r\n".encode() in mail.data


def test_files_go_with_the_mail_under_their_names():
    files = [File("保单.pdf", "application/pdf", b"%PDF"), File("a.eml", "message/rfc822", b"x: y\r\n\r\n")]
    (pdf, eml) = read(a_mail(files)).iter_attachments()
    assert (pdf.get_filename(), pdf.get_content_type(), pdf.get_content()) == ("保单.pdf", "application/pdf", b"%PDF")
    assert (eml.get_content_type(), eml.get_content()) == ("application/octet-stream", b"x: y\r\n\r\n")


def test_a_mail_that_is_too_large_with_all_that_it_carries_is_refused():
    style = Style(OWN, most=5000)
    assert a_mail(style=style).data
    with pytest.raises(NotMailable, match="too large"):
        a_mail([File("a.bin", "application/octet-stream", b"x" * 5000)], style)


LINES = ["a\r\nBcc: b@example.com", "a\nBcc: b@example.com", "a\rBcc: b@example.com"]


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize(
    "field", ["subject", "language", "message_id", "list_id", "thread", "unsubscribe", "to", "reply_to"]
)
def test_nothing_in_a_message_becomes_a_header_of_its_own(field, line):
    """Most of these are refused when the body is read; here is the last door."""
    try:
        mail = a_mail(**{field: line})
    except NotMailable:
        return
    assert read(mail)["Bcc"] is None
    assert b"b@example.com" not in mail.data  # a token that has no place in an address is left out


@pytest.mark.parametrize("line", LINES)
def test_a_files_name_becomes_no_header(line):
    try:
        mail = a_mail([File(line, "text/plain", b"x")])
    except NotMailable:
        return
    (file,) = read(mail).iter_attachments()
    assert file["Bcc"] is None


@pytest.mark.parametrize(
    "to", ["kunde@bücher..example", "a@example.com, b@example.com", "Name <a@example.com>", "nobody", "客@", ""]
)
def test_what_is_not_one_address_is_refused(to):
    with pytest.raises(NotMailable):
        a_mail(to=to)
