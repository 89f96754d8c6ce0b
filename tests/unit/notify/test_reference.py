from copy import deepcopy
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest

from services.notify.domain.kinds import KINDS
from services.notify.reference import LANGUAGES, NOTHING, duration
from services.notify.store import build
from shared.errors import ValidationError
from tests.unit.notify.builders import NOON, a_customer, an_occurrence, the_config, work

SURVEY = {
    "case_no": "W-1042/0",
    "order_no": "W-1042",
    "ticket_no": "T-1042",
    "customer_id": "c-7",
    "team": "network",
    "priority": "P2",
    "round": 0,
    "token": "a/b c",
    "expires_at": NOON,
}


def faults(change):
    body = deepcopy(the_config())
    change(body)
    with pytest.raises(ValidationError) as refused:
        build(body, 1)
    return refused.value.fields


@cache
def shipped():
    return build(the_config(), 1)


def messages(event, data, customer=None, body=None, **known):
    occurrence = an_occurrence(event=event, id=f"dispatch_orders/W-1042/{event}", **known)
    reference = build(body, 1) if body else shipped()
    return [message for message, _ in reference.messages(occurrence, data, customer)]


#: Whom these concern hears it by `work_assigned`, or asks for it; an operator may add rules.
UNTOLD = {"step_opened", "deadline_moved", "fee_recorded", "fee_voided"}


def test_the_shipped_configuration_is_valid_and_tells_of_all_that_somebody_must_know():
    assert {rule.event for rule in build(the_config(), 1).rules} == set(KINDS) - UNTOLD


def test_every_shipped_template_speaks_every_language():
    for name, channels in the_config()["templates"].items():
        for channel, languages in channels.items():
            assert set(languages) == set(LANGUAGES), (name, channel)


def test_before_anything_is_applied_nobody_is_told_anything():
    assert build(NOTHING, 0).rules_for("work_closed", {}) == []


def test_the_customer_reads_the_own_language():
    data = work(closed_at=NOON, outcome="no_answer")
    (english,) = messages("work_closed", data, a_customer(language="en"))
    (chinese,) = messages("work_closed", data, a_customer(language="zh-CN"))
    assert english.content.subject == "Your ticket T-1042 is closed"
    assert chinese.content.subject == "您的工单 T-1042 已关闭"


def test_times_are_shown_in_the_desks_zone():
    (message,) = messages("work_closed", work(closed_at=NOON, outcome="satisfied"), a_customer())
    assert "Mar 2, 2026 20:00" in message.content.text


def test_the_survey_carries_its_token_in_a_link():
    (message,) = messages("survey_due", SURVEY, a_customer(email=None))
    assert (message.channel, message.urgency) == ("sms", "bulk")
    assert "https://desk.example.com/survey/a%2Fb%20c" in message.content.text


def test_what_the_agent_wrote_cannot_become_markup():
    data = work(solution="<script>alert(1)</script>", resolved_at=NOON, due=NOON, met=True, language="en")
    (message,) = messages("work_resolved", data, a_customer())
    assert "<script>" in message.content.text
    assert "&lt;script&gt;" in message.content.html
    assert "<script>" not in message.content.html


def test_a_customer_named_in_templates_is_named_as_is():
    data = work(closed_at=NOON, outcome="satisfied")
    (message,) = messages("work_closed", data, a_customer(name="示例客户 🙂"))
    assert "示例客户 🙂" in message.content.text


def test_a_subject_is_one_line():
    body = the_config()
    body["templates"]["work_closed"]["email"]["en"]["subject"] = "a\n  {{ customer_name }}"
    (message,) = messages("work_closed", work(closed_at=NOON, outcome="x"), a_customer(name="b\r\nBcc: c"), body)
    assert message.content.subject == "a b Bcc: c"


ON_SITE = {"zh-CN": "现场处理", "en": "On site"}


def deadline(**given):
    known = {"clock": "resolution", "part": None, "visit": None, "part_name": None, "due": NOON}
    data = work(**{**known, "provisional": False, **given})
    return {"teams": [data["team"]], "owners": [data["agent"]] if data["agent"] else [], **data}


def near(**given):
    return deadline(**{"share": 0.8, "due": NOON + timedelta(hours=1), **given})


def an_escalation(*tell, **given):
    return deadline(**{"level": 2, "tell": tell, "supervisor": "s", "duty_manager": None, "why": "missed", **given})


