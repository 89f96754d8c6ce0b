from datetime import UTC
from io import StringIO
from zoneinfo import ZoneInfo

from rich.console import Console

from deploy.commands.who import table

ROW = {
    "agent_id": "it.01",
    "name": "IT 01 [x]",
    "role": "expert",
    "on": True,
    "availability": "rota_break",
    "shift": "night",
    "until": "2026-03-02T06:00:00.000Z",
    "load": 3,
    "capacity": 10,
}


def shown(*rows, zone=UTC):
    text = StringIO()
    Console(file=text, width=120).print(table(list(rows), zone))
    return [" ".join(line.split()) for line in text.getvalue().splitlines()[1:]]


def test_an_agent_is_a_line_with_its_duty_in_the_zone_asked_for():
    assert shown(ROW, zone=ZoneInfo("Asia/Shanghai")) == [
        "it.01 IT 01 [x] expert rota break night 2026-03-02 14:00 3/10"
    ]


def test_of_another_time_than_now_one_sees_what_the_roster_knows():
    by_roster, nobody_knows = ROW | {"availability": None}, ROW | {"availability": None, "on": None, "shift": None}

    assert shown(by_roster, nobody_knows | {"until": None}) == [
        "it.01 IT 01 [x] expert on duty night 2026-03-02 06:00 3/10",
        "it.01 IT 01 [x] expert if present 3/10",
    ]
