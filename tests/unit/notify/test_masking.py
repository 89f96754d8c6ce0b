"""What relays and gateways say is kept without where the message went."""

from __future__ import annotations

import pytest

from services.notify.consumers.message import Outcome, receipt
from services.notify.domain import ledger
from services.notify.domain.masking import without_addresses
from tests.unit.notify.builders import NOON, a_message


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("550 5.1.1 <ann@example.com>: unknown", "550 5.1.1 <…>: unknown"),
        ("no mailbox ann.o'x+a@example.com here", "no mailbox ann.o'… here"),
        ("rfc822; ann@example.com, bob@例子.cn", "rfc822; …, …"),
        ("no such number +44 1164 960403", "no such number …"),
        ("absent: 8613800138000", "absent: …"),
        ("250 2.0.0 Ok: queued as 4KabC123456789", "250 2.0.0 Ok: queued as 4KabC123456789"),
        ("452 4.2.2 full since 2026-03-02", "452 4.2.2 full since 2026-03-02"),
        ("smpp 0x0000000b", "smpp 0x0000000b"),
    ],
)
def test_an_address_or_phone_number_is_left_out_and_all_else_stays(said: str, kept: str) -> None:
    assert without_addresses(said) == kept


def test_a_receipt_holds_no_address_whatever_the_relay_said() -> None:
    outcome = Outcome("failed", "550 5.1.1 <ann@example.com>: unknown")
    assert receipt("m", "email", outcome, "email-consumer", NOON).data["detail"] == "550 5.1.1 <…>: unknown"


def test_the_ledger_keeps_no_address_that_somebody_elses_receipt_holds() -> None:
    row = a_message(state=ledger.HANDED_OVER)
    after, facts = ledger.receive(row, NOON, state="failed", channel=row.channel, detail="no <ann@example.com>")
    assert (after.detail, facts[0].data["detail"]) == ("no <…>", "no <…>")
