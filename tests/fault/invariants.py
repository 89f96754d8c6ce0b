"""What must be true of a stack after any fault, read from the databases, queues, sinks and processes.

Every check yields what is wrong, in words; `assert_sound` waits until nothing is on its way and collects them all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from deploy.services import PROCESSES
from shared.cause import request_key
from shared.client import Request
from shared.clock import SystemClock
from shared.document import GENESIS, entry_hash
from shared.errors import LoopdeskError
from tests.fault import seating
from tests.fault.load import STORIES, Load
from tests.fault.settled import settled
from tests.fault.state import Document, State, order_no_of, types
from tests.fault.told import everyone_was_told_once
from tests.support import Stack, eventually

Wrong = Iterator[str]

CLAIMING = ("assigned", "accepted", "held")
STATUS = {"assigned": "assigned", "accepted": "assigned", "held": "on_hold"}
SETTLED_WITHIN = 200.0  # what a handler could not do four times comes again after 1 + 5 + 30 + 120 s
AGREED_WITHIN = 60.0  # what was in some handler's hand when nothing waited any more
OVERDUE = timedelta(seconds=20)


@dataclass(frozen=True)
class Expected:
    """What a test has done on purpose: messages parked, by service; how many e-mails of the load may stay unknown."""

    parked: Mapping[str, int] = field(default_factory=dict)
    unknown: Container[int] = (0,)


def assert_sound(stack: Stack, load: Load, expected: Expected | None = None) -> None:
    """Nothing accepted is lost, nothing is done twice, nobody is told twice, and all processes are well."""
    expected = expected or Expected()
    eventually(lambda: settled(stack, expected.parked), SETTLED_WITHIN)
    eventually(lambda: _is_sound(stack, load, expected), AGREED_WITHIN)


def _is_sound(stack: Stack, load: Load, expected: Expected) -> bool:
    state = State(stack)
    checks = (
        *(nothing_is_lost(state, load), stories_ended(state, load), histories_are_whole(state)),
        *(facts_happened_once(state), one_survey_per_resolved_round(state)),
        *(check(state) for check in seating.CHECKS),
        *(services_agree(state), everyone_was_told_once(state, load, expected.unknown), nothing_waits(state)),
        processes_are_well(stack),
    )
    wrong = [sentence for check in checks for sentence in check]
    assert not wrong, f"{len(wrong)} things are wrong:\n  " + "\n  ".join(wrong[:40])
    return True


# nothing is lost


def nothing_is_lost(state: State, load: Load) -> Wrong:
    """Every accepted contact has its ticket, every ticket its work order, and that an owner or a place in a queue."""
    by_id = {row["_id"]: row for row in state.tickets.values()}
    for request, answer in load.asked:
        if request.method == "submit_ticket":
            row = by_id.get(request_key("importer", "submit_ticket", request.fields["request_id"]))
            if row is None or row["ticket_no"] != answer["ticket_no"]:
                yield f"accepted as {answer['ticket_no']}, but stored is {row and row['ticket_no']}"
    for ticket_no in state.tickets:
        if order_no_of(ticket_no) not in state.orders:
            yield f"{ticket_no} has no work order"
    for order_no, order in state.orders.items():
        if order["ticket_no"] not in state.tickets:
            yield f"{order_no} has no ticket"
        if order["state"] in ("assigned", "accepted") and not order["seats"]:
            yield f"{order_no} is {order['state']} and has no agent"
        if order["state"] == "queued" and order["seats"]:
            yield f"{order_no} waits, but has {order['seats']}"
        seats = {str(visit["number"]): visit["agent"] for visit in order["visits"] if visit["agent"]}
        if seats != {visit: seat["agent"] for visit, seat in order["seats"].items()}:
            yield f"{order_no} has the seats {order['seats']}, but its steps {seats}"
    with_room = {queue for agent in state.agents.values() if agent.get("has_room") for queue in agent["queues"]}
    for order_no, order in state.orders.items():
        for queue in with_room.intersection(order["queues"]):
            yield f"{order_no} waits for {queue}, where somebody has room"


def stories_ended(state: State, load: Load) -> Wrong:
    """Every ticket of the load is where its story ends."""
    for matter in load.matters:
        order = state.orders.get(matter.order_no, {"state": None, "round": None, "outcome": None})
        wanted, round_, outcome = STORIES[matter.story][2]
        reached = "open" if wanted == "open" and order["state"] in ("queued", *CLAIMING) else order["state"]
        if (reached, order["round"], order["outcome"]) != (wanted, round_, outcome):
            there = {name: order[name] for name in ("state", "round", "outcome")}
            yield f"{matter.order_no} ({matter.story}) is {there}, left: {matter.left}"


# nothing is done twice


def histories_are_whole(state: State) -> Wrong:
    """Entries are numbered 1, 2, 3 … and chained; the newest is the head."""
    for name, row in state.aggregates.items():
        numbers = [entry["number"] for entry in row["history"]]
        if numbers != list(range(1, row["head"]["number"] + 1)):
            yield f"{name}: history {numbers}, head {row['head']['number']}"
            continue
        link = GENESIS
        for entry in row["history"]:
            link = entry_hash(link, {k: v for k, v in entry.items() if k not in ("_id", "aggregate")})
            if link != entry["hash"]:
                yield f"{name}: entry {entry['number']} is not chained to the one before"
                break
        if link != row["head"]["hash"]:
            yield f"{name}: the head is not the last entry"


#: Fact -> the entry of its data that may make it happen again; None: once for all.
ONCE: Mapping[str, str | None] = {
    **dict.fromkeys(("work_opened", "work_responded", "work_closed", "work_withdrawn", "work_went_live")),
    **dict.fromkeys(("ticket_submitted", "ticket_withdrawn", "ticket_replay_ended")),
    **dict.fromkeys(("survey_due", "survey_answered", "case_closed", "case_dissatisfied", "case_withdrawn")),
    **dict.fromkeys(("message_queued", "message_handed_over")),
    **dict.fromkeys(("work_resolved", "work_reopened"), "round"),
    "status_changed": "number",
}
#: These happen once for each clock, in each round in which the clock runs.
TIMED = ("deadline_near", "deadline_missed", "work_escalated")


def facts_happened_once(state: State) -> Wrong:
    """No fact stands in a history twice that can happen only once."""
    for name, row in state.aggregates.items():
        seen: Counter[tuple[Any, ...]] = Counter()
        for entry in row["history"]:
            kind, data = entry["type"], entry["data"]
            if kind in ONCE:
                seen[kind, data.get(ONCE[kind]) if ONCE[kind] else None] += 1
            elif kind in TIMED:
                clock = (data["clock"] or data["why"], data["visit"], data.get("level"))
                seen[kind, clock, data["round"] if clock[0] != "first_response" else 0] += 1
            elif kind.startswith("message_"):  # a receipt: the consumers repeat the same id for the same thing
                seen[kind, entry["cause"]] += 1
        for what, times in seen.items():
            if times > 1:
                yield f"{name}: {what} happened {times} times"


def one_survey_per_resolved_round(state: State) -> Wrong:
    """Every resolved round has one case, and that case one survey, unless its round ended before it was heard of."""
    rounds = {
        f"{order_no}/{entry['data']['round']}"
        for order_no, order in state.orders.items()
        for entry in order["history"]
        if entry["type"] == "work_resolved"
    }
    followed = {number: types(case) for number, case in state.cases.items() if case["resolved_at"]}
    for case_no in sorted(rounds ^ followed.keys()):
        yield f"{case_no}: {'no case' if case_no in rounds else 'a case without a resolution'}"
    for case_no, happened in followed.items():
        surveys, overtaken = happened.count("survey_due"), happened.count("resolution_overtaken")
        if surveys + overtaken != 1:
            yield f"{case_no}: {surveys} surveys, {overtaken} times overtaken"
        elif surveys != (state.cases[case_no]["token_hash"] is not None):
            yield f"{case_no}: {surveys} surveys, token {state.cases[case_no]['token_hash']}"


def services_agree(state: State) -> Wrong:
    """Ticket, work order, last case and measured work say the same."""
    for ticket_no, ticket in state.tickets.items():
        order = state.orders.get(order_no_of(ticket_no))
        if order is None:
            continue
        wanted = STATUS.get(order["state"], order["state"])
        if order["state"] == "queued":
            wanted = "reopened" if order["round"] else "submitted"
        if ticket["status"] != wanted:
            yield f"{ticket_no} is {ticket['status']}, its work {order['state']} in round {order['round']}"
        case = state.cases.get(f"{order['_id']}/{order['round']}")
        if order["state"] == "closed" and (case is None or case["state"] not in ("satisfied", "expired")):
            yield f"{order['_id']} is closed, its case {case and case['state']}"
        yield from _measured(state, order)


def _measured(state: State, order: Document) -> Wrong:
    if order["opened_at"] == order["ended_at"] and order["state"] == "withdrawn" and not order["team"]:
        return  # withdrawn before it was opened: no work
    told = Counter(types(order))
    cases = [case for case in state.cases.values() if case["order_no"] == order["_id"]]
    wanted = {
        "resolved": int(told["work_resolved"] > 0),
        "reopened": int(told["work_reopened"] > 0),
        "closed": int(order["state"] == "closed"),
        "withdrawn": int(order["state"] == "withdrawn"),
        "surveyed": sum(case["token_hash"] is not None for case in cases),
        **{f"score_{score}": sum(case["score"] == score for case in cases) for score in range(1, 6)},
    }
    counts = state.work.get(order["_id"], {}).get("counts", {})
    if (found := {name: counts.get(name) for name in wanted}) != wanted:
        yield f"{order['_id']} is measured as {found}, but was {wanted}"


# nothing waits, and all are well


def nothing_waits(state: State) -> Wrong:
    """Outboxes are empty, and no timer is late."""
    late = SystemClock().now() - OVERDUE
    for name, row in state.aggregates.items():
        if row["outbox"]:
            yield f"{name}: {len(row['outbox'])} events are unpublished"
        if "timer_at" in row and row["timer_at"] < late:
            yield f"{name}: its timer was due at {row['timer_at']:%H:%M:%S}"


def processes_are_well(stack: Stack) -> Wrong:
    """All run, all answer, and none died but by the test's hand."""
    state = stack.state
    once = ("provision", "apply")
    for process, replicas in state["processes"].items():
        if process not in once and any(one["status"] != "running" for one in replicas):
            yield f"{process} is {[one['status'] for one in replicas]}"
    for death in state["deaths"]:
        if death["code"] != -9:
            yield f"{death['service']} ended by itself with code {death['code']}: …{death['log_end'][-600:]}"
    with stack.client("operator") as client:
        for process, answer in zip(
            PROCESSES, client.call_many([Request.query(name, "ping") for name in PROCESSES]), strict=True
        ):
            if isinstance(answer, LoopdeskError):
                yield f"{process} does not answer: {answer}"
