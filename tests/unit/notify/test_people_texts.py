"""What the shipped configuration tells whom of people: offers, hand-overs, urges, mass incidents, shift logs."""

from datetime import timedelta
from functools import cache

import pytest
import yaml

from services.notify.domain.kinds import KINDS
from services.notify.domain.words import causes, in_language
from services.notify.reference import LANGUAGES
from services.notify.store import build
from shared.errors import ValidationError
from tests.unit.notify.builders import CONFIG, NOON, a_customer, an_occurrence, the_config, work

ON_SITE = {"zh-CN": "现场处理", "en": "On site"}
CONCERNED = {"teams": ["network"], "owners": ["agent-17"]}


@cache
def reference(language):
    """The shipped one; `language`: of all the staff."""
    body = the_config()
    for entries in body["staff"].values():
        entries["default"] = {"email": "default@example.com"} | ({"language": language} if language else {})
    body["staff"]["agents"]["agent-17"] = {"email": "17@example.com"} | ({"language": language} if language else {})
    return build(body, 1)


def written(event, data, customer=None, language=None, **known):
    """The messages of the shipped rules; `language`: of all the staff."""
    occurrence = an_occurrence(event=event, id=f"dispatch_orders/W-1042/{event}", **known)
    return [message for message, _ in reference(language).messages(occurrence, data, customer)]


def lapsed(**given):
    return work(**{"step": None, "visit": 1, "step_name": None, "offers": 3, **given})


def test_a_supervisor_hears_of_the_third_offer_that_nobody_accepts_not_of_the_first():
    assert written("work_lapsed", lapsed(offers=1)) == []
    (message,) = written("work_lapsed", lapsed(offers=3))
    assert message.recipient == "supervisor:network"
    assert message.content.subject == "[P2] 工单 T-1042 分派 3 次仍无人接单"


def test_a_supervisor_hears_ever_more_seldom_of_work_that_goes_on_lapsing():
    told = [offers for offers in range(1, 200) if written("work_lapsed", lapsed(offers=offers))]
    assert told == [3, 10, 20, 50, 100]


def test_every_shipped_agent_has_an_address_as_everybody_may_watch_work():
    dispatch = yaml.safe_load((CONFIG.parent / "dispatch.yaml").read_text(encoding="utf-8"))
    assert set(dispatch["agents"]) - set(the_config()["staff"]["agents"]) == set()


def test_a_supervisor_hears_why_work_was_declined():
    data = work(step="on_site", visit=4, step_name=ON_SITE, reason="I know the customer")
    (message,) = written("work_declined", data, language="en")
    assert (message.recipient, message.urgency) == ("supervisor:network", "bulk")
    assert message.content.text.splitlines() == [
        "agent-17 declined step “On site” of ticket T-1042 (work order W-1042, team network). "
        "It is back in its queue and will not be offered to agent-17 again.",
        "Why: I know the customer",
    ]


def stranded(**given):
    known = {"agent": None, "step": None, "visit": 1, "step_name": None, "need": "network", "cause": "shift, presence"}
    return work(**{**known, **given})


def test_the_duty_manager_is_alarmed_of_work_that_nobody_can_take_and_why():
    (message,) = written("work_stranded", stranded())
    assert (message.recipient, message.urgency) == ("duty_manager:network", "urgent")
    assert message.content.text.splitlines() == [
        "工单 T-1042（传票 W-1042）在班组 network 排队，目前没有任何人员可以接手。",
        "原因：不在班（含休假、休息）、不在岗或忙碌。",
        "优先级：P2；分类：network。",
        "一旦有人符合条件，系统会自动分派。请安排人员。",
    ]
    (message,) = written("work_stranded", stranded(need="network#expert", step_name=ON_SITE), language="en")
    assert message.content.text.splitlines()[:3] == [
        "Ticket T-1042 (work order W-1042) waits for team network (queue network#expert), "
        "and nobody at all can take it now.",
        "Why: off duty; away or busy.",
        "Priority P2, category network, step On site.",
    ]


