"""Makes the log's organisation the stack's: its categories, teams and agents, all of them present."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from deploy import apply as reference_data
from deploy.declared import CONFIG
from deploy.demo import reference
from deploy.demo.log import Incident
from deploy.demo.play import StackTrouble
from shared.client import Client, Request
from shared.errors import LoopdeskError, Unavailable

TRIES = 5
FRESH_SECONDS = 1.2  # a service trusts the reference data that it has read for a second (shared/reference.py)


def install(client: Client, incidents: list[Incident]) -> None:
    """Check everything with every service, apply it, and call the agents in; safe to repeat. Raises StackTrouble."""
    sample, faults = reference_data.load(CONFIG)
    bodies = reference.bodies(incidents, sample)
    if faults := [*faults, *reference_data.check(client, bodies)]:
        raise StackTrouble("\n".join(f"{fault.file} {fault.path}: {fault.message}" for fault in faults))
    _apply(client, bodies)
    applied = time.monotonic()
    _call_in(client, bodies["dispatch"]["agents"])
    time.sleep(max(0.0, applied + FRESH_SECONDS - time.monotonic()))


def _apply(client: Client, bodies: Mapping[str, Any]) -> None:
    for attempt in range(1, TRIES + 1):
        try:
            parts = [part for part in reference_data.compare(client, bodies) if part.new]
            for _ in reference_data.commit(client, parts):
                pass
        except Unavailable as error:  # it takes hundreds of agents over: on a busy machine longer than one call lasts
            if attempt == TRIES:
                raise StackTrouble(f"the reference data cannot be applied: {error}") from error
        else:
            return


def _call_in(client: Client, agents: Mapping[str, Any]) -> None:
    requests = [
        Request.command("dispatch", "set_presence", agent_id=agent, status="available", request_id=f"present/{agent}")
        for agent, told in agents.items()
        if told["role"] == "specialist"
    ]
    for answer in client.stream(requests):
        if isinstance(answer, LoopdeskError):
            raise StackTrouble(f"an agent cannot be called in: {answer.code}: {answer}")
