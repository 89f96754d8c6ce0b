"""`loopdesk verify` on a running stack: whatever was done to a history in the database is found, and named."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner

from deploy.cli import main
from shared.client import Client
from shared.document import GENESIS, entry_hash
from shared.errors import Forbidden
from shared.housekeeping import KEEP, LIMIT
from tests.support import Stack, eventually

TICKETS, HISTORY = "intake_tickets", "intake_history"
CONTACT = {"channel": "phone", "type": "fault", "category": "network", "impact": "high", "urgency": "high"}
Run = Callable[..., str]


@pytest.fixture(scope="module")
def loopdesk(stack: Stack) -> Run:
    """The command line; gives what it prints."""

    def run(*arguments: object, code: int = 0) -> str:
        result = CliRunner().invoke(
            main, [str(argument) for argument in arguments], env={"LOOPDESK_AMQP_URI": stack.amqp_uri("operator")}
        )
        assert result.exit_code == code, result.output
        return result.output

    run("apply", Path(__file__).parents[2] / "deploy" / "config")
    return run


@pytest.fixture(scope="module")
def numbers(stack: Stack, loopdesk: Run) -> list[str]:
    """Three tickets with which nothing happens any more; most of the first one's history has left its document."""
    client = stack.client("callcentre")
    names = [submit(client) for _ in range(3)]
    for number in range(LIMIT + 8):
        client.command("intake", "add_note", ticket_no=names[0], text=f"note {number}")
    for name in names:
        client.command("intake", "withdraw_ticket", ticket_no=name, reason="by mistake")
    eventually(lambda: all(is_quiet(stack, name) for name in names))
    eventually(lambda: len(document(stack, names[0])["history"]) == KEEP)
    return names


def submit(client: Client) -> str:
    said = {
        "customer": {"name": "Probe", "email": f"{uuid4().hex}@example.com"},
        "subject": "x",
        "text": "x",
        **CONTACT,
    }
    answer = eventually(lambda: client.command("intake", "submit_ticket", **said))
    return str(answer["ticket_no"])


def is_quiet(stack: Stack, ticket_no: str) -> bool:
    order = stack.database.dispatch_orders.find_one({"ticket_no": ticket_no})
    # news of other tests' work orders, whose tickets intake never knew, is in retry for minutes
    waiting = stack.ready(*(name for name in stack.queues() if name.startswith("intake.dispatch.")))
    told = order is not None and order["state"] == "withdrawn" and not order["outbox"]
    return told and not document(stack, ticket_no)["outbox"] and not waiting


def document(stack: Stack, ticket_no: str) -> dict[str, Any]:
    found = stack.database[TICKETS].find_one({"ticket_no": ticket_no})
    assert found is not None
    return dict(found)


@pytest.fixture
def meddled(stack: Stack, numbers: list[str]) -> Iterator[list[dict[str, Any]]]:
    """The tickets' documents, put back as they are now when the test is over."""
    documents = [document(stack, name) for name in numbers]
    refs = [f"{TICKETS}/{one['_id']}" for one in documents]
    left = list(stack.database[HISTORY].find({"aggregate": {"$in": refs}}))
    assert len(left) > LIMIT - KEEP
    yield documents
    for one in documents:
        stack.database[TICKETS].replace_one({"_id": one["_id"]}, one, upsert=True)
    stack.database[HISTORY].delete_many({"aggregate": {"$in": refs}})
    stack.database[HISTORY].insert_many(left)


def faults(loopdesk: Run, *arguments: object) -> list[dict[str, Any]]:
    """What `--json` tells of intake's histories, which have faults."""
    *lines, last = loopdesk("verify", "--service", "intake", "--json", *arguments, code=1).splitlines()
    told = [json.loads(line)["fault"] for line in lines]
    assert json.loads(last)["faults"] == len(told) > 0
    return told


