from services.dispatch import domain
from services.dispatch.domain import Agent, AgentEntry, Need
from tests.unit.dispatch.builders import NINE, an_agent, types

ENTRY = AgentEntry(agent_id="a1", name="Agent 1", teams=("it",), capacity=5, role="agent")


def test_a_saved_agent_is_absent_until_it_comes():
    agent, _ = domain.save_agent(Agent(agent_id="a1"), NINE, name="Agent 1", teams=["it"], capacity=5, role="agent")

    assert (agent.present, agent.has_room) == (False, False)
    assert domain.set_presence(agent, NINE, True)[0].has_room is True


def test_saving_an_agent_leaves_its_presence_and_load_alone():
    agent, _ = domain.save_agent(an_agent(load=2), NINE, name="Agent 1", teams=["desk"], capacity=1, role="agent")

    assert (agent.present, agent.load, agent.has_room, agent.teams) == (True, 2, False, ("desk",))


def test_a_team_named_twice_is_one_team():
    agent, _ = domain.save_agent(an_agent(), NINE, name="Agent 1", teams=["it", "it"], capacity=1, role="agent")

    assert agent.teams == ("it",)


def test_coming_and_going_are_facts_and_staying_is_none():
    agent = an_agent(present=False)

    agent, came = domain.set_presence(agent, NINE, True)
    agent, stayed = domain.set_presence(agent, NINE, True)
    agent, left = domain.set_presence(agent, NINE, False)

    assert (types(came), types(stayed), types(left)) == (["agent_came"], [], ["agent_left"])


def test_an_agent_is_taken_from_each_version_of_the_reference_data_once():
    agent, first = domain.declare(Agent(agent_id="a1"), NINE, ENTRY, version=3)
    agent, _ = domain.save_agent(agent, NINE, name="Agent 1", teams=["it"], capacity=9, role="agent")
    agent, again = domain.declare(agent, NINE, ENTRY, version=3)

    assert (types(first), again, agent.capacity) == (["agent_saved"], [], 9)
    assert domain.declare(agent, NINE, ENTRY, version=4)[0].capacity == 5


def test_an_agent_serves_the_queues_of_its_teams_role_and_skills_and_its_own():
    agent = an_agent("a1", teams=("it",), role="expert", skills=("radio",))

    assert set(agent.queues) == {
        "it",
        "it~radio",
        "it#agent",
        "it#agent~radio",
        "it#expert",
        "it#expert~radio",
        "it=a1",
    }


def test_what_asks_for_an_expert_is_met_by_experts_only():
    agents = [an_agent(role, role=role) for role in ("agent", "expert", "supervisor")]

    assert [agent.role for agent in agents if domain.may_take(Need(team="it", role="expert"), agent)] == ["expert"]


def test_a_skill_named_twice_is_one_skill():
    agent, (fact,) = domain.save_agent(
        an_agent(), NINE, name="A", teams=["it"], capacity=1, role="agent", skills=["radio", "radio"]
    )

    assert (agent.skills, fact.data["skills"]) == (("radio",), ["radio"])
