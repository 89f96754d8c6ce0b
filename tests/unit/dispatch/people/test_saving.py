import pytest

from services.dispatch.domain import AgentEntry, Reference
from services.dispatch.domain.people.saving import saved_as
from services.dispatch.errors import TooLittleRest, TwoDuties
from shared.errors import NotFound, ValidationError
from tests.unit.dispatch.builders import reference
from tests.unit.dispatch.people.builders import SHIFTS, a_rota, day, extra, leave, on_rota

NOW = day(2)


def a_book(rest: str = "0s") -> Reference:
    rotas = {"desk": a_rota(), "days": a_rota(["early", "rest"])}
    return reference(shifts=SHIFTS, rotas=rotas, work_rule={"rest": rest}, channels={"phone": "Phone"})


def entry(**changes):
    return AgentEntry.from_dict("a1", {"name": "A", "teams": ["it"], "capacity": 1} | changes)


def test_an_agent_is_saved_with_what_is_declared():
    agent, _ = saved_as(on_rota(), NOW, entry(skills={"radio": 4}, rota="days", rota_offset=1), a_book())

    assert (agent.skills, agent.rota, agent.rota_offset) == ({"radio": 4}, "days", 1)


@pytest.mark.parametrize(
    "unknown", [{"teams": ["nowhere"]}, {"skills": ["ropes"]}, {"channels": ["fone"]}, {"rota": "nights"}]
)
def test_what_is_not_declared_is_not_found(unknown):
    with pytest.raises(NotFound):
        saved_as(on_rota(), NOW, entry(**unknown), a_book())


def test_where_no_channels_are_declared_an_agent_may_name_any():
    agent, _ = saved_as(on_rota(), NOW, entry(channels=["pigeon"]), reference())

    assert agent.channels == ("pigeon",)


@pytest.mark.parametrize("wrong", [{"rota": "days", "rota_offset": 2}, {"rota_offset": 1}])
def test_an_offset_beyond_the_pattern_or_without_one_is_refused(wrong):
    with pytest.raises(ValidationError) as refused:
        saved_as(on_rota(), NOW, entry(**wrong), a_book())

    assert list(refused.value.fields) == ["rota_offset"]


def test_another_rota_that_does_not_go_with_an_extra_duty_is_refused():
    agent = on_rota(extra(day(8, 6), day(8, 14), "early"))

    with pytest.raises(TwoDuties):
        saved_as(agent, NOW, entry(rota="days"), a_book())
    with pytest.raises(TooLittleRest):
        saved_as(on_rota(extra(day(8, 14), day(8, 22))), NOW, entry(rota="days"), a_book("8h"))


def test_another_rota_goes_with_a_leave_and_with_what_is_over():
    agent = on_rota(extra(day(1, 6), day(1, 14)), leave(day(8), day(9)))

    assert saved_as(agent, NOW, entry(rota="days"), a_book("8h"))[0].rota == "days"