def told(event, data, body=None):
    return [message.recipient for message in messages(event, data, body=body)]


def test_a_missed_deadline_is_told_to_whoever_has_the_work():
    (message,) = messages("deadline_missed", deadline())
    assert (message.recipient, message.to) == ("agent:agent-17", "service-desk@example.com")
    assert message.language == "zh-CN"


@pytest.mark.parametrize(
    ("clock", "chinese", "english"),
    [
        ("first_response", "首次响应", "first response"),
        ("resolution", "解决", "resolution"),
        ("next_update", "下次回复", "next update"),
        ("step", "环节“现场处理”", "step “On site”"),
        ("group", "环节组“现场处理”", "group of steps “On site”"),
    ],
)
def test_a_deadline_names_what_was_promised(clock, chinese, english):
    names = {"part": "on_site", "part_name": ON_SITE} if clock in ("step", "group") else {}
    for event, data in (
        ("deadline_near", near(clock=clock, **names)),
        ("deadline_missed", deadline(clock=clock, **names)),
    ):
        (message,) = messages(event, data)
        assert chinese in message.content.subject
        assert chinese in message.content.text
        (message,) = messages(event, {**data, "team": "it", "agent": "it.02", "teams": ["it"], "owners": ["it.02"]})
        assert english in message.content.subject
        assert english in message.content.html


def test_a_step_without_a_name_is_called_by_its_code():
    (message,) = messages("deadline_missed", deadline(clock="step", part="on_site"))
    assert "环节“on_site”" in message.content.subject


def test_a_warning_says_when_the_time_is_up_and_how_much_of_it_has_gone():
    (message,) = messages("deadline_near", near(share=0.5))
    assert "2026年3月2日 21:00，时间已用去 50%" in message.content.text
    (message,) = messages("deadline_near", near(share=None, provisional=True))
    assert "2026年3月2日 21:00（暂定）。" in message.content.text


def test_a_warning_of_what_has_passed_already_is_left_to_the_miss():
    assert told("deadline_near", near(due=NOON)) == []


def test_an_escalation_tells_whom_it_names_and_nobody_else():
    assert told("work_escalated", an_escalation("supervisor", due=None)) == ["supervisor:network"]
    assert told("work_escalated", an_escalation("owner", "team", "duty_manager", due=None)) == [
        "agent:agent-17",
        "team:network",
        "duty_manager:network",
    ]


def test_an_escalation_tells_its_level_and_what_for():
    (message,) = messages("work_escalated", an_escalation("supervisor", due=NOON - timedelta(hours=1)))
    assert message.content.subject == "[P2] 工单 T-1042 解决：第 2 级升级"
    (message,) = messages("work_escalated", an_escalation("supervisor", clock=None, due=None, level=1))
    assert message.content.subject == "[P2] 工单 T-1042 客户不满意：第 1 级升级"


def test_whoever_gets_a_step_reads_which():
    (message,) = messages("work_assigned", assigned(step="on_site", visit=4, step_name=ON_SITE))
    assert "当前环节：现场处理。" in message.content.text


def test_work_that_waits_is_told_to_its_team_in_both_languages():
    data = work(agent=None, step="on_site", visit=4, step_name=ON_SITE, need="network#expert")
    body = the_config()
    body["staff"]["teams"]["network"] = {"email": "network@example.com", "language": "en"}
    (chinese,) = messages("work_queued", data)
    (english,) = messages("work_queued", data, body=body)

    assert (chinese.recipient, chinese.to, chinese.urgency) == ("team:network", "service-desk@example.com", "urgent")
    assert chinese.content.subject == "[P2] 工单 T-1042 在贵组排队"
    assert chinese.content.text.splitlines()[1:] == [
        "优先级：P2；分类：network；队列：network#expert。",
        "当前环节：现场处理。",
        "请安排人员接手。",
    ]
    assert (english.to, english.content.subject) == ("network@example.com", "[P2] Ticket T-1042 waits for your team")
    assert "Step: On site." in english.content.text


def test_work_without_a_flow_waits_without_a_step():
    (message,) = messages("work_queued", work(agent=None, step=None, visit=1, step_name=None, need="network"))
    assert message.content.text.splitlines() == [
        "工单 T-1042（传票 W-1042）在班组 network 排队，暂无人员可接。",
        "优先级：P2；分类：network。",
        "请安排人员接手。",
    ]


def assigned(**given):
    known = {"step": None, "visit": 1, "step_name": None, "accept_by": None, "principal": None}
    return work(**{**known, **given})