@pytest.mark.parametrize(
    ("limits", "chinese", "english"),
    [
        ("nobody serves it", "没有人员负责此类工作", "it is nobody's work"),
        ("capacity", "工作量已满", "have no room"),
        ("declined, of_a_later_version", "已拒接、of_a_later_version", "have declined it; of_a_later_version"),
    ],
)
def test_a_cause_is_told_in_words(limits, chinese, english):
    assert causes(limits, "zh-CN") == chinese
    assert in_language({"cause": limits}, "en") == {"cause": english}


def handed(**given):
    known = {"step": None, "visit": 1, "step_name": None, "held": False, "from_agent": "agent-18"}
    return work(**{**known, "principal": "agent-18", "why": "stands_in", **given})


def test_who_stands_in_is_told_for_whom():
    (message,) = written("work_handed_over", handed())
    assert message.recipient == "agent:agent-17"
    assert message.content.text.splitlines()[0] == (
        "工单 T-1042（传票 W-1042，班组 network）已由 agent-18 移交给您（agent-17），请您代 agent-18 处理。"
    )


def test_who_is_back_is_told_that_the_work_is_too():
    (message,) = written("work_handed_over", handed(principal="agent-17", why="returned"), language="en")
    assert message.content.subject == "[P2] Ticket T-1042 is back with you"
    assert "(agent-17), from agent-18.\n" in message.content.text


def test_work_that_its_stand_in_must_not_have_is_told_to_nobody_by_that():
    assert written("work_handed_over", handed(agent=None, why="barred")) == []


def urged(**given):
    nobody = {"note": None, "parent_no": None, "child_no": None}
    return work(**{**CONCERNED, "count": 1, "by": "customer", "tell": ["owner"], **nobody, **given})


def test_an_urge_is_told_to_whom_it_names():
    assert [message.recipient for message in written("work_urged", urged())] == ["agent:agent-17"]
    third = written("work_urged", urged(count=3, tell=["owner", "supervisor"]))
    assert [message.recipient for message in third] == ["agent:agent-17", "supervisor:network"]
    assert third[1].content.subject == "[P2] 工单 T-1042 第 3 次催办"


def test_an_urge_says_who_and_what_for():
    (message,) = written("work_urged", urged(by="supervisor", note="the mayor called"), language="en")
    assert message.content.text.splitlines() == [
        "A supervisor urges ticket T-1042 (work order W-1042), 1 time(s) by now. Please see to it and answer soon.",
        "Note: the mayor called",
        "Team: network; with: agent-17.",
    ]


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("zh-CN", "累计第 1 次，请尽快处理并答复。催办的是其中的 W-7。"),
        ("en", "1 time(s) by now. Please see to it and answer soon. The urge is for its part W-7."),
    ],
)
def test_an_urge_of_a_part_of_a_mass_incident_names_the_part(language, told):
    (message,) = written("work_urged", urged(child_no="W-7"), language=language)

    assert message.content.text.splitlines()[0].endswith(told)
    assert told.partition("。催")[0] in message.content.html.replace("<b>", "").replace("</b>", "")


def test_an_urge_of_a_part_says_with_what_it_is_done():
    (message,) = written("work_urged", urged(parent_no="W-6", tell=["supervisor"]), language="en")

    assert "It is done with W-6, of which it is a part." in message.content.text


def test_an_instruction_is_told_to_all_who_have_a_step():
    both = {"teams": ["network", "accounts"], "owners": ["agent-17", "agent-18"]}
    told = written("work_intervened", work(**both, reason="in circles", instruction="Call <today>"))
    assert [message.recipient for message in told] == ["agent:agent-17", "agent:agent-18"]
    assert "\nCall <today>\n" in told[0].content.text
    assert "Call &lt;today&gt;" in told[0].content.html


def held_long(**given):
    name = {"zh-CN": "等待配件", "en": "Waiting for parts"}
    times = {"since": NOON - timedelta(days=1), "limit_at": NOON}
    return work(**{**CONCERNED, "reason": "waiting_for_parts", "reason_name": name, **times, **given})


def test_a_hold_that_is_too_long_is_told_to_whoever_has_the_work():
    (message,) = written("work_held_long", held_long())
    assert message.recipient == "agent:agent-17"
    assert "自 2026年3月1日 20:00 起挂起（等待配件），已超过期限 2026年3月2日 20:00。" in message.content.text


