from datetime import timedelta

import pytest

from services.dispatch.domain import Reference
from shared.errors import ValidationError
from tests.unit.dispatch.builders import CALENDARS, CHIEFS, TEAMS, a_policy
from tests.unit.dispatch.flows.shipped import shipped
from tests.unit.dispatch.people.builders import EIGHT_DAYS, SHIFTS, a_rota, day, on_rota

BODY = {
    "teams": TEAMS,
    "default_team": "desk",
    "skills": {"radio": "Radio"},
    "calendars": CALENDARS,
    "policies": [a_policy(pause={})],
    "shifts": SHIFTS,
    "rotas": {"desk": a_rota()},
}
ONE = {"name": "One", "teams": ["it"], "capacity": 1}


def read(**changes):
    if "agents" in changes:
        changes["agents"] = CHIEFS | changes["agents"]
    return Reference.from_dict(BODY | changes, 1)


def faults(**changes):
    with pytest.raises(ValidationError) as refused:
        read(**changes)
    return refused.value.fields


def shift(since="06:00", until="14:00", *breaks):
    return {"name": "Early", "from": since, "to": until, "breaks": list(breaks)}


def test_nothing_of_it_has_to_be_declared():
    reference = Reference.from_dict({name: BODY[name] for name in ("teams", "default_team", "calendars", "policies")})

    assert (reference.roster.shifts, reference.roster.rotas, reference.roster.rest) == ({}, {}, timedelta(0))
    assert reference.presence_expires is None


def test_shifts_and_rotas_are_read_as_declared():
    roster = read(work_rule={"rest": "11h"}, presence={"expires_after": "15m"}).roster
    night = roster.shifts["night"]

    assert (night.start, night.end, night.breaks) == (22 * 60, 30 * 60, ((26 * 60, 26 * 60 + 30),))
    assert [shift and shift.code for shift in roster.rotas["desk"].pattern] == [*EIGHT_DAYS[:6], None, None]
    assert roster.rest == timedelta(hours=11)


def test_a_presence_expires_after_what_is_declared():
    assert read(presence={"expires_after": "15m"}).presence_expires == timedelta(minutes=15)


def test_an_agent_is_on_its_rota_with_its_offset():
    agents = read(agents={"a1": ONE | {"rota": "desk", "rota_offset": 7, "languages": ["en"]}}).agents

    assert (agents["a1"].rota, agents["a1"].rota_offset, agents["a1"].languages) == ("desk", 7, ("en",))


