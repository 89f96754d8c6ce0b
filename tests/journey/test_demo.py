"""The demo on a part of the real log, as a user starts it; on stacks of its own."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from deploy.demo import log, rules
from deploy.localstack import launch
from deploy.localstack.instance import HOME, ROOT, Instance
from tests.journey import reckoning

PART = 40
CALLERS = sorted({incident.caller for incident in log.read()[:PART]})
NAME = f"test-{os.getpid()}-demo"  # the fixture `stack` clears away what a killed run leaves


def demo(*options):
    """One whole demo; its outcome."""
    argv = [sys.executable, "-m", "deploy.demo", "--json", "--name", NAME, "--incidents", str(PART), *options]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=540)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def kept():
    """Played once on a fresh stack, which stays up."""
    outcome = demo("--keep")
    yield outcome
    launch.down(Instance(NAME), discard=True)
    shutil.rmtree((ROOT / outcome["rendered"]["folder"]).parent)


@pytest.fixture(scope="module")
def played_again(kept):
    """The same part played a second time on the same stack."""
    return demo("--keep")


@pytest.fixture(scope="module")
def elsewhere(kept, played_again):
    """The same part played on another fresh stack, which ends with the demo."""
    launch.down(Instance(NAME), discard=True)
    return demo()


def test_every_incident_goes_through_the_whole_loop(kept):
    assert kept["contacts"] == PART
    assert kept["answers"]["tickets"] == {"closed": PART}
    assert kept["answers"]["orders"] == {"closed": PART}
    assert kept["answers"]["kpi"]["total"]["orders"]["closed"] == PART
    assert kept["remaining"] == {"tickets": 0, "cases": 0, "messages": 0}


def test_nothing_of_it_is_parked_or_refused(kept):
    assert sum(kept["parked"].values()) == 0
    assert kept["refused"] == []


def test_every_resolution_sends_one_survey_and_no_answer_is_invented(kept):
    rate = kept["answers"]["kpi"]["total"]["answer_rate"]
    assert (rate["numerator"], rate["denominator"]) == (0, PART + kept["answers"]["work"]["reopenings"])


def test_the_deadlines_kept_are_those_that_the_logs_rows_show(kept):
    groups = kept["answers"]["kpi"]["by_priority"]
    told = {
        name: (group["first_response"]["numerator"], group["resolution"]["numerator"]) for name, group in groups.items()
    }
    assert told == reckoning.kept(log.read()[:PART])


def test_every_message_reaches_its_consumer(kept):
    assert {channel: set(fates) for channel, fates in kept["answers"]["messages"].items()} == {
        "email": {"sent"},
        "sms": {"sent"},
    }


def test_it_ends_with_a_broadcast_that_reaches_every_household_and_proves_it(kept):
    told = kept["broadcast"]
    rows = {row["area"]: row for row in told["areas"]}
    households = Counter(rules.area_of(caller) for caller in {rules.household_of(c): c for c in CALLERS}.values())
    assert {area: (row["to_reach"], row["reached"]) for area, row in rows.items()} == {
        area: (count, count) for area, count in households.items()
    }
    assert {area: row["on_time_rate"] for area, row in rows.items()} == {
        area: 0.0 if area == "west" else 1.0 for area in households
    }
    assert sum(count for states in told["channels"].values() for count in states.values()) == len(CALLERS)


def test_every_message_can_be_read_from_one_page(kept):
    folder = ROOT / kept["rendered"]["folder"]
    index = (folder / "index.html").read_text(encoding="utf-8")
    links = re.findall(r'href="(each/[^"]+)"', index)
    assert len(links) == len(set(links)) == kept["rendered"]["messages"]
    assert len(links) == sum(sum(fates.values()) for fates in kept["answers"]["messages"].values())
    assert {str(page.relative_to(folder)) for page in (folder / "each").iterdir()} == set(links)
    assert {"zh-CN", "en"} <= set(re.findall(r"<td>(zh-CN|en)</td>", index))
    assert not Path(kept["rendered"]["folder"]).is_absolute()


def test_a_second_play_on_the_same_stack_is_answered_and_done_no_second_time(kept, played_again):
    assert played_again["answers"] == kept["answers"]
    assert played_again["broadcast"] == kept["broadcast"]


def test_every_run_ends_in_the_same_state(kept, elsewhere):
    assert elsewhere["answers"]["fingerprint"] == kept["answers"]["fingerprint"]
    assert elsewhere["answers"] == kept["answers"]
    assert elsewhere["broadcast"] == kept["broadcast"]
    assert elsewhere["rendered"] == kept["rendered"]


def test_the_demo_leaves_nothing_running_and_nothing_behind(elsewhere):
    assert not Instance(NAME).is_up()
    assert not (HOME / NAME).exists()
