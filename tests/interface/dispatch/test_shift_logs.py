"""What one shift leaves to the next: written at its end, once, and acknowledged by who takes over.

The replicas of this file stand in the test's own process, with clocks that stand still where the test puts them; the
stack's own worker does not come to the end of a shift.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.dispatch.store import DispatchStore
from shared.client import Client
from shared.errors import IllegalMove, NotFound
from shared.mongo import Database, connect
from tests.interface.dispatch.desk import a_body, a_ticket, an_agent, come, do, opened, work
from tests.interface.feigned import Feigned
from tests.probe.store import StandingClock
from tests.support import Stack, eventually

STARTED = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
END = STARTED + timedelta(hours=4)  # of the shift that goes on: no test comes near it
HALF = timedelta(hours=8)


def a_shift(name: str, since: datetime) -> dict[str, str]:
    until = since + HALF
    return {"name": name, "from": f"{since:%H:%M}", "to": "24:00" if until.hour == 0 else f"{until:%H:%M}"}


def a_rota(shift: str) -> dict[str, Any]:
    day = STARTED.date() - timedelta(days=2)
    return {"name": shift, "zone": "UTC", "starts_on": day.isoformat(), "pattern": [shift]}


ROTAS = {
    "shifts": {"goes": a_shift("Goes", END - HALF), "comes": a_shift("Comes", END)},
    "rotas": {"goes": a_rota("goes"), "comes": a_rota("comes")},
}


@pytest.fixture(scope="module")
def rotas(desk: Client) -> None:
    """Two shifts: one goes on now, the other follows."""
    desk.command("dispatch", "apply_reference", body=a_body(**ROTAS))


@pytest.fixture
def goes(desk: Client, team: str, rotas: None) -> str:
    """Somebody of the shift that goes on."""
    return eventually(lambda: come(desk, f"goes of {team}", team, capacity=5, rota="goes"))


@pytest.fixture
def comes(desk: Client, team: str, rotas: None) -> str:
    """Somebody of the shift that follows."""
    return eventually(lambda: come(desk, f"comes of {team}", team, capacity=5, rota="comes"))


@pytest.fixture
def replicas(stack: Stack) -> Iterator[list[DispatchStore]]:
    """Four, each an instant after the end of the shift by its own clock."""
    client = connect(stack.mongo_uri("dispatch"), 20)
    clocks = [StandingClock(END + timedelta(milliseconds=number)) for number in range(4)]
    with client:
        yield [DispatchStore(Database(client, clock, lambda pending: None)) for clock in clocks]


def write_due(replica: DispatchStore) -> int:
    return replica.shift_changes.write_due(replica.now())


def log_of(team: str) -> str:
    return f"{team}/{END:%Y-%m-%dT%H:%M:%SZ}"


def logs(desk: Client, team: str, **more: Any) -> list[dict[str, Any]]:
    return list(desk.call("dispatch", "find_shift_logs", team=team, **more)["logs"])


def refused(desk: Client, log_id: str, agent_id: str) -> str:
    with pytest.raises(IllegalMove) as error:
        desk.command("dispatch", "acknowledge_shift_log", log_id=log_id, agent_id=agent_id)
    return str(error.value.details["rule"])


def test_the_log_of_a_shift_tells_what_is_open_and_what_was_noted(
    desk: Client, tell: Feigned, replicas: list[DispatchStore], team: str, goes: str, comes: str
) -> None:
    urgent, held, done = a_ticket(team, priority="P1"), a_ticket(team), a_ticket(team)
    opened(desk, tell, urgent, held, done)
    for ticket in (urgent, held, done):
        eventually(lambda ticket=ticket: work(desk, ticket)["agent"] == goes or None)
    do(desk, "hold", held, reason="waiting_for_customer")
    do(desk, "resolve", done, solution="done")
    noted = desk.command("dispatch", "add_shift_note", team=team, text="The lift is out of order.", actor=goes)

    write_due(replicas[0])
    log = desk.call("dispatch", "get_shift_log", log_id=log_of(team))

    assert (noted["log_id"], noted["state"]) == (log["log_id"], "open")
    assert (log["state"], log["shifts"], log["on"], log["next_shifts"]) == ("written", ["goes"], [goes], ["comes"])
    assert log["counts"] == {"open": 2, "near": 0, "missed": 1, "assigned": 1, "held": 1}
    assert [(row["order_no"], row["deadlines"], row["agents"]) for row in log["rows"]] == [
        (work(desk, urgent)["order_no"], "missed", [goes]),
        (work(desk, held)["order_no"], "on_time", [goes]),
    ]
    assert [(note["by"], note["text"]) for note in log["notes"]] == [(goes, "The lift is out of order.")]


def test_a_log_is_written_once_by_whichever_replica_comes_first(
    desk: Client, stack: Stack, replicas: list[DispatchStore], team: str, goes: str, comes: str
) -> None:
    with ThreadPoolExecutor(len(replicas)) as pool:
        list(pool.map(write_due, replicas))
    for replica in replicas:
        write_due(replica)

    (log,) = logs(desk, team)
    stored = stack.database["dispatch_shift_logs"].find_one({"_id": log["log_id"]}, {"history": 1, "revision": 1})
    assert [entry["type"] for entry in stored["history"]] == ["shift_log_written"]
    assert stored["revision"] == 1


def test_only_somebody_of_the_next_shift_acknowledges_it_and_until_then_it_is_listed(
    desk: Client, replicas: list[DispatchStore], team: str, goes: str, comes: str
) -> None:
    write_due(replicas[0])
    log_id = log_of(team)
    assert [log["log_id"] for log in logs(desk, team, acknowledged=False)] == [log_id]

    assert refused(desk, log_id, goes) == "next_shift"
    read = desk.command("dispatch", "acknowledge_shift_log", log_id=log_id, agent_id=comes, note="all clear")

    assert (read["state"], read["acknowledged_by"], read["acknowledgement"]) == ("acknowledged", comes, "all clear")
    assert logs(desk, team, acknowledged=False) == []
    assert [log["log_id"] for log in logs(desk, team, acknowledged=True)] == [log_id]
    assert refused(desk, log_id, comes) == "acknowledged"


def test_the_teams_supervisor_acknowledges_what_nobody_comes_for(
    desk: Client, replicas: list[DispatchStore], team: str, goes: str
) -> None:
    write_due(replicas[0])

    read = desk.command("dispatch", "acknowledge_shift_log", log_id=log_of(team), agent_id="chief")

    assert (read["acknowledged_by"], read["acknowledged_as"]) == ("chief", "supervisor")
    assert logs(desk, team, acknowledged=False) == []


def test_a_log_of_a_shift_that_goes_on_takes_notes_and_is_not_acknowledged(
    desk: Client, team: str, goes: str, comes: str
) -> None:
    log = desk.command("dispatch", "add_shift_note", team=team, text="first")
    desk.command("dispatch", "add_shift_note", team=team, text="second")

    assert refused(desk, log["log_id"], comes) == "shift_end"
    assert [(one["state"], one["notes"]) for one in logs(desk, team)] == [("open", 2)]


def test_a_process_that_was_away_writes_what_was_missed_since_the_last_log(
    desk: Client, replicas: list[DispatchStore], team: str, goes: str, comes: str
) -> None:
    write_due(replicas[0])
    replicas[1].db.clock.pass_by(hours=9)

    write_due(replicas[1])

    ends = [log["ended_at"] for log in logs(desk, team, acknowledged=False)]
    assert [datetime.fromisoformat(end) for end in ends] == [END + HALF, END]


def test_notes_are_handed_on_also_where_the_shift_has_gone_from_the_roster(
    desk: Client, replicas: list[DispatchStore], team: str, goes: str
) -> None:
    desk.command("dispatch", "add_shift_note", team=team, text="first")
    desk.command("dispatch", "save_agent", **an_agent(goes, team))

    write_due(replicas[0])

    assert [(log["state"], log["shifts"], log["notes"]) for log in logs(desk, team)] == [("written", [], 1)]


def test_what_is_not_there_is_refused(desk: Client, team: str) -> None:
    with pytest.raises(NotFound):
        desk.call("dispatch", "get_shift_log", log_id=log_of(team))
    with pytest.raises(NotFound):
        desk.command("dispatch", "add_shift_note", team="no such team", text="first")
    with pytest.raises(IllegalMove) as error:
        desk.command("dispatch", "add_shift_note", team=team, text="first")
    assert error.value.details["rule"] == "no_shift"


def test_logs_are_found_by_the_page(
    desk: Client, replicas: list[DispatchStore], team: str, goes: str, comes: str
) -> None:
    write_due(replicas[0])
    replicas[1].db.clock.pass_by(hours=9)
    write_due(replicas[1])

    first = desk.call("dispatch", "find_shift_logs", team=team, limit=1)
    second = desk.call("dispatch", "find_shift_logs", team=team, limit=1, after=first["next"])

    assert [log["log_id"] for log in first["logs"] + second["logs"]] == [log["log_id"] for log in logs(desk, team)]
    assert second["next"] is None


def test_what_runs_per_timer_reads_an_index_in_order(stack: Stack) -> None:
    found, states = stack.database, {"$in": ["written", "acknowledged"]}
    plans = {
        "of_state": found["dispatch_shift_logs"].find({"state": states}).sort("place", -1).hint("of_state"),
        "of_team": found["dispatch_shift_logs"].find({"team": "it", "state": states}).sort("place", -1).hint("of_team"),
        "of_rota": found["dispatch_agents"].find({"rota": {"$gt": ""}}).hint("of_rota"),
        "of_agent": found["dispatch_orders"].find({"agents": "a1", "state": {"$in": ["held"]}}).hint("of_agent"),
        "of_principal": found["dispatch_orders"].find({"acting": {"$gt": "a1>a2"}}).hint("of_principal"),
    }
    for index, rows in plans.items():
        plan = json.dumps(rows.explain()["queryPlanner"]["winningPlan"])
        assert f'"indexName": "{index}"' in plan
        assert '"stage": "SORT"' not in plan
