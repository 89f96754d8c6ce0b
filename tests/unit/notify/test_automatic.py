"""Machines' mails are told from people's (RFC 3834), so that nobody answers a machine."""

import pytest

from services.notify.domain.automatic import REASONS, Marks, automatic


def a_mail(return_path="kunde@example.org", author="kunde@example.org", content_type="text/plain", **headers):
    given = {name.replace("_", "-"): [value] for name, value in headers.items()}
    return Marks(return_path, author, content_type, given)


def test_a_persons_mail_is_not_automatic():
    assert automatic(a_mail(subject="Re: T-1", auto_submitted="no", precedence="normal", x_mailer="Mail")) is None


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"content_type": "multipart/report"}, "bounce"),
        ({"x_failed_recipients": "a@example.org"}, "bounce"),
        ({"auto_submitted": "auto-replied"}, "auto_submitted"),
        ({"auto_submitted": "auto-generated; owner-email=x"}, "auto_submitted"),
        ({"auto_submitted": "AUTO-NOTIFIED (vacation)"}, "auto_submitted"),
        ({"x_autoreply": "yes"}, "auto_submitted"),
        ({"x_autorespond": ""}, "auto_submitted"),
        ({"author": "MAILER-DAEMON@mx.example.org"}, "mailer_daemon"),
        ({"author": "Postmaster@example.org"}, "mailer_daemon"),
        ({"author": "no-reply@shop.example"}, "mailer_daemon"),
        ({"return_path": "mailer-daemon@example.org"}, "mailer_daemon"),
        ({"return_path": ""}, "no_return_path"),
        ({"return_path_": "", "return-path": " <> "}, "no_return_path"),
        ({"list_id": "<users.example.org>"}, "list"),
        ({"list_unsubscribe": "<https://example.org/u>"}, "list"),
        ({"return_path": "owner-users@example.org"}, "list"),
        ({"return_path": "users-request@example.org"}, "list"),
        ({"return_path": "users-bounces@example.org"}, "list"),
        ({"precedence": "Bulk"}, "precedence"),
        ({"precedence": "auto_reply"}, "precedence"),
        ({"x_auto_response_suppress": "DR, OOF, AutoReply"}, "suppressed"),
        ({"x_auto_response_suppress": "All"}, "suppressed"),
    ],
)
def test_each_mark_of_a_machine_is_known(given, reason):
    assert automatic(a_mail(**given)) == reason


@pytest.mark.parametrize(
    "given",
    [
        {"author": "postmaster.general@example.org"},
        {"return_path": "it-admin@example.org"},
        {"auto_submitted": "No"},
        {"x_auto_response_suppress": "DR, RN"},
        {"precedence": "first-class"},
    ],
)
def test_what_only_looks_like_one_is_not(given):
    assert automatic(a_mail(**given)) is None


def test_the_surest_reason_is_told_where_several_hold():
    everything = a_mail(
        return_path="",
        author="mailer-daemon@example.org",
        content_type="multipart/report",
        auto_submitted="auto-replied",
        list_id="<x>",
        precedence="bulk",
        x_auto_response_suppress="All",
    )
    assert automatic(everything) == "bounce"


def test_two_automatic_writers_end_after_one_mail_each():
    """What we send is marked so that another Loopdesk does not answer it."""
    ours = a_mail(author="desk@example.com", auto_submitted="auto-generated", x_auto_response_suppress="OOF, AutoReply")
    assert automatic(ours) in REASONS