def test_a_team_may_have_a_calendar_and_skills():
    team = read(teams=TEAMS | {"desk": TEAMS["desk"] | {"calendar": "office", "skills": ["radio"]}}).team("desk")

    assert (team.calendar, team.skills) == ("office", ("radio",))


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"shifts": SHIFTS | {"rest": shift()}}, "shifts.rest"),
        ({"shifts": SHIFTS | {"early": shift("06:00", "06:00")}}, "shifts.early"),
        ({"shifts": SHIFTS | {"early": shift("6", "14:00")}}, "shifts.early"),
        ({"shifts": SHIFTS | {"early": shift("06:00", "25:00")}}, "shifts.early"),
        ({"shifts": SHIFTS | {"early": shift("06:00", "14:00", "05:30-06:30")}}, "shifts.early.breaks.0"),
        ({"shifts": SHIFTS | {"early": shift("06:00", "14:00", "13:30-14:30")}}, "shifts.early.breaks.0"),
        ({"shifts": SHIFTS | {"early": shift("06:00", "14:00", "noon")}}, "shifts.early.breaks.0"),
        (
            {"shifts": SHIFTS | {"early": shift("06:00", "14:00", "08:00-09:00", "08:30-09:30")}},
            "shifts.early.breaks.1",
        ),
        ({"shifts": SHIFTS | {"early": shift("06:00", "14:00", "06:00-10:00", "10:00-14:00")}}, "shifts.early.breaks"),
        ({"shifts": SHIFTS | {"night": shift("22:00", "06:00", "06:00-06:30")}}, "shifts.night.breaks.0"),
        ({"rotas": {"desk": a_rota(["early", "swing"])}}, "rotas.desk.pattern.1"),
        ({"rotas": {"desk": a_rota(["rest", "rest"])}}, "rotas.desk.pattern"),
        ({"rotas": {"desk": a_rota(zone="Moon/Crater")}}, "rotas.desk.zone"),
        ({"rotas": {"desk": a_rota(starts_on="2026-02-29")}}, "rotas.desk.starts_on"),
        ({"rotas": {"desk": a_rota(starts_on="20260302")}}, "rotas.desk.starts_on"),
        ({"rotas": {"desk": a_rota(starts_on="1026-03-02")}}, "rotas.desk.starts_on"),
        ({"work_rule": {"rest": "long"}}, "work_rule.rest"),
        ({"work_rule": {"rest": "8d"}}, "work_rule.rest"),
        ({"presence": {"expires_after": "0s"}}, "presence.expires_after"),
        ({"presence": {"expires_after": "1wd"}}, "presence.expires_after"),
        ({"agents": {"a1": ONE | {"rota": "gone"}}}, "agents.a1.rota"),
        ({"agents": {"a1": ONE | {"rota": "desk", "rota_offset": 8}}}, "agents.a1.rota_offset"),
        ({"agents": {"a1": ONE | {"rota_offset": 1}}}, "agents.a1.rota_offset"),
        ({"agents": {"a1": ONE | {"teams": ["gardeners"]}}}, "agents.a1.teams"),
        ({"agents": {"a1": ONE | {"skills": {"ropes": 3}}}}, "agents.a1.skills"),
        ({"teams": TEAMS | {"desk": TEAMS["desk"] | {"calendar": "lunar"}}}, "teams.desk.calendar"),
        ({"teams": TEAMS | {"desk": TEAMS["desk"] | {"skills": ["ropes"]}}}, "teams.desk.skills"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_place(changes, path):
    assert list(faults(**changes)) == [path]


def test_a_shift_that_begins_before_the_one_of_the_day_before_has_ended_is_refused_where_it_begins():
    long_night = SHIFTS | {"night": shift("22:00", "08:00")}

    assert faults(shifts=long_night, rotas={"desk": a_rota(["night", "early", "rest"])}) == {
        "rotas.desk.pattern.1": ["early begins before night of day 0 has ended"]
    }


def test_too_little_rest_is_refused_anywhere_in_the_pattern():
    assert faults(work_rule={"rest": "11h"}, rotas={"desk": a_rota(["early", "late", "early", "rest"])}) == {
        "rotas.desk.pattern.2": ["early begins 8:00:00 after late of day 1; the work rule asks for 11:00:00"]
    }


def test_too_little_rest_is_refused_where_the_pattern_begins_again():
    assert faults(work_rule={"rest": "11h"}, rotas={"desk": a_rota(["early", "early", "late"])}) == {
        "rotas.desk.pattern.0": ["early begins 8:00:00 after late of day 2; the work rule asks for 11:00:00"]
    }


def test_a_pattern_of_one_day_follows_on_itself():
    assert read(rotas={"desk": a_rota(["early"])}, work_rule={"rest": "16h"}).roster.rotas["desk"].pattern
    assert list(faults(rotas={"desk": a_rota(["early"])}, work_rule={"rest": "16h 1m"})) == ["rotas.desk.pattern.0"]


def test_rest_that_is_just_enough_is_enough():
    assert read(work_rule={"rest": "16h"}).roster.rest == timedelta(hours=16)
    assert "rotas.desk.pattern.1" in faults(work_rule={"rest": "16h 1m"})


def test_who_is_on_a_rota_that_is_refused_is_not_told_that_it_is_unknown():
    wrong = faults(rotas={"desk": a_rota(zone="Moon/Crater")}, agents={"a1": ONE | {"rota": "desk", "rota_offset": 3}})

    assert list(wrong) == ["rotas.desk.zone"]


def test_a_shift_that_is_refused_is_not_called_unknown_in_a_pattern():
    assert list(faults(shifts=SHIFTS | {"night": shift("22:00", "22:00")})) == ["shifts.night"]


def test_the_shipped_crews_have_somebody_on_every_shift_of_every_day_with_the_rest_that_is_asked_for():
    reference = shipped()
    crews = [
        on_rota(rota=agent.rota, rota_offset=agent.rota_offset) for agent in reference.agents.values() if agent.rota
    ]
    duties = [duty for crew in crews for duty in reference.roster.duties(crew, day(1), day(29))]

    assert reference.roster.rest == timedelta(hours=11)
    assert {(duty.day, duty.shift) for duty in duties} >= {
        (day(number).date(), code) for number in range(1, 29) for code in ("early", "late", "night")
    }


def test_only_the_shipped_hotline_works_by_a_rota():
    on_a_rota = {agent.agent_id for agent in shipped().agents.values() if agent.rota}

    assert on_a_rota == {"hotline.01", "hotline.02", "hotline.03", "hotline.04"}
