"""Dispatch on the real broker and database; intake and feedback are feigned, and a team for every test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deploy.catalogue import subscriptions
from shared.client import Client
from tests.interface.dispatch.desk import TEAMS, a_body, a_ticket, an_agent, come, opened
from tests.interface.feigned import Ear, Feigned, on_the_bus
from tests.support import Stack, eventually


@pytest.fixture(scope="package")
def desk(stack: Stack) -> Client:
    """An account that may do everything, with a team of its own for every test."""
    client = stack.client("importer")
    client.command("dispatch", "apply_reference", body=a_body())
    # every replica trusts what it read of the reference data for up to a second
    eventually(lambda: client.command("dispatch", "save_agent", **an_agent("settled", TEAMS[-3])))
    return client


@pytest.fixture(scope="package")
def bus(stack: Stack, desk: Client) -> Iterator[tuple[Feigned, Ear]]:
    """Feigned intake and feedback that only dispatch hears, and an ear on dispatch."""
    with on_the_bus(stack.admin_amqp_uri, "dispatch", subscriptions("dispatch")) as both:

        def routed() -> bool:  # the worker may take a second to see the reference data
            (order,) = opened(desk, both[0], a_ticket(TEAMS[-1]))
            return bool(order["team"] == TEAMS[-1])

        eventually(routed)
        yield both


@pytest.fixture
def tell(bus: tuple[Feigned, Ear]) -> Feigned:
    return bus[0]


@pytest.fixture
def ear(bus: tuple[Feigned, Ear]) -> Ear:
    return bus[1]


#: Each test draws the next one.
_DRAWN = iter(TEAMS)


@pytest.fixture
def team() -> str:
    return next(_DRAWN)


@pytest.fixture
def other_team() -> str:
    """Another one of the test's own: in the teams that all share, work of other tests may wait."""
    return next(_DRAWN)


@pytest.fixture
def a1(desk: Client, team: str) -> str:
    """Somebody of the team who is there and takes two."""
    return come(desk, f"a1 of {team}", team, capacity=2)


@pytest.fixture
def expert(desk: Client, team: str) -> str:
    """An expert of the team with the skill that a survey needs."""
    return come(desk, f"expert of {team}", team, capacity=1, role="expert", skills=["radio"])
