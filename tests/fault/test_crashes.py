"""Crashes on the way rule -> ledger -> queue -> consumer -> gateway -> receipt: nothing lost or doubled (ADR 74)."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.crowd import crowd
from tests.fault.crashing.harness import dice, mortals, report, run
from tests.fault.crashing.points import POINTS, plan
from tests.support import Stack

SEED = 20260302


@pytest.mark.parametrize("crashes", [50, pytest.param(1_000, marks=[pytest.mark.deep, pytest.mark.timeout(5_400)])])
def test_crashes_at_every_boundary_lose_and_double_nothing(broken: Stack, tmp_path: Path, crashes: int) -> None:
    planned = plan(crashes, dice(SEED))
    with crowd(broken, 10 * crashes) as people, mortals(broken, planned, tmp_path, {}) as processes:
        run(people, processes)
        happened, states, sent = report(processes), people.rows(), Counter(t["message_id"] for t in broken.texts())

    assert sum(happened.values()) == crashes
    assert len(happened) == len(POINTS)
    assert states == Counter(sent=len(people.told))
    assert {message_id: sent[message_id] for message_id in people.ids()} == dict.fromkeys(people.ids(), 1)
