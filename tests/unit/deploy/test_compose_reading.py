"""Variables, addresses and paths of docker-compose.yml, as the local stack fills them in."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.localstack import compose
from deploy.localstack.errors import StackError


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("${SET}", "value"),
        ("a ${SET} b ${SET}", "a value b value"),
        ("${UNSET:-default}", "default"),
        ("${UNSET:-}", ""),
        ("${EMPTY:-default}", "default"),
        ("${EMPTY-default}", ""),
        ("${SET:-default}", "value"),
        ("${SET:?needed}", "value"),
        ("$$SET costs $${SET}", "$SET costs ${SET}"),
        ("${UNSET:-a=b,c;d=e}", "a=b,c;d=e"),
    ],
)
def test_variables_are_filled_in_as_compose_does(text: str, filled: str):
    assert compose.interpolate(text, {"SET": "value", "EMPTY": ""}) == filled


@pytest.mark.parametrize("text", ["${UNSET:?}", "${UNSET:?say why}", "${EMPTY:?}", "${UNSET?}"])
def test_a_missing_variable_is_named(text: str):
    with pytest.raises(StackError, match=r"UNSET|EMPTY"):
        compose.interpolate(text, {"EMPTY": ""})


def a_service(**environment: str) -> compose.Service:
    return compose.Service(
        name="one",
        argv=("serve", "/data/file"),
        environment=environment,
        restart="always",
        depends_on=(),
        health=("check", "host:1"),
        volumes={"/data": "store"},
        profiles=(),
    )


def test_addresses_and_folders_are_moved():
    moved = a_service(URI="amqp://me:secret@host:1/x", FILE="/data/deep/file").moved(
        {"host:1": "127.0.0.1:2"}, {"store": Path("/somewhere")}
    )
    assert moved.environment == {"URI": "amqp://me:secret@127.0.0.1:2/x", "FILE": "/somewhere/deep/file"}
    assert moved.argv == ("serve", "/somewhere/file")
    assert moved.health == ("check", "127.0.0.1:2")


def test_what_only_looks_alike_is_not_moved():
    environment = {"A": "ghost:1", "B": "host:12", "C": "/database", "D": "host:1-x"}
    moved = a_service(**environment).moved({"host:1": "127.0.0.1:2"}, {"store": Path("/somewhere")})
    assert moved.environment == environment
