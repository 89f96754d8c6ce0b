from datetime import UTC
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console

from deploy.commands import duty_log, worklist, workload
from services.dispatch.domain.work.worklists import LISTS

SHANGHAI = ZoneInfo("Asia/Shanghai")
NEXT = {
    "action": "accept",
    "name": {"zh-CN": "接单", "en": "accept it"},
    "by": "2026-03-02T09:15:00.000Z",
    "late": True,
    "team": "it",
    "who": ["it.01"],
}
ROW = {
    "order_no": "W-1",
    "priority": "P1",
    "state": "assigned",
    "type": "fault",
    "tier": "gold",
    "subject": "断网了 [b]",
    "next": NEXT,
}
LOAD = {
    "agent": "it.01",
    "open": 2,
    "load": 5,
    "late": 1,
    "capacity": 10,
    "given": 9,
    "accepted": 8,
    "transferred_in": 1,
    "transferred_out": 2,
    "declined": 0,
    "lapsed": 3,
    "done": 4,
    "missed": 2,
    "came": {},
    "went": {},
    "handling": {"median": 3600.4, "mean": 95.0},
}


def shown(table):
    text = StringIO()
    Console(file=text, width=160).print(table)
    return [" ".join(line.split()) for line in text.getvalue().splitlines()[1:]]


def test_the_command_knows_every_list():
    assert worklist.LISTS == LISTS


@pytest.mark.parametrize(("language", "says"), [("en", "accept it"), ("zh-CN", "接单")])
def test_a_row_of_a_worklist_says_what_is_next_by_when_and_who(language, says):
    assert shown(worklist.table([ROW], SHANGHAI, language)) == [
        f"2026-03-02 17:15 {says} it.01 W-1 P1 assigned fault gold 断网了 [b]"
    ]


def test_what_nobody_has_is_its_teams_and_what_has_no_time_says_so():
    row = ROW | {"next": NEXT | {"who": [], "by": None, "late": False}}

    assert shown(worklist.table([row], UTC, "en")) == ["- accept it team it W-1 P1 assigned fault gold 断网了 [b]"]


def test_the_workload_is_a_line_for_each_with_times_that_people_read():
    assert shown(workload.table({"by": "agent", "rows": [LOAD]}, UTC)) == ["it.01 2 5/10 1 9 8 1 2 0 3 4 2 1h 1m 35s"]


def test_a_shift_has_no_capacity_and_work_outside_shifts_no_name():
    row = LOAD | {"shift": None, "capacity": None, "handling": {"median": None, "mean": None}}

    assert shown(workload.table({"by": "shift", "rows": [row]}, UTC)) == ["- 2 5 1 9 8 1 2 0 3 4 2 - -"]


def test_an_entry_of_the_duty_log_is_a_line():
    entries = [
        {"at": "2026-03-02T09:15:00.000Z", "team": "it", "by": "it.04", "text": "停电 [x]"},
        {"at": "2026-03-02T09:00:00.000Z", "team": None, "by": "ops", "text": "Quiet"},
    ]

    assert shown(duty_log.table(entries, SHANGHAI)) == [
        "2026-03-02 17:15 it it.04 停电 [x]",
        "2026-03-02 17:00 (desk) ops Quiet",
    ]
