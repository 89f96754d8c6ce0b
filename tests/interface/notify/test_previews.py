"""Rules and templates tried on the running service: nothing is written, nobody is told."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from shared.client import Client
from shared.errors import NotFound, ValidationError
from tests.interface.notify.reference import apply
from tests.support import eventually


@pytest.fixture(scope="module")
def desk(stack: Any) -> Client:
    apply(stack)
    client: Client = stack.client("callcentre")
    return client


@pytest.fixture(scope="module")
def customer_id(stack: Any, desk: Client) -> str:
    saved = stack.client("importer").command(
        "intake", "save_customer", name="示例客户", email=f"{uuid4().hex}@example.com", time_zone="America/New_York"
    )
    customer_id = str(saved["customer_id"])
    eventually(lambda: desk.call("notify", "preview_rules", event="work_closed", customer_id=customer_id))
    return customer_id


def rule_for(desk: Client, event: str, audience: str, **asked: Any) -> dict[str, Any]:
    rules = desk.call("notify", "preview_rules", event=event, **asked)["rules"]
    (rule,) = [one for one in rules if (one["event"], one["audience"]) == (event, audience)]
    return dict(rule)


def test_a_customer_is_told_by_the_channel_that_there_is_an_address_for(desk: Client, customer_id: str) -> None:
    rule = rule_for(desk, "survey_due", "customer", customer_id=customer_id)
    assert rule["acts"] is True
    (notice,) = rule["notices"]
    assert (notice["recipient"], notice["channel"]) == (f"customer:{customer_id}", "email")
    assert notice["refused"] == [{"channel": "sms", "why": "no_address"}]


def test_a_notice_says_what_would_become_of_it_now(stack: Any, desk: Client, customer_id: str) -> None:
    (notice,) = rule_for(desk, "work_closed", "customer", customer_id=customer_id)["notices"]
    assert (notice["state"], notice["reason"]) == ("handed_over", None)

    desk.command("notify", "set_preferences", customer_id=customer_id, opted_out=["progress"])

    (notice,) = rule_for(desk, "work_closed", "customer", customer_id=customer_id)["notices"]
    assert notice["to"] is None
    assert {"channel": "email", "why": "opted_out"} in notice["refused"]


def test_a_rule_whose_condition_does_not_hold_says_so(desk: Client) -> None:
    assert rule_for(desk, "work_lapsed", "supervisor", data={"offers": 3})["acts"] is True
    assert rule_for(desk, "work_lapsed", "supervisor", data={"offers": 4})["why_not"] == "condition"


def test_what_no_event_says_is_refused_by_name(desk: Client) -> None:
    with pytest.raises(ValidationError) as refused:
        desk.call("notify", "preview_rules", event="work_lapsed", data={"colour": "red"})
    assert list(refused.value.fields) == ["data.colour"]
    with pytest.raises(NotFound):
        desk.call("notify", "preview_rules", event="work_closed", customer_id="C-nobody")


def test_a_template_is_written_in_the_recipients_language_and_zone(desk: Client) -> None:
    asked = {"template": "work_closed", "channel": "email", "data": {"customer_name": "Example & Sons"}}
    shown = desk.call("notify", "preview_template", language="en", zone="America/New_York", **asked)
    assert "Dear Example & Sons," in shown["text"]
    assert "Example &amp; Sons" in shown["html"]
    assert "Mar 2, 2026 08:00" in shown["text"]
    other = desk.call("notify", "preview_template", language="fr", **asked)
    assert (other["language"], "2026年3月2日 21:00" in other["text"]) == ("zh-CN", True)


def test_a_text_that_is_not_there_is_not_found(desk: Client) -> None:
    with pytest.raises(NotFound):
        desk.call("notify", "preview_template", template="work_assigned", channel="sms")


def test_a_preview_writes_nothing(stack: Any, desk: Client, customer_id: str) -> None:
    ledger = stack.database["notify_messages"]
    rule_for(desk, "work_closed", "customer", customer_id=customer_id)
    assert ledger.count_documents({"recipient": f"customer:{customer_id}"}) == 0
