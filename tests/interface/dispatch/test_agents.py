"""Agents, reference data, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.client import Client
from shared.errors import Forbidden, LoopdeskError, NotFound, ValidationError
from tests.interface.dispatch.desk import a_ticket, an_agent, come, opened
from tests.interface.feigned import Feigned
from tests.support import Stack

SOON = {"until": (datetime.now(UTC) + timedelta(hours=1)).isoformat(), "reason": "away"}


def test_agents_are_found_with_their_load(desk: Client, tell: Feigned, team: str, a1: str) -> None:
    come(desk, f"a2 of {team}", team, capacity=1)
    desk.command("dispatch", "set_presence", agent_id=f"a2 of {team}", status="offline")
    opened(desk, tell, a_ticket(team))

    page = desk.call("dispatch", "find_agents", team=team, limit=1)
    rest = desk.call("dispatch", "find_agents", team=team, limit=1, after=page["next"])
    present = desk.call("dispatch", "find_agents", team=team, status="available")

    assert [agent["agent_id"] for agent in page["agents"] + rest["agents"]] == [a1, f"a2 of {team}"]
    assert rest["next"] is None
    assert [(agent["agent_id"], agent["load"], agent["name"]) for agent in present["agents"]] == [(a1, 1, "安 🙂")]


def test_an_agent_of_an_unknown_team_is_refused(desk: Client) -> None:
    with pytest.raises(NotFound):
        desk.command("dispatch", "save_agent", **an_agent("dan", "nowhere"))
    with pytest.raises(NotFound):
        desk.call("dispatch", "get_agent", agent_id="dan")


def test_declared_agents_are_there_as_soon_as_they_are_applied(desk: Client) -> None:
    before = desk.call("dispatch", "get_reference")["body"]
    a5 = {"name": "Agent 5", "teams": ["it"], "capacity": 7, "role": "specialist"}

    desk.command("dispatch", "apply_reference", body={**before, "agents": {**before["agents"], "a5": a5}})

    agent = desk.call("dispatch", "get_agent", agent_id="a5")
    assert {name: agent[name] for name in a5} == a5
    assert (agent["status"], agent["load"]) == ("offline", 0)


def test_reference_data_that_contradict_themselves_are_refused_whole(desk: Client) -> None:
    before = desk.call("dispatch", "get_reference")
    bad = {**before["body"], "default_team": "nowhere"}

    for method, call in (("check_reference", desk.call), ("apply_reference", desk.command)):
        with pytest.raises(ValidationError) as refused:
            call("dispatch", method, body=bad)
        assert list(refused.value.fields) == ["default_team"]
    assert desk.call("dispatch", "get_reference") == before


# refusals


@pytest.mark.parametrize(
    ("method", "fields", "refusal"),
    [
        ("accept", {"order_no": "W-0"}, NotFound),
        ("accept", {"order_no": "W-$0.\0"}, ValidationError),
        ("accept", {"order_no": {"$gt": ""}}, ValidationError),
        ("hold", {"order_no": "W-0", "reason": "x", "until": "then"}, ValidationError),
        ("complete_step", {"order_no": "W-0", "fields": ["symptom"]}, ValidationError),
        ("complete_step", {"order_no": "W-0", "fee": 5}, ValidationError),
        ("prioritise", {"order_no": "W-0", "priority": "P9", "reason": "x"}, ValidationError),
        ("void_fee", {"order_no": "W-0", "fee": 0, "reason": "x"}, ValidationError),
        ("reroute", {"order_no": "W-0", "to": "fix"}, ValidationError),
        ("resolve", {"order_no": "W-0", "solution": ""}, ValidationError),
        ("set_presence", {"agent_id": "nobody", "status": "available"}, NotFound),
        ("set_presence", {"agent_id": "nobody", "status": "asleep"}, ValidationError),
    ],
)
def test_bad_input_is_refused_and_nothing_is_stored(
    desk: Client, stack: Stack, method: str, fields: dict[str, Any], refusal: type[LoopdeskError]
) -> None:
    with pytest.raises(refusal):
        desk.command("dispatch", method, **fields)
    assert stack.database["dispatch_orders"].find_one({"_id": "W-0"}) is None
    assert stack.database["dispatch_agents"].find_one({"_id": "nobody"}) is None


@pytest.mark.parametrize(
    ("method", "fields", "missing"),
    [
        ("save_agent", an_agent("nobody", "it", skills={"juggling": 3}), ("skill", "juggling", "skills")),
        ("save_agent", an_agent("nobody", "it", "nowhere"), ("team", "nowhere", "teams")),
        ("hand_over", {"agent": "it.01", "to": "nobody", **SOON}, ("agent", "nobody", "to")),
        ("watch", {"order_no": "W-0", "watcher": "nobody"}, ("agent", "nobody", "watcher")),
        ("accept", {"order_no": "W-0"}, ("work order", "W-0", "order_no")),
    ],
)
def test_what_is_not_there_is_named_with_its_place(
    desk: Client, method: str, fields: dict[str, Any], missing: tuple[str, str, str]
) -> None:
    with pytest.raises(NotFound) as refused:
        desk.command("dispatch", method, **fields)

    assert refused.value.details == dict(zip(("what", "key", "field"), missing, strict=True))


@pytest.mark.parametrize(
    ("account", "method", "fields"),
    [
        ("callcentre", "accept", {"order_no": "W-0"}),
        ("workbench", "save_agent", an_agent("dan", "it")),
        ("workbench", "reroute", {"order_no": "W-0", "to": "fix", "reason": "x"}),
        ("workbench", "void_fee", {"order_no": "W-0", "fee": 1, "reason": "x"}),
        ("callcentre", "complete_step", {"order_no": "W-0"}),
        ("workbench", "accept", {"order_no": "W-0", "at": "2016-02-29T01:16:00Z"}),
        ("supervisor", "apply_reference", {"body": {}}),
    ],
)
def test_an_account_without_the_permission_is_refused(
    stack: Stack, desk: Client, account: str, method: str, fields: dict[str, Any]
) -> None:
    with pytest.raises(Forbidden):
        stack.client(account).command("dispatch", method, **fields)
