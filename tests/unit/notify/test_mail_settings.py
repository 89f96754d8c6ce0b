"""What operators set for mails, read at the start; what cannot be is refused by name."""

from pathlib import Path

import pytest

from services.notify.consumers.email import MailSettings
from services.notify.consumers.mail import ALL, FAILURE
from services.notify.consumers.mail_receiver import ReceiverSettings
from shared.clock import SystemClock
from shared.settings import MissingSettings

OUT = {"SMTP_URI": "smtps://relay", "SMTP_FROM": "Desk <desk@example.com>"}
IN = {
    "LOOPDESK_AMQP_URI": "amqp://mail-receiver:x@broker/v",
    "MAIL_LISTEN": "[::1]:2524",
    "SMTP_FROM": "desk@example.com",
}


def test_a_consumer_needs_a_relay_and_an_address():
    settings = MailSettings.load(OUT)
    assert (settings.relay.host, settings.relay.mails_per_line, settings.relay.idle) == ("relay", 100, 60.0)
    assert (settings.style.own.address, settings.style.bounces, settings.style.most) == (
        "desk@example.com",
        None,
        10_000_000,
    )
    assert (settings.attachments.folder, settings.attachments.hosts, settings.rates) == (None, frozenset(), {})


def test_everything_else_may_be_set():
    settings = MailSettings.load(
        OUT
        | {
            "SMTP_PACE": "qq.com=5/s",
            "SMTP_MAX_BYTES": "5000",
            "MAIL_BOUNCES": "all",
            "ATTACHMENTS": "/srv/files",
            "ATTACHMENT_HOSTS": "Files.example.com, b.example.com",
            "SMTP_MAILS_PER_LINE": "7",
            "SMTP_IDLE": "5",
            "SMTP_LINES": "4",
        }
    )
    assert (settings.rates, settings.style.bounces, settings.style.most) == ({"qq.com": 5.0}, ALL, 5000)
    assert settings.attachments.folder == Path("/srv/files")
    assert settings.attachments.hosts == {"files.example.com", "b.example.com"}
    assert (settings.attachments.most, settings.relay.mails_per_line, settings.relay.idle) == (5000, 7, 5.0)
    assert settings.mailer(SystemClock()).window == 4
    assert MailSettings.load(OUT | {"MAIL_BOUNCES": "1"}).style.bounces == FAILURE


@pytest.mark.parametrize(
    "wrong",
    [
        {"SMTP_URI": "relay:25"},
        {"SMTP_URI": "smtp://desk:secret@relay"},
        {"SMTP_FROM": "desk"},
        {"SMTP_FROM": "客@example.com"},
        {"SMTP_FROM": ""},
        {"SMTP_PACE": "fast"},
        {"SMTP_MAX_BYTES": "much"},
        {"MAIL_BOUNCES": "yes"},
        {"SMTP_LINES": "0"},
        {"SMTP_CA_FILE": "/nowhere.pem"},
    ],
)
def test_a_consumer_with_wrong_settings_does_not_start(wrong):
    with pytest.raises(MissingSettings) as refused:
        MailSettings.load(OUT | wrong)
    assert next(iter(wrong)) in str(refused.value)
    assert "secret" not in str(refused.value)


def test_a_receiver_needs_a_place_and_an_address():
    settings = ReceiverSettings.load(IN)
    assert (settings.host, settings.port, settings.own.domain) == ("::1", 2524, "example.com")
    assert (settings.lmtp, settings.max_bytes, settings.connections, settings.tls) == (False, 10_000_000, 20, None)
    assert ReceiverSettings.load(IN | {"MAIL_DESK": "Info, service", "MAIL_PROTOCOL": "lmtp"}).desks == {
        "info",
        "service",
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"MAIL_LISTEN": "nowhere"},
        {"MAIL_PROTOCOL": "pop3"},
        {"SMTP_FROM": "desk"},
        {"MAIL_CONNECTIONS": "many"},
        {"MAIL_TLS_CERT": "/nowhere.pem"},
    ],
)
def test_a_receiver_with_wrong_settings_does_not_start(wrong):
    with pytest.raises(MissingSettings, match=next(iter(wrong))):
        ReceiverSettings.load(IN | wrong)
