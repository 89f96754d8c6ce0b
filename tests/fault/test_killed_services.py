"""Service processes that are killed in the middle of their work."""

from __future__ import annotations

import pytest

from tests.fault.bus import on_the_bus
from tests.fault.chaos import coming_and_going, kills
from tests.fault.invariants import assert_sound
from tests.fault.load import AGENTS, Load
from tests.support import Stack

SERVICES = ("intake", "dispatch", "feedback", "notify")


@pytest.mark.parametrize("kind", ["", "-worker"], ids=["answering calls", "handling events"])
def test_services_killed_again_and_again_lose_nothing_and_do_nothing_twice(
    broken: Stack, load: Load, kind: str
) -> None:
    killed = [f"{service}{kind}" for service in SERVICES]
    with kills(broken, killed, times=12, every=1.0) as killer, coming_and_going(broken, AGENTS, every=0.2) as left:
        load.submit(100)
        load.drive()

    assert sum(killer.killed.values()) == 12
    assert left.keys() == set(AGENTS)
    load.ask_again()
    assert_sound(broken, load)


def test_what_was_saved_but_not_published_when_its_process_was_killed_is_published_later(
    broken: Stack, load: Load
) -> None:
    def unpublished() -> int:
        own = {"ticket_no": {"$in": [matter.ticket_no for matter in load.matters]}}
        return broken.database["intake_tickets"].count_documents({**own, "outbox.0": {"$exists": True}})

    with on_the_bus(broken) as bus:
        bus.channel.exchange_delete("intake.events")  # saving goes on, publishing fails
    load.submit(20, ["satisfied"])
    assert unpublished() == 20
    for process in ("intake", "intake-worker"):
        broken.kill_and_wait(process)
    assert unpublished() == 20

    broken.start_process("provision")
    load.drive()

    assert_sound(broken, load)
