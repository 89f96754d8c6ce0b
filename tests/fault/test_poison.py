"""Messages that no handler can take, and handlers that fail for a while."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.fault.bus import MESSAGE_QUEUES, SUBSCRIPTIONS, on_the_bus
from tests.fault.chaos import stopped
from tests.fault.invariants import Expected, assert_sound
from tests.fault.load import Load
from tests.support import Stack, eventually

LOOPDESK = Path(sys.executable).parent / "loopdesk"
POISONS = (
    b"\x00\xffthis is not JSON",
    b'{"id": "x"}',
    b'{"id": "poison/1/1", "type": "poison", "schema_version": 7, "source": "nobody", "aggregate_id": "1", '
    b'"aggregate_version": 1, "number": 1, "at": "2016-02-29T01:16:00Z", "recorded_at": "2016-02-29T01:16:00Z", '
    b'"data": {}}',
    b'{"id": "poison/1/2", "type": "poison", "schema_version": 1, "source": "nobody", "aggregate_id": "1", '
    b'"aggregate_version": 1, "number": 2, "at": "2016-02-29T01:16:00Z", "recorded_at": "2016-02-29T01:16:00Z", '
    b'"data": {"order_no": 5, "message_id": {"$gt": ""}}}',
)


def loopdesk(stack: Stack, *arguments: str) -> str:
    """What the operators' command line says; it must exit with 0."""
    done = subprocess.run(
        [LOOPDESK, *arguments],
        env={**os.environ, "LOOPDESK_AMQP_URI": stack.amqp_uri("operator")},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, f"loopdesk {' '.join(arguments)}: {done.stdout}{done.stderr}"
    return done.stdout


def test_poison_on_every_queue_is_parked_and_shown_while_everything_else_flows(broken: Stack, load: Load) -> None:
    queues = [subscription.queue for subscription in SUBSCRIPTIONS]
    with on_the_bus(broken) as bus:
        for queue in queues:
            for poison in POISONS:
                bus.put(queue, poison)
        for queue in MESSAGE_QUEUES:
            bus.put(queue, POISONS[0])
    parked = Counter(queue.partition(".")[0] for queue in queues for _ in POISONS)
    parked["notify"] += len(MESSAGE_QUEUES)

    load.submit(24)
    load.drive()

    assert_sound(broken, load, Expected(parked=parked))
    listed = loopdesk(broken, "parked", "list", "--limit", "1000")
    assert f"{parked.total()} of {parked.total()} shown" in listed
    assert (
        loopdesk(broken, "parked", "replay", "--all", "--service", "intake").count(" replayed") == parked["intake"] + 1
    )
    assert_sound(broken, load, Expected(parked=parked))  # they are poison still
    assert loopdesk(broken, "parked", "drop", "--all", "--yes").endswith(f"{parked.total()} dropped\n")
    assert "nothing is parked" in loopdesk(broken, "parked", "list")
    assert_sound(broken, load)


def test_a_good_event_that_was_parked_is_handled_after_its_replay(broken: Stack, load: Load) -> None:
    queue = "dispatch.intake.ticket_submitted.open_work"
    with stopped(broken, "dispatch-worker"), on_the_bus(broken) as bus:
        load.submit(5, ["satisfied"])
        parked = 0
        while parked < 5:  # published right after each was accepted
            parked += bus.park(queue)
    assert not load.orders()

    assert "\n5 replayed." in loopdesk(broken, "parked", "replay", "--all", "--service", "dispatch")
    load.drive()

    assert_sound(broken, load)


def test_a_handler_that_fails_three_times_and_then_works_has_its_effect_once(broken: Stack, load: Load) -> None:
    def failures() -> Counter[str]:
        lines = [json.loads(line) for line in broken.log_text("notify-worker").splitlines() if line.startswith("{")]
        failed = [line for line in lines if line.get("outcome") == "retry" and line["reason"].startswith("Operation")]
        return Counter(line["event_id"] for line in failed)

    before = failures()
    load.submit(3, ["held"])
    known = broken.database["notify_customers"]
    eventually(lambda: known.count_documents({}) == broken.database["intake_customers"].count_documents({}))
    with forbidden(broken, "notify", "notify_customers"):
        load.drive()
        failed = eventually(lambda: has_failed(failures() - before, 6))  # each: the resolution, and the survey

    assert_sound(broken, load)
    assert set(failed.values()) <= {3, 4}  # one that failed sooner than the others may have been tried once more


def has_failed(failed: Counter[str], events: int) -> Counter[str] | None:
    """What failed how often, once so many events have failed three times."""
    return failed if sum(times >= 3 for times in failed.values()) == events else None


@contextmanager
def forbidden(stack: Stack, account: str, collection: str) -> Iterator[None]:
    """The service's database account may not touch one of its collections for a while."""
    role = stack.database.command("rolesInfo", account, showPrivileges=True)["roles"][0]
    left = [one for one in role["privileges"] if one["resource"]["collection"] != collection]
    stack.database.command("updateRole", account, privileges=left)
    try:
        yield
    finally:
        stack.database.command("updateRole", account, privileges=role["privileges"])
