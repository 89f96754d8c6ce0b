"""Everything is killed in turn, for minutes (`make test-deep`)."""

from __future__ import annotations

from random import Random

import pytest

from tests.fault.chaos import kills
from tests.fault.invariants import Expected, assert_sound
from tests.fault.load import Load
from tests.support import Stack


@pytest.mark.deep
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("seed", range(3))
def test_a_long_run_of_kills_of_everything(broken: Stack, load: Load, seed: int) -> None:
    running = [process for process in broken.state["processes"] if broken.pids(process)]
    turns = Random(seed).choices(running, k=60)
    with kills(broken, turns, times=len(turns), every=1.5) as killer:
        while killer.killed.total() < len(turns):
            load.submit(40, ["satisfied", "dissatisfied", "withdrawn", "held", "transferred", "reopened"])
            load.drive(600)

    load.ask_again()
    mails_in_hand = killer.killed["email-consumer"] + killer.killed["mailbox"]
    assert_sound(broken, load, Expected(unknown=range(mails_in_hand + 1)))