@pytest.mark.parametrize(
    ("level", "chinese", "english"),
    [
        (1, "升级降至第 1 级", "escalation level is now 1"),
        (0, "升级已解除", "escalated no more"),
    ],
)
def test_those_who_were_told_of_an_escalation_hear_that_its_cause_is_gone(level, chinese, english):
    data = work(**CONCERNED, tell=["supervisor"], was=2, level=level, why="done")
    (message,) = written("work_deescalated", data)
    assert (message.recipient, message.urgency) == ("supervisor:network", "bulk")
    assert message.content.subject.endswith(chinese)
    (message,) = written("work_deescalated", data, language="en")
    assert message.content.subject.endswith(english)


def declared(**given):
    return work(**{"eta": NOON, "match": "category == 'network'", "reason": "a cable is cut", **given})


def test_a_mass_incident_is_told_to_its_team_and_duty_manager():
    team, manager = written("mass_incident_declared", declared())
    assert (team.recipient, manager.recipient) == ("team:network", "duty_manager:network")
    assert "预计 2026年3月2日 20:00 恢复。" in team.content.text
    (team, _) = written("mass_incident_declared", declared(eta=None, match=None))
    assert "预计" not in team.content.text
    assert "自动并入" not in team.content.text


def linked(**given):
    parent = {"parent_no": "W-1001", "parent_ticket_no": "T-1001", "reason": "the same cable"}
    return work(**{**parent, "eta": NOON, "eta_note": "A cable is being mended.", **given})


def test_a_late_reporter_is_told_the_eta_of_the_mass_incident():
    (message,) = written("work_linked", linked(), a_customer())
    assert (message.recipient, message.channel) == ("customer:c-7", "email")
    assert "We expect it to be over by Mar 2, 2026 20:00.\nA cable is being mended.\n" in message.content.text
    (message,) = written("work_linked", linked(), a_customer(email=None, language="zh-CN"))
    assert message.content.text == (
        "您的工单T-1042属于正在处理的群体性故障，预计2026年3月2日 20:00恢复。您无需重复反映，解决后我们会通知您。"
    )


def test_before_the_eta_is_known_its_reporters_are_promised_to_hear_of_it():
    (message,) = written("work_linked", linked(eta=None, eta_note=None), a_customer())
    assert "\nAs soon as we know when it will be over, we will tell you.\n" in message.content.text


@pytest.mark.parametrize("other", ["W-1001", "T-1001", "the same cable"])
def test_a_customer_reads_nothing_of_others_tickets_nor_of_what_colleagues_wrote(other):
    for event, data in (
        ("work_linked", linked()),
        ("work_eta_announced", work(eta=NOON, note=None, parent_no="W-1001")),
    ):
        (message,) = written(event, data, a_customer())
        assert other not in message.content.text + message.content.html


def test_a_new_eta_is_told_to_the_customer():
    data = work(eta=NOON, note="It takes longer than we thought.", parent_no=None)
    (message,) = written("work_eta_announced", data, a_customer())
    assert message.content.subject == "Your ticket T-1042: expected to be over by Mar 2, 2026 20:00"
    assert "It takes longer than we thought." in message.content.text


def test_an_eta_that_is_taken_back_is_told_too():
    data = work(eta=None, note=None, parent_no="W-1001")
    (message,) = written("work_eta_announced", data, a_customer(language="zh-CN"))
    assert message.content.subject == "您的工单 T-1042 预计恢复时间待定"


def a_shift_log(**given):
    known = {"team": "network", "log_id": "network/2026-03-02T12:00:00Z", "ended_at": NOON, "shifts": ["early"]}
    left = {"counts": {"open": 12, "near": 2, "missed": 1}, "notes": 3}
    return {**known, "to": ["late"], "next_at": NOON, **left, **given}


def test_a_shift_log_is_told_to_the_team_that_reads_it():
    (message,) = written("shift_log_written", a_shift_log(), ticket_no="", order_no="")
    assert (message.recipient, message.ticket_no) == ("team:network", "")
    assert message.content.text.splitlines() == [
        "班组 network 的 early 班已于 2026年3月2日 20:00 结束，交接班记录 network/2026-03-02T12:00:00Z 已生成。",
        "未完工单 12 件，其中将到期 2 件、已超时 1 件；留言 3 条。",
        "请接班的 late 班查看并确认。",
    ]
    (message,) = written("shift_log_written", a_shift_log(to=[]), language="en")
    assert message.content.text.endswith("\nThe next shift, please read it and acknowledge it.")


