import pytest

from services.dispatch.schemas import people as schemas
from shared.errors import ValidationError
from shared.schemas import load

AGENT = {"agent_id": "a1", "name": "安 🙂", "teams": ["it"], "capacity": 3}


def faults(schema, data):
    with pytest.raises(ValidationError) as refused:
        load(schema, data)
    return sorted(refused.value.fields)


@pytest.mark.parametrize(
    ("schema", "data", "wrong"),
    [
        (schemas.SaveAgent, AGENT | {"capacity": 2.5}, ["capacity"]),
        (schemas.SaveAgent, AGENT | {"capacity": -1}, ["capacity"]),
        (schemas.SaveAgent, AGENT | {"teams": []}, ["teams"]),
        (schemas.SaveAgent, AGENT | {"role": "king"}, ["role"]),
        (schemas.SaveAgent, AGENT | {"role": "agent"}, ["role"]),
        (schemas.SaveAgent, AGENT | {"load": 0}, ["load"]),
        (schemas.SaveAgent, AGENT | {"skills": ["a#b"]}, ["skills.0"]),
        (schemas.SaveAgent, AGENT | {"skills": {"radio": 0, "ropes": 6}}, ["skills.radio", "skills.ropes"]),
        (schemas.SaveAgent, AGENT | {"skills": {"radio": "3"}}, ["skills.radio"]),
        (schemas.SaveAgent, AGENT | {"skills": "radio"}, ["skills"]),
        (schemas.SaveAgent, AGENT | {"at_once": {"complaint": -1}}, ["at_once.complaint"]),
        (schemas.SaveAgent, AGENT | {"at_once": {"complaints": 1}}, ["at_once.complaints"]),
        (schemas.SaveAgent, AGENT | {"languages": ["$x"]}, ["languages.0"]),
        (schemas.SaveAgent, AGENT | {"languages": ["en", "klingon-xx"]}, ["languages.1"]),
        (schemas.SaveAgent, AGENT | {"channels": ["x" * 33]}, ["channels.0"]),
        (schemas.SaveAgent, AGENT | {"rota_offset": -1}, ["rota_offset"]),
        (schemas.SetPresence, {"agent_id": "a1"}, ["status"]),
        (schemas.SetPresence, {"agent_id": "a1", "status": "asleep"}, ["status"]),
        (schemas.SetPresence, {"agent_id": "a1", "present": True, "status": "busy"}, ["present"]),
        (schemas.SetPresence, {"agent_id": "a1", "status": "busy", "expires_in": 0}, ["expires_in"]),
        (schemas.SetPresence, {"agent_id": "a1", "status": "busy", "expires_in": True}, ["expires_in"]),
        (schemas.FindAgents, {"has_room": 0}, ["has_room"]),
        (schemas.FindAgents, {"status": "present"}, ["status"]),
    ],
)
def test_bad_input_is_refused_by_the_name_of_the_field(schema, data, wrong):
    assert faults(schema, data) == wrong


def test_text_in_any_language_is_kept_as_it_came():
    assert load(schemas.SaveAgent, AGENT)["name"] == "安 🙂"


def test_what_is_not_said_of_an_agent_has_a_meaning():
    assert load(schemas.SaveAgent, AGENT) == AGENT | {
        "role": "specialist",
        "skills": {},
        "languages": [],
        "channels": [],
        "at_once": {},
        "rota": None,
        "rota_offset": 0,
    }


def test_skills_are_given_with_levels_or_by_name_only():
    assert load(schemas.SaveAgent, AGENT | {"skills": ["radio"]})["skills"] == {"radio": 3}
    assert load(schemas.SaveAgent, AGENT | {"skills": {"radio": 5}})["skills"] == {"radio": 5}
