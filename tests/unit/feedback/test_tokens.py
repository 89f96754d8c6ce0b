"""Survey tokens and the events that carry them."""

from __future__ import annotations

import pytest

from services.feedback.domain.case import send_survey
from services.feedback.events import published
from services.feedback.tokens import SECRET, Tokens, token_hash
from shared.settings import MissingSettings
from tests.unit.feedback.builders import MONDAY, TOKENS, an_awaited_case, an_open_case, days, resolution


def test_the_same_case_has_the_same_token_again():
    assert TOKENS.token("W-0001/0") == Tokens("a secret for tests only").token("W-0001/0")


def test_another_round_or_another_secret_has_another_token():
    made = {TOKENS.token("W-0001/0"), TOKENS.token("W-0001/1"), Tokens("another secret").token("W-0001/0")}
    assert len(made) == 3


def test_a_token_is_24_characters_that_need_no_escaping_in_a_link():
    assert len(TOKENS.token("W-0001/0")) == 24
    assert set(TOKENS.token("工单/0")) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")


def test_only_the_event_tells_the_token_and_the_case_keeps_its_hash():
    token = TOKENS.token("W-0001/0")
    case, (fact,) = send_survey(an_awaited_case(), MONDAY, resolution(), days=5, token_hash=token_hash(token))
    assert token not in repr(case)
    assert token not in repr(fact)
    assert published(TOKENS.token)["survey_due"](case, fact) == {
        "case_no": "W-0001/0",
        "order_no": "W-0001",
        "ticket_no": "T-0001",
        "customer_id": "C-1",
        "team": "network",
        "priority": "P2",
        "round": 0,
        "token": token,
        "expires_at": MONDAY + days(5),
    }


def test_an_open_case_is_found_by_the_hash_of_its_token():
    assert an_open_case().token_hash == token_hash(TOKENS.token("W-0001/0"))


@pytest.mark.parametrize("secret", ["", "short"])
def test_a_process_without_a_proper_secret_does_not_start(monkeypatch: pytest.MonkeyPatch, secret: str):
    monkeypatch.setenv(SECRET, secret)
    with pytest.raises(MissingSettings, match=SECRET):
        Tokens.from_environment()
