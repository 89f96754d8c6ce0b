"""Who cannot have the work, whatever else speaks for it."""

import pytest

from services.dispatch.domain.assigning.limits import LIMITS
from tests.unit.dispatch.assigning.builders import a_candidate, declared, limits_of

INTERNS = declared(roles={"intern": {"may": "type == 'enquiry' && priority in ['P3', 'P4']"}})


def test_nothing_excludes_a_free_specialist():
    assert limits_of(a_candidate()) == []


@pytest.mark.parametrize(
    ("candidate", "task", "limit"),
    [
        ({"serves": False}, {}, "serves"),
        ({"level": 3}, {"skill": "network", "level": 4}, "level"),
        ({"level": 0}, {"skill": "network"}, "level"),
        ({"role": "specialist"}, {"role": "expert"}, "role"),
        ({"role": "expert"}, {"role": "supervisor"}, "role"),
        ({"languages": ("en", "de")}, {"language": "zh-CN"}, "language"),
        ({"languages": ("en-GB",)}, {"language": "en-US"}, "language"),
        ({"channels": ("phone", "email")}, {"channel": "app"}, "channel"),
        *(({"status": status}, {}, "shift") for status in ("off_shift", "on_leave", "rota_break", "no_rest")),
        *(({"status": status}, {}, "presence") for status in ("busy", "break", "away", "offline", "expired")),
        ({"handed_over_to": "it.07"}, {}, "handed_over"),
        ({"subject": True}, {"type": "complaint"}, "subject"),
        ({"declined": True}, {}, "declined"),
        ({"kind_open": 2, "kind_limit": 2}, {}, "kind"),
        ({"kind_open": 0, "kind_limit": 0}, {}, "kind"),
        ({"load": 10}, {}, "capacity"),
        ({"load": 7}, {"units": 4}, "capacity"),
        ({"load": 0, "capacity": 0}, {}, "capacity"),
    ],
)
def test_each_limit_excludes_by_itself(candidate, task, limit):
    assert limits_of(a_candidate(**candidate), **task) == [limit]


@pytest.mark.parametrize(
    ("candidate", "task"),
    [
        ({"level": 4}, {"skill": "network", "level": 4}),
        ({"level": 0}, {}),
        ({"role": "expert"}, {"role": "expert"}),
        ({"role": "expert"}, {"role": "specialist"}),
        ({"languages": ("en", "zh-CN")}, {"language": "zh-CN"}),
        ({"languages": ("zh",)}, {"language": "zh-CN"}),
        ({"languages": ("zh-CN",)}, {"language": "zh"}),
        ({"languages": ()}, {"language": "zh-CN"}),
        ({"languages": ("en",)}, {"language": ""}),
        ({"channels": ()}, {"channel": "app"}),
        ({"channels": ("phone",)}, {"channel": ""}),
        ({"kind_open": 1, "kind_limit": 2}, {}),
        ({"kind_open": 99, "kind_limit": None}, {}),
        ({"load": 6}, {"units": 4}),
        ({"lapsed": 5, "contended": True}, {}),
    ],
)
def test_up_to_its_bound_a_limit_lets_pass(candidate, task):
    assert limits_of(a_candidate(**candidate), **task) == []


def test_who_has_nothing_may_take_one_piece_of_work_however_much_it_weighs():
    assert limits_of(a_candidate(capacity=2, load=0), units=4) == []
    assert limits_of(a_candidate(capacity=2, load=1), units=4) == ["capacity"]


def test_who_is_busy_may_ask_for_work_and_nobody_else_who_is_not_available():
    assert limits_of(a_candidate(status="busy"), pull=True) == []
    assert limits_of(a_candidate(status="away"), pull=True) == ["presence"]


@pytest.mark.parametrize(
    ("matter", "limits"),
    [
        ({"type": "enquiry", "priority": "P3"}, []),
        ({"type": "enquiry", "priority": "P1"}, ["role"]),
        ({"type": "fault", "priority": "P4"}, ["role"]),
    ],
)
def test_an_intern_gets_only_what_interns_may_do(matter, limits):
    assert limits_of(a_candidate(role="intern"), INTERNS, **matter) == limits
    assert limits_of(a_candidate(role="specialist"), INTERNS, **matter) == []


def test_all_limits_that_exclude_are_named_in_their_order():
    unfit = a_candidate(
        serves=False,
        role="intern",
        languages=("en",),
        channels=("phone",),
        status="away",
        handed_over_to="it.07",
        subject=True,
        declined=True,
        kind_limit=0,
        load=10,
    )
    task = {"skill": "network", "role": "expert", "language": "zh-CN", "channel": "app"}

    assert limits_of(unfit, **task) == [limit for limit in LIMITS if limit != "shift"]
