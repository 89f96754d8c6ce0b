"""A named stack's folder: lock, secrets, ports."""

from __future__ import annotations

import socket
import stat
from pathlib import Path

import pytest

from deploy.localstack import instance, ports, secrets
from deploy.localstack.errors import StackError
from deploy.localstack.instance import Instance


@pytest.fixture
def one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Instance:
    monkeypatch.setattr(instance, "HOME", tmp_path)
    return Instance("one")


@pytest.mark.parametrize("name", ["", "../x", "a/b", "Dev", "9", "a b", "a" * 40])
def test_a_name_cannot_leave_the_folder(name: str):
    with pytest.raises(StackError):
        Instance(name)


def test_only_one_supervisor_holds_the_lock(one: Instance):
    assert not one.is_up()
    with one.locked():
        assert one.is_up()
        with pytest.raises(StackError, match="runs already"), one.locked():
            pass
    assert not one.is_up()


def test_secrets_are_kept_and_differ(one: Instance):
    first = secrets.ensure(one, ["A", "B"])
    assert first["A"] != first["B"]
    assert secrets.ensure(one, ["A", "B", "C"]) == {**first, "C": secrets.read(one)["C"]}


def test_secrets_are_for_their_owner_only(one: Instance):
    secrets.ensure(one, ["A"])
    assert stat.S_IMODE((one.folder / "env").stat().st_mode) == 0o600
    assert stat.S_IMODE(one.folder.stat().st_mode) == 0o700


def test_an_order_to_a_stack_that_is_down_is_refused(one: Instance):
    with pytest.raises(StackError, match="does not run"):
        one.order("stop", process="intake")


def test_ports_are_kept_while_they_are_free(tmp_path: Path):
    file = tmp_path / "ports.json"
    first = ports.reserve(file, ["a", "b"])
    assert len(set(first.values())) == 2
    assert ports.reserve(file, ["a", "b"]) == first
    with socket.socket() as other:
        other.bind(("127.0.0.1", first["a"]))
        other.listen()
        again = ports.reserve(file, ["a", "b"])
    assert again["a"] != first["a"]
    assert again["b"] == first["b"]
