"""Crashes on the way rule -> ledger -> queue -> consumer -> gateway -> receipt: nothing lost or doubled (ADR 74)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.crowd import Crowd, crowd
from tests.fault.crashing.chaining import chained
from tests.fault.crashing.gateway import entries
from tests.fault.crashing.harness import Mortal, dice, http_gateway, mortals, report, run, smtp_relay
from tests.fault.crashing.points import CHAIN_POINTS, CONSUMER, GATEWAY, MAIL_POINTS, POINTS, REPLY_POINTS, plan
from tests.fault.crashing.replying import Repliers
from tests.support import Stack, eventually

SEED = 20260302
#: At these a message is certainly claimed, and nobody has recorded what became of it. At a claim or a record it may be
#: one that has come again, of which it is known already.
IN_DOUBT = {"before send", "after send", "before hand-over of the text", "after hand-over of the text"}
DEEP = [pytest.mark.deep, pytest.mark.timeout(5_400)]


@pytest.mark.parametrize("crashes", [50, pytest.param(1_000, marks=DEEP)])
def test_crashes_at_every_boundary_lose_and_double_nothing(apart: Stack, tmp_path: Path, crashes: int) -> None:
    book, given = http_gateway(tmp_path)
    planned = plan(crashes, dice(SEED))
    with crowd(apart, 10 * crashes) as people, mortals(apart, planned, tmp_path, given) as processes:
        run(people, processes)
        figures = counted(people, processes, book)

    assert sum(figures["crashes"].values()) == crashes
    assert len(figures["crashes"]) == len(POINTS)
    assert figures["states"] == {"sent": figures["told"]}
    assert (figures["not sent"], figures["doubled"]) == (0, 0)
    assert figures["copies dropped"] > 0, "no crash had the gateway asked twice"


@pytest.mark.parametrize("crashes", [24, pytest.param(240, marks=DEEP)])
def test_a_gateway_that_knows_no_copies_gets_none_and_what_is_in_doubt_is_unknown(
    apart: Stack, tmp_path: Path, crashes: int
) -> None:
    book, given = http_gateway(tmp_path, blind=True, window=1)
    planned = plan(crashes, dice(SEED), [point for point in POINTS if point.process in (CONSUMER, GATEWAY)])
    with crowd(apart, 20 * crashes) as people, mortals(apart, planned, tmp_path, given) as processes:
        run(people, processes)
        figures = counted(people, processes, book)

    doubtful = [crash for lives in planned.values() for crash in lives if crash.point.name in IN_DOUBT]
    at_the_gateway = len(planned[GATEWAY])
    assert sum(figures["crashes"].values()) == crashes
    assert figures["doubled"] == 0
    assert set(figures["states"]) == {"sent", "unknown"}
    assert sum(figures["states"].values()) == figures["told"]
    # a crash elsewhere may meet the next message between its claim and its record
    assert len(doubtful) <= figures["states"]["unknown"] <= crashes
    assert figures["not sent"] <= figures["states"]["unknown"]
    assert figures["unknown and sent"] >= at_the_gateway // 2, "no unknown message had left after all"


@pytest.mark.parametrize("crashes", [28, pytest.param(280, marks=DEEP)])
def test_crashes_of_the_mail_consumer_and_the_relay_double_no_mail_and_what_is_in_doubt_is_unknown(
    apart: Stack, tmp_path: Path, crashes: int
) -> None:
    book, given = smtp_relay(tmp_path)
    planned = plan(crashes, dice(SEED), MAIL_POINTS)
    with crowd(apart, 20 * crashes, mail=True) as people, mortals(apart, planned, tmp_path, given) as processes:
        run(people, processes)
        figures = counted(people, processes, book)

    assert sum(figures["crashes"].values()) == crashes
    assert len(figures["crashes"]) == len(MAIL_POINTS)
    assert figures["doubled"] == 0
    assert set(figures["states"]) == {"sent", "unknown"}
    assert sum(figures["states"].values()) == figures["told"]
    doubtful = [crash for lives in planned.values() for crash in lives if crash.point.name in IN_DOUBT]
    assert len(doubtful) <= figures["states"]["unknown"] <= crashes
    assert figures["not sent"] <= figures["states"]["unknown"]
    assert figures["unknown and sent"] > 0, "no unknown mail had left after all"


@pytest.mark.parametrize("crashes", [len(REPLY_POINTS), pytest.param(300, marks=DEEP)])
def test_crashes_on_the_way_of_replies_lose_none_and_each_has_one_effect(
    apart: Stack, tmp_path: Path, crashes: int
) -> None:
    planned, people = plan(crashes, dice(SEED), REPLY_POINTS), Repliers(apart, 3 * crashes)
    with mortals(apart, planned, tmp_path, {}) as processes:
        run(people, processes)
        eventually(lambda: 0 not in people.answers())
        figures: dict[str, Any] = {"told": len(people.told), "states": people.rows(), "crashes": report(processes)}
        effects, answers, customers = people.effects(), people.answers(), people.customers()
        print(json.dumps({**figures, "effects": effects}, indent=1))

    by_kind = Counter(one.kind for one in people.told)
    assert sum(figures["crashes"].values()) == crashes
    assert len(figures["crashes"]) == len(REPLY_POINTS)
    assert effects == {kind: {1: number} for kind, number in by_kind.items()}
    assert figures["states"] == {"answered": figures["told"] - by_kind["contact"], "ticket": by_kind["contact"]}
    assert (answers.keys(), customers.keys()) == ({1}, {1})


@pytest.mark.parametrize("crashes", [2 * len(CHAIN_POINTS), pytest.param(240, marks=DEEP)])
def test_crashes_between_two_channels_leave_each_notice_told_by_the_next_one_once(
    apart: Stack, tmp_path: Path, crashes: int
) -> None:
    _, given = http_gateway(tmp_path, refuses=True)
    planned = {**plan(crashes, dice(SEED), CHAIN_POINTS), CONSUMER: [], GATEWAY: []}
    with chained(apart, 20 * crashes) as people, mortals(apart, planned, tmp_path, given) as processes:
        run(people, processes)
        crashed = report(processes)
        print(json.dumps({"told": len(people.told), "states": people.rows(), "crashes": crashed}, indent=1))

    assert sum(crashed.values()) == crashes
    assert len(crashed) == len(CHAIN_POINTS)
    assert people.rows() == {"failed": len(people.told), "sent": len(people.told)}
    assert people.broken() == []
    assert eventually(lambda: people.mails() == {1: len(people.told)})


def counted(people: Crowd, processes: Mapping[str, Mortal], book: Path) -> dict[str, Any]:
    """What came of all messages, by the ledger and by the gateway's own book; printed for those who measure."""
    states, lines = people.ids(), entries(book)
    sent = Counter(line["sent"] for line in lines if "sent" in line)
    unknown = {message_id for message_id, state in states.items() if state == "unknown"}
    figures = {
        "told": len(people.told),
        "states": dict(people.rows()),
        "not sent": len(states.keys() - sent.keys()) + len(people.told) - len(states),
        "doubled": sum(number - 1 for number in sent.values()),
        "copies dropped": sum("again" in line for line in lines),
        "unknown and sent": len(unknown & sent.keys()),
        "crashes": report(processes),
    }
    print(json.dumps(figures, indent=1))
    return figures