def in_order(faults: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """By ticket and kind: what histories show of themselves is told before what only anchors tell."""
    return sorted(faults, key=lambda fault: (str(fault["id"]), str(fault["kind"])))


def a_fault(document: dict[str, Any], kind: str, first: int, last: int | None = None) -> dict[str, Any]:
    place = {"service": "intake", "collection": TICKETS, "id": document["_id"]}
    name = None if kind in ("gone", "shortened", "rewritten") else document["ticket_no"]
    name = document["_id"] if kind == "orphaned" else name
    return {**place, "name": name, "kind": kind, "first": first, "last": last or first, "fields": []}


def chained_anew(entries: list[dict[str, Any]]) -> dict[str, Any]:
    """History and head, as somebody would write them who knows how."""
    link, history = GENESIS, []
    for number, entry in enumerate(entries, start=1):
        history.append({**entry, "number": number})
        link = history[-1]["hash"] = entry_hash(link, history[-1])
    return {"history": history, "head": {"number": len(history), "hash": link}}


# what a history shows of itself


def test_a_stack_that_nobody_meddled_with_is_clean(loopdesk: Run, numbers: list[str]) -> None:
    output = loopdesk("verify")
    assert "all histories are as they were written" in output
    listed = {line.split()[0] for line in output.splitlines()[1:-1]}
    assert listed >= {TICKETS, "dispatch_orders", "dispatch_agents", "feedback_cases", "notify_messages"}


def test_an_edit_is_found(stack: Stack, loopdesk: Run, meddled: list[dict[str, Any]]) -> None:
    stack.database[TICKETS].update_one({"_id": meddled[1]["_id"]}, {"$set": {"history.0.actor": "somebody"}})
    assert faults(loopdesk) == [a_fault(meddled[1], "edited", 1)]


def test_a_removal_is_found(stack: Stack, loopdesk: Run, meddled: list[dict[str, Any]]) -> None:
    stack.database[TICKETS].update_one({"_id": meddled[2]["_id"]}, {"$pull": {"history": {"number": 1}}})
    assert faults(loopdesk) == [a_fault(meddled[2], "gap", 1)]


def test_a_swap_is_found(stack: Stack, loopdesk: Run, meddled: list[dict[str, Any]]) -> None:
    first, second, *others = meddled[1]["history"]
    stack.database[TICKETS].update_one({"_id": meddled[1]["_id"]}, {"$set": {"history": [second, first, *others]}})
    assert faults(loopdesk) == [a_fault(meddled[1], "swapped", 1, 2)]


def test_a_truncation_is_found(stack: Stack, loopdesk: Run, meddled: list[dict[str, Any]]) -> None:
    stack.database[TICKETS].update_one({"_id": meddled[1]["_id"]}, {"$pop": {"history": 1}})
    assert faults(loopdesk) == [a_fault(meddled[1], "truncated", meddled[1]["head"]["number"])]


def test_what_was_done_to_entries_that_have_left_their_document_is_found(
    stack: Stack, loopdesk: Run, meddled: list[dict[str, Any]]
) -> None:
    ref = f"{TICKETS}/{meddled[0]['_id']}"
    stack.database[HISTORY].update_one({"_id": f"{ref}/3"}, {"$set": {"data.text": "another"}})
    stack.database[HISTORY].delete_one({"_id": f"{ref}/7"})
    assert faults(loopdesk) == [a_fault(meddled[0], "edited", 3), a_fault(meddled[0], "gap", 7)]


def test_an_aggregate_that_is_gone_is_found_by_what_had_left_its_document(
    stack: Stack, loopdesk: Run, meddled: list[dict[str, Any]]
) -> None:
    left = stack.database[HISTORY].count_documents({"aggregate": f"{TICKETS}/{meddled[0]['_id']}"})
    stack.database[TICKETS].delete_one({"_id": meddled[0]["_id"]})
    assert faults(loopdesk) == [a_fault(meddled[0], "orphaned", 1, left)]
    assert "the whole aggregate is gone" in loopdesk("verify", "--service", "intake", code=1)


def test_people_are_told_the_place_and_what_to_do(
    stack: Stack, loopdesk: Run, numbers: list[str], meddled: list[dict[str, Any]]
) -> None:
    stack.database[TICKETS].update_one({"_id": meddled[1]["_id"]}, {"$set": {"history.0.actor": "somebody"}})
    output = loopdesk("verify", "--service", "intake", code=1)
    assert f"{TICKETS}/{meddled[1]['_id']} ({numbers[1]})  edited: entry 1 not what was written" in output
    assert "1 fault(s). Change nothing yet" in output


@pytest.mark.parametrize(
    "changed",
    [
        {"priority": "P4", "team": "nobody"},
        # in queues that nobody serves, lest somebody be given it
        {"queues": ["x"], "teams": [], "agents": ["it.01"], "steps": ["x"], "seats": {"1": "it.01"}},
        {"place": "0", "pinned": 1, "provisional": 1},
        {"cleared_by": "somebody"},
    ],
)
def test_a_state_that_its_history_does_not_make_is_found_by_field(
    stack: Stack, loopdesk: Run, numbers: list[str], changed: dict[str, Any]
) -> None:
    orders = stack.database.dispatch_orders
    order = orders.find_one({"ticket_no": numbers[1]})
    assert order is not None
    orders.update_one({"_id": order["_id"]}, {"$set": changed})
    try:
        output = loopdesk("verify", "--service", "dispatch", "--json", code=1)
    finally:
        orders.replace_one({"_id": order["_id"]}, order)
    fault, last = map(json.loads, output.splitlines())
    assert (fault["fault"]["id"], fault["fault"]["kind"]) == (order["_id"], "state")
    # an order that was withdrawn before anybody had it has no team to lose
    assert sorted(fault["fault"]["fields"]) == sorted(name for name in changed if order.get(name) != changed[name])
    figures = last["collections"]["dispatch_orders"]
    assert figures["rebuilt"] == figures["aggregates"] >= len(numbers)


# what only anchors show


@pytest.fixture
def folder(tmp_path: Path, loopdesk: Run, numbers: list[str]) -> Path:
    """Anchors of the time before somebody came."""
    assert "intake-000001.jsonl: " in loopdesk("verify", "--service", "intake", "--anchors", tmp_path)
    return tmp_path


def test_a_clean_run_leaves_anchors_and_the_next_one_follows_them(loopdesk: Run, folder: Path) -> None:
    assert "intake-000002.jsonl: " in loopdesk("verify", "--service", "intake", "--anchors", folder)
    loopdesk("verify", "--anchors", folder)
    assert sorted(path.name for path in folder.iterdir()) == [
        "dispatch-000001.jsonl",
        "feedback-000001.jsonl",
        *(f"intake-{number:06d}.jsonl" for number in (1, 2, 3)),
        "notify-000001.jsonl",
    ]


def test_an_aggregate_that_is_gone_is_found(
    stack: Stack, loopdesk: Run, folder: Path, meddled: list[dict[str, Any]]
) -> None:
    left = stack.database[HISTORY].count_documents({"aggregate": f"{TICKETS}/{meddled[0]['_id']}"})
    for one in meddled[:2]:
        stack.database[TICKETS].delete_one({"_id": one["_id"]})
    expected = [
        a_fault(meddled[0], "orphaned", 1, left),  # the other had nothing elsewhere: only its anchor tells
        *(a_fault(one, "gone", 1, one["head"]["number"]) for one in meddled[:2]),
    ]
    assert in_order(faults(loopdesk, "--anchors", folder)) == in_order(expected)


def test_a_truncation_with_the_head_made_to_fit_is_found(
    stack: Stack, loopdesk: Run, folder: Path, meddled: list[dict[str, Any]]
) -> None:
    kept = meddled[1]["history"][:-1]
    stack.database[TICKETS].update_one({"_id": meddled[1]["_id"]}, {"$set": chained_anew(kept)})
    loopdesk("verify", "--service", "intake")  # by itself it is whole
    number = meddled[1]["head"]["number"]
    assert faults(loopdesk, "--anchors", folder) == [a_fault(meddled[1], "shortened", number)]


def test_an_edit_with_the_chain_computed_anew_is_found(
    stack: Stack, loopdesk: Run, folder: Path, meddled: list[dict[str, Any]]
) -> None:
    entries = meddled[1]["history"]
    forged = [{**entries[0], "actor": "somebody"}, *entries[1:], {**entries[-1], "type": "forged"}]
    stack.database[TICKETS].update_one({"_id": meddled[1]["_id"]}, {"$set": chained_anew(forged)})
    loopdesk("verify", "--service", "intake")
    assert faults(loopdesk, "--anchors", folder) == [a_fault(meddled[1], "rewritten", 1, len(entries))]


def test_a_history_in_two_places_computed_anew_is_found(
    stack: Stack, loopdesk: Run, folder: Path, meddled: list[dict[str, Any]]
) -> None:
    ref = f"{TICKETS}/{meddled[0]['_id']}"
    away = list(stack.database[HISTORY].find({"aggregate": ref}, {"_id": 0, "aggregate": 0}).sort("number"))
    forged = chained_anew([{**away[0], "actor": "somebody"}, *away[1:], *meddled[0]["history"]])
    for entry in forged["history"][: len(away)]:
        stack.database[HISTORY].update_one({"_id": f"{ref}/{entry['number']}"}, {"$set": entry})
    forged["history"] = forged["history"][len(away) :]
    stack.database[TICKETS].update_one({"_id": meddled[0]["_id"]}, {"$set": forged})
    loopdesk("verify", "--service", "intake")
    number = meddled[0]["head"]["number"]
    assert faults(loopdesk, "--anchors", folder) == [a_fault(meddled[0], "rewritten", 1, number)]


def test_an_anchors_file_that_was_changed_is_found_and_the_one_before_serves(
    stack: Stack, loopdesk: Run, folder: Path, meddled: list[dict[str, Any]]
) -> None:
    loopdesk("verify", "--service", "intake", "--anchors", folder)
    newest = folder / "intake-000002.jsonl"
    newest.write_bytes(newest.read_bytes().replace(str(meddled[1]["_id"]).encode(), b"another"))
    stack.database[TICKETS].delete_one({"_id": meddled[1]["_id"]})
    changed, gone = faults(loopdesk, "--anchors", folder)
    assert (changed["kind"], changed["file"]) == ("anchors", "intake-000002.jsonl")
    assert gone == a_fault(meddled[1], "gone", 1, meddled[1]["head"]["number"])


def test_a_run_with_faults_leaves_no_anchors(
    stack: Stack, loopdesk: Run, folder: Path, meddled: list[dict[str, Any]]
) -> None:
    stack.database[TICKETS].update_one({"_id": meddled[1]["_id"]}, {"$pop": {"history": 1}})
    faults(loopdesk, "--anchors", folder)
    assert [path.name for path in folder.iterdir()] == ["intake-000001.jsonl"]


def test_who_does_not_administer_is_refused(stack: Stack, loopdesk: Run) -> None:
    for service in ("intake", "dispatch", "feedback", "notify"):
        with pytest.raises(Forbidden):
            stack.client("callcentre").call(service, "verify_history")


def test_a_folder_that_cannot_be_used_is_told_without_a_traceback(loopdesk: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    assert "cannot be used: Not a directory" in loopdesk("verify", "--anchors", tmp_path / "file" / "deeper", code=1)
