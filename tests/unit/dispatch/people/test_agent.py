from datetime import timedelta

from services.dispatch import domain
from services.dispatch.domain import Agent, AgentEntry, Need
from services.dispatch.domain.people.presence import Status
from tests.unit.dispatch.builders import NINE, after, an_agent, said, types

ENTRY = AgentEntry(agent_id="a1", name="Agent 1", teams=("it",), capacity=5)


def entry(**changes):
    """As an agent is declared or saved."""
    return AgentEntry.from_dict("a1", {"name": "Agent 1", "teams": ["it"], "capacity": 5} | changes)


def test_a_saved_agent_is_absent_until_it_comes():
    agent, _ = domain.save_agent(Agent(agent_id="a1"), NINE, ENTRY)

    assert (agent.presence.status, agent.has_room) == (Status.OFFLINE, False)
    assert domain.set_presence(agent, NINE, Status.AVAILABLE)[0].has_room is True


def test_saving_an_agent_leaves_its_presence_and_load_alone():
    agent, _ = domain.save_agent(an_agent(load=2), NINE, entry(teams=["desk"], capacity=1))

    assert (agent.presence, agent.load, agent.has_room, agent.teams) == (said("available"), 2, False, ("desk",))


def test_what_is_named_twice_is_one():
    saved = entry(teams=["it", "it"], skills=["radio", "radio"], languages=["en", "en"], channels=["phone", "phone"])

    assert (saved.teams, saved.skills, saved.languages, saved.channels) == (
        ("it",),
        {"radio": 3},
        ("en",),
        ("phone",),
    )


def test_a_skill_that_is_only_named_has_the_middle_level():
    assert entry(skills=["radio"]).skills == {"radio": 3}
    assert entry(skills={"radio": 5}).skills == {"radio": 5}


def test_what_is_saved_is_told_whole():
    _, (fact,) = domain.save_agent(Agent(agent_id="a1"), NINE, entry(skills=["radio"], at_once={"complaint": 2}))

    assert fact.type == "agent_saved"
    assert fact.data == {
        "name": "Agent 1",
        "teams": ["it"],
        "capacity": 5,
        "role": "specialist",
        "skills": {"radio": 3},
        "languages": [],
        "channels": [],
        "at_once": {"complaint": 2},
        "rota": None,
        "rota_offset": 0,
    }


def test_every_other_status_is_a_fact_and_the_same_again_is_none():
    agent = an_agent(presence=said("offline"))

    agent, came = domain.set_presence(agent, NINE, Status.AVAILABLE)
    agent, stayed = domain.set_presence(agent, NINE, Status.AVAILABLE)
    agent, left = domain.set_presence(agent, NINE, Status.OFFLINE)

    assert (types(came), types(stayed), types(left)) == (["presence_set"], [], ["presence_set"])
    assert left[0].data == {"status": "offline", "until": None}


def test_the_same_again_holds_the_presence_up_and_leaves_its_beginning():
    minute = timedelta(minutes=1)
    agent, _ = domain.set_presence(an_agent(presence=said("offline")), NINE, Status.BUSY, minute)

    agent, facts = domain.set_presence(agent, after(seconds=30), Status.BUSY, minute)

    assert (agent.presence.since, agent.presence.until, facts) == (NINE, after(seconds=90), [])


def test_to_come_back_after_the_presence_has_expired_is_a_fact():
    minute = timedelta(minutes=1)
    agent, _ = domain.set_presence(an_agent(presence=said("offline")), NINE, Status.AVAILABLE, minute)

    agent, facts = domain.set_presence(agent, after(minutes=1), Status.AVAILABLE, minute)

    assert (agent.presence.since, types(facts)) == (after(minutes=1), ["presence_set"])


def test_a_sign_of_life_holds_a_presence_up_for_as_long_as_it_lasts():
    presence = said("available", lasts=timedelta(minutes=1))

    assert presence.heard(after(seconds=40)).until == after(seconds=100)
    assert presence.expired(after(seconds=60)) is True
    assert presence.heard(after(seconds=40)).expired(after(seconds=60)) is False


def test_an_earlier_or_an_old_sign_of_life_takes_nothing_away():
    presence = said("available", lasts=timedelta(minutes=1))

    assert presence.heard(after(seconds=40)).heard(after(seconds=20)).until == after(seconds=100)
    assert presence.heard(after(hours=-1)) == presence
    assert presence.heard(None) == presence


def test_who_is_offline_and_who_came_for_good_need_no_sign_of_life():
    offline, for_good = said("offline", lasts=timedelta(minutes=1)), said("available")

    assert offline.heard(after(seconds=40)) == offline
    assert for_good.heard(after(seconds=40)) == for_good
    assert (offline.expired(after(days=9)), for_good.expired(after(days=9))) == (False, False)


def test_an_agent_is_taken_from_each_version_of_the_reference_data_once():
    agent, first = domain.declare(Agent(agent_id="a1"), NINE, ENTRY, version=3)
    agent, _ = domain.save_agent(agent, NINE, entry(capacity=9))
    agent, again = domain.declare(agent, NINE, ENTRY, version=3)

    assert (types(first), again, agent.capacity) == (["agent_saved"], [], 9)
    assert domain.declare(agent, NINE, ENTRY, version=4)[0].capacity == 5


def test_an_agent_serves_the_queues_of_its_teams_role_and_skills_and_its_own():
    agent = an_agent("a1", teams=("it",), role="expert", skills={"radio": 3})

    assert sorted(agent.queues) == [
        "it",
        "it#expert",
        "it#expert~radio",
        "it#intern",
        "it#intern~radio",
        "it#specialist",
        "it#specialist~radio",
        "it=a1",
        "it~radio",
    ]


def test_what_asks_for_a_role_is_met_by_that_role_and_those_above_it():
    agents = [an_agent(role, role=role) for role in ("intern", "specialist", "expert", "supervisor")]
    serving = {
        role: [agent.role for agent in agents if Need(team="it", role=role).key in agent.queues]
        for role in ("intern", "specialist", "expert", "supervisor")
    }

    assert serving == {
        "intern": ["intern", "specialist", "expert", "supervisor"],
        "specialist": ["specialist", "expert", "supervisor"],
        "expert": ["expert"],
        "supervisor": ["supervisor"],
    }
