"""The broker and the database, killed in the middle of the work."""

from __future__ import annotations

import pytest

from tests.fault.chaos import kills
from tests.fault.invariants import Expected, assert_sound
from tests.fault.load import Load
from tests.support import Stack


@pytest.mark.parametrize("server", ["rabbitmq", "mongo"])
def test_a_server_killed_under_load_costs_time_and_nothing_else(broken: Stack, load: Load, server: str) -> None:
    load.submit(20)
    with kills(broken, [server], times=2, every=3.0) as killer:
        load.submit(80)
        load.drive()

    assert killer.killed[server] == 2
    load.ask_again()
    assert_sound(broken, load)


def test_all_at_once_like_a_machine_that_loses_its_power(broken: Stack, load: Load) -> None:
    everything = [process for process in broken.state["processes"] if broken.pids(process)]
    load.submit(40)
    with kills(broken, everything, times=len(everything), every=0.01):
        load.drive()

    load.ask_again()
    assert_sound(broken, load, Expected(unknown=range(3)))  # mails that were in hand