def side_by_side(**given):
    return {"teams": ["network", "accounts"], "owners": ["agent-17", "agent-18"], **given}


def test_everybody_whom_a_deadline_concerns_is_told_once():
    assert told("deadline_missed", deadline(**side_by_side())) == ["agent:agent-17", "agent:agent-18"]
    assert told("work_escalated", an_escalation("supervisor", "owner", "team", **side_by_side())) == [
        *("supervisor:network", "supervisor:accounts", "agent:agent-17", "agent:agent-18"),
        *("team:network", "team:accounts"),
    ]


def test_a_text_about_several_steps_names_all_who_have_one_and_their_teams():
    first, second = messages("deadline_missed", deadline(**side_by_side()))
    assert first.content.text.splitlines()[-1] == "班组：network、accounts；处理人：agent-17、agent-18。"
    assert second.content == first.content


def test_who_gets_the_work_just_now_is_not_said_to_be_nobody():
    data = an_escalation("supervisor", clock=None, due=None, level=1, agent=None)
    (message,) = messages("work_escalated", data)
    assert message.content.text.splitlines()[-1] == "班组：network；当时待分派。"


@pytest.mark.parametrize("language", LANGUAGES)
def test_nobody_is_asked_to_hurry_for_what_was_long_over_when_it_was_entered(language):
    body = the_config()
    body["staff"]["teams"]["default"]["language"] = language
    step = {"step": None, "visit": 1, "step_name": None}
    hurry = {"请立即处理", "请尽快", "请安排", "Please"}

    def hurried(**known):
        told = [
            *messages("deadline_missed", deadline(), body=body, **known),
            *messages("work_assigned", assigned(), body=body, **known),
            *messages("work_assigned", assigned(round=1), body=body, **known),
            *messages("work_queued", work(**step, need="network"), body=body, **known),
        ]
        return [any(word in content for word in hurry) for m in told for content in (m.content.text, m.content.html)]

    later = NOON + timedelta(days=21)
    assert hurried(recorded_at=later, replayed=True) == [False] * 8
    assert hurried(recorded_at=later) == [True] * 8
    assert hurried(recorded_at=NOON + timedelta(hours=1), replayed=True) == [True] * 8


def test_what_was_entered_afterwards_says_so():
    (message,) = messages("deadline_missed", deadline(), recorded_at=NOON + timedelta(days=21), replayed=True)
    assert message.content.text.endswith("已过。\n班组：network；处理人：agent-17。本工单为补录，仅供知悉。")


def test_whoever_gets_work_reads_by_when_to_accept_it_and_for_whom():
    (message,) = messages("work_assigned", assigned(accept_by=NOON, principal="agent-18"))
    assert message.content.text.splitlines()[0].endswith("已分派给您（agent-17，班组 network），由您代 agent-18 处理。")
    assert "\n请于 2026年3月2日 20:00 前接单，逾时将改派。\n" in message.content.text
    (message,) = messages("work_assigned", assigned())
    assert "接单" not in message.content.text


def test_reopened_work_has_had_its_first_response():
    (message,) = messages("work_assigned", assigned(visit=2, round=1))
    assert message.content.text.endswith("请尽快处理。")


def test_a_change_of_priority_is_told_to_whoever_has_the_work():
    (message,) = messages("work_prioritised", work(was="P3", reason="a whole district", by="actor"))
    assert (message.recipient, message.content.subject) == ("agent:agent-17", "[P2] 工单 T-1042 优先级由 P3 调整为 P2")
    (message,) = messages("work_prioritised", work(was="P3", reason="resolution", by="escalation"))
    assert "自动升级" in message.content.text


def test_a_supervisor_is_told_of_what_was_skipped_or_sent_elsewhere():
    skipped = work(step="on_site", visit=4, step_name=ON_SITE, reason="done by phone", missed=True)
    rerouted = work(from_steps=["triage"], to="on_site", to_name=ON_SITE, reason="not software")
    for event, data in (("step_skipped", skipped), ("work_rerouted", rerouted)):
        (message,) = messages(event, data)
        assert message.recipient == "supervisor:network"
        assert "“现场处理”" in message.content.subject
        assert data["reason"] in message.content.text


def test_only_what_says_whom_to_tell_can_tell_those():
    def change(body):
        body["rules"][0]["audience"] = "told"

    assert faults(change) == {"rules.0.audience": ["work_assigned names no such audience."]}


