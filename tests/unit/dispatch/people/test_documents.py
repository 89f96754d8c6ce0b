from datetime import timedelta

from services.dispatch.storage.agent_documents import agent_document, agent_from
from tests.unit.dispatch.builders import NINE, after, said
from tests.unit.dispatch.people.builders import day, extra, leave, on_rota

KERNEL = {"version": 3, "last_at": NINE, "replay_until": None}


def stored(agent, **beside):
    """The document, with what others keep in it."""
    return {"_id": agent.agent_id, **agent_document(agent), **KERNEL, **beside}


def test_an_agent_comes_back_as_it_was_stored():
    agent = on_rota(
        leave(day(2), day(3)),
        extra(day(9, 6), day(9, 14), "early"),
        skills={"radio": 4},
        languages=("zh-CN", "en"),
        channels=("phone",),
        at_once={"complaint": 2},
        rota_offset=3,
        presence=said("busy", lasts=timedelta(minutes=15)),
        declared=7,
        version=3,
        last_at=NINE,
    )

    assert agent_from(stored(agent)) == agent


def test_what_it_has_is_kept_by_others_and_read_here():
    has = {
        "load": 5,
        "open": 2,
        "kinds": {"fault": 2},
        "last_assigned_at": NINE,
        "shift_since": NINE,
        "shift_units": 9,
        "experience": {"network": 4},
    }
    agent = on_rota()

    found = agent_from(stored(agent, **has))

    assert {name: getattr(found, name) for name in has} == has
    assert not has.keys() & agent_document(found).keys()


def test_a_sign_of_life_stands_beside_what_the_agent_said_and_holds_it_up():
    agent = on_rota(presence=said("available", lasts=timedelta(minutes=15)))

    found = agent_from(stored(agent, heard_at=after(minutes=10)))

    assert (found.presence.since, found.presence.until) == (NINE, after(minutes=25))
    assert "heard_at" not in agent_document(found)
