from datetime import timedelta

import pytest

from services.notify.domain.kinds import FOR_CUSTOMERS, KINDS, OF_ALL
from services.notify.domain.rules import notice_of
from services.notify.store import build
from tests.unit.notify.builders import a_customer, the_config

ABOUT_A_VISIT = ("appointment_set", "appointment_changed", "appointment_cancelled")
RULES = build(the_config(), 1)


def rule(event):
    return next(one for one in RULES.rules if (one.event, one.audience) == (event, "customer"))


@pytest.mark.parametrize("event", ABOUT_A_VISIT)
def test_whoever_would_wait_at_home_for_nothing_is_called_when_no_text_reaches_them(event):
    notice = notice_of(rule(event), "customer:c-7", [a_customer()])
    assert (notice.channel, notice.then) == ("sms", ("email", "call"))


@pytest.mark.parametrize("event", ABOUT_A_VISIT)
@pytest.mark.parametrize(("language", "opening"), [("zh-CN", "告知客户："), ("en", "Tell them: ")])
def test_what_an_agent_reads_out_asks_for_no_reply_by_text(event, language, opening):
    said = {**KINDS[event], **OF_ALL, **FOR_CUSTOMERS}
    _, content = RULES.written(event, "call", language, said)
    assert content.text.startswith(opening)
    assert "Reply" not in content.text
    assert "回复" not in content.text


@pytest.mark.parametrize("event", ABOUT_A_VISIT)
def test_nobody_is_called_about_a_visit_that_has_changed_again(event):
    assert {"appointment_changed"} <= set(rule(event).obsolete)


@pytest.mark.parametrize("event", ["appointment_set", "appointment_changed"])
def test_nobody_is_called_about_a_visit_whose_work_is_over(event):
    assert {"work_resolved", "work_withdrawn", "work_closed"} <= set(rule(event).obsolete)


def test_there_is_time_for_the_call_after_both_texts_were_given_up():
    limits = RULES.limits
    silence = 2 * (limits.after["normal"] + limits.limit["normal"])
    assert all(rule(event).valid_for >= silence + timedelta(hours=12) for event in ABOUT_A_VISIT)