@pytest.mark.parametrize(
    ("event", "data", "chinese", "english"),
    [
        (
            "deadline_missed",
            {"clock": "resolution", "part": None, "visit": None, "part_name": None, "due": NOON, "provisional": False},
            "您关注的工单 T-1042 解决已超时",
            "Ticket T-1042, which you watch: resolution is overdue",
        ),
        (
            "work_resolved",
            {"solution": "-", "resolved_at": NOON, "due": NOON, "met": True, "language": None},
            "您关注的工单 T-1042 已解决",
            "Ticket T-1042, which you watch, is resolved",
        ),
        (
            "work_reopened",
            {"reason": "again", "cause": "customer", "round": 1},
            "您关注的工单 T-1042 已重新打开",
            "Ticket T-1042, which you watch, is open again",
        ),
        (
            "work_withdrawn",
            {"reason": "not needed"},
            "您关注的工单 T-1042 已撤回",
            "Ticket T-1042, which you watch, is withdrawn",
        ),
        (
            "work_closed",
            {"closed_at": NOON, "outcome": "satisfied"},
            "您关注的工单 T-1042 已关闭",
            "Ticket T-1042, which you watch, is closed",
        ),
    ],
)
def test_who_watches_work_hears_of_it(event, data, chinese, english):
    told = work(**{"teams": ["network"], "owners": ["b"], **data, "watchers": ["agent-17"]})
    for language, subject in (("zh-CN", chinese), ("en", english)):
        (message,) = [m for m in written(event, told, a_customer(), language) if m.recipient == "agent:agent-17"]
        assert message.content.subject == f"[P2] {subject}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_nobody_is_asked_to_act_on_what_was_long_over_when_it_was_entered(language):
    step = {"step": None, "visit": 1, "step_name": None}
    events = {
        "work_lapsed": work(**step, offers=3),
        "work_stranded": stranded(),
        "work_urged": urged(),
        "work_held_long": held_long(),
        "shift_log_written": a_shift_log(),
    }

    def asked(**known):
        told = [message for event, data in events.items() for message in written(event, data, None, language, **known)]
        contents = [content for message in told for content in (message.content.text, message.content.html)]
        return [any(word in content for word in ("请", "lease")) for content in contents]

    assert asked(recorded_at=NOON + timedelta(days=21), replayed=True) == [False] * 10
    assert asked() == [True] * 10


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("rules.0.audience", {"event": "shift_log_written", "audience": "customer"}),
        ("rules.0.audience", {"event": "work_queued", "audience": "watchers"}),
        ("rules.0.when", {"event": "work_lapsed", "when": "offers > 'three'"}),
        ("rules.0.when", {"event": "work_lapsed", "when": "nosuch == 3"}),
        ("rules.0.when", {"event": "work_linked", "when": "eta < at"}),
        ("rules.0.when", {"event": "work_lapsed", "when": ""}),
    ],
)
def test_a_rule_for_what_its_event_does_not_say_is_refused_by_path(path, rule):
    body = the_config()
    body["rules"][0] |= rule
    with pytest.raises(ValidationError) as refused:
        build(body, 1)
    assert path in refused.value.fields


@pytest.mark.parametrize("event", [event for event, said in KINDS.items() if "team" in said])
def test_a_condition_may_ask_every_event_about_its_team(event):
    body = the_config()
    rule = {"event": event, "audience": "team", "channels": ["email"], "template": "team_of", "kind": "work"}
    body["rules"] = [{**rule, "urgency": "bulk", "valid_for": "1h", "when": "team == 'network'"}]
    text = {language: {"subject": "s", "text": "t", "html": "h"} for language in LANGUAGES}
    body["templates"] |= {"team_of": {"email": text}}
    assert [one.event for one in build(body, 1).rules_for(event, {"team": "network"})] == [event]
    assert build(body, 1).rules_for(event, {"team": "it"}) == []