def test_a_template_must_bear_what_may_be_missing():
    def change(body):
        body["templates"]["deadline_missed"]["email"]["en"]["text"] = "{{ part_name.upper() }}"

    assert list(faults(change)) == ["templates.deadline_missed.email.en.text"]


def test_a_template_must_bear_that_nobody_has_the_work():
    def change(body):
        body["templates"]["deadline_missed"]["email"]["en"]["text"] = "{{ owners[0].upper() }}"

    assert list(faults(change)) == ["templates.deadline_missed.email.en.text"]


def test_an_unknown_variable_is_refused_with_its_place():
    def change(body):
        body["templates"]["work_closed"]["email"]["en"]["html"] = "{{ ticket_nr }}"

    assert faults(change) == {"templates.work_closed.email.en.html": ["unknown variable 'ticket_nr'"]}


def test_a_customers_name_is_unknown_where_staff_are_told():
    def change(body):
        body["templates"]["work_assigned"]["email"]["en"]["text"] = "{{ customer_name }}"

    assert list(faults(change)) == ["templates.work_assigned.email.en.text"]


def test_a_syntax_error_is_refused_with_its_place_and_line():
    def change(body):
        body["templates"]["work_closed"]["sms"]["zh-CN"]["text"] = "a\n{% if %}"

    (said,) = faults(change)["templates.work_closed.sms.zh-CN.text"]
    assert said.startswith("line 2: ")


@pytest.mark.parametrize(
    "source",
    [
        "{{ order_no | nosuch }}",
        "{{ order_no.nosuch }}",
        "{{ order_no | local }}",
        "{{ order_no.__class__.__mro__ }}",
        "{{ order_no | dictsort }}",
        "{% macro again() %}{{ again() }}{% endmacro %}{{ again() }}",
    ],
)
def test_a_template_that_cannot_be_rendered_is_refused(source):
    def change(body):
        body["templates"]["work_closed"]["email"]["en"]["text"] = source

    assert list(faults(change)) == ["templates.work_closed.email.en.text"]


def test_a_rule_without_its_template_is_refused():
    def change(body):
        del body["templates"]["survey_due"]["email"]["en"]
        body["rules"][0]["template"] = "nosuch"

    assert faults(change) == {
        "rules.0.template": ["template 'nosuch' has no email text in zh-CN, en"],
        "rules.5.template": ["template 'survey_due' has no email text in en"],
    }


def test_two_rules_may_not_tell_one_audience_by_one_channel():
    def change(body):
        body["rules"].append({**body["rules"][4], "channels": ["sms", "email"]})

    last = len(the_config()["rules"])
    assert faults(change) == {
        f"rules.{last}.channels": ["rule 4 tells the customer of work_resolved by the same channel already"]
    }


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ("time_zone", lambda body: body.update(time_zone="Mars/Olympus")),
        ("time_zone", lambda body: body.update(time_zone="../etc/passwd")),
        ("survey_link", lambda body: body.update(survey_link="https://desk.example.com/survey")),
        ("rules.0.valid_for", lambda body: body["rules"][0].update(valid_for="soon")),
        ("rules.0.event", lambda body: body["rules"][0].update(event="nosuch")),
        ("rules.4.fallback", lambda body: body["rules"][4].update(fallback="email")),
        ("staff.teams.default.value.email", lambda body: body["staff"]["teams"]["default"].update(email="nobody")),
        ("nosuch", lambda body: body.update(nosuch=1)),
    ],
)
def test_a_body_of_another_form_is_refused_by_path(path, change):
    assert list(faults(change)) == [path]


def test_addresses_are_kept_in_their_normal_form():
    body = the_config()
    body["staff"]["teams"]["default"] = {"phone": "+44 116 496 0403"}
    assert build(body, 1).staff.teams["default"].phone == "+441164960403"


def test_durations_have_one_form():
    assert duration("90m") == timedelta(minutes=90)
    assert duration("36h") == timedelta(hours=36)
    assert duration("5d") == timedelta(days=5)
    for wrong in ("", "0h", "5", "5w", "-1h", "1.5h"):
        with pytest.raises(ValueError):
            duration(wrong)


def test_a_late_event_still_reads_its_own_time():
    data = work(closed_at=datetime(2016, 2, 29, 1, 16, tzinfo=UTC), outcome="no_answer")
    (message,) = messages("work_closed", data, a_customer())
    assert "Feb 29, 2016 09:16" in message.content.text
