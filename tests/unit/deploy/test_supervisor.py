"""Starting in order, and saying why something does not start."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deploy.localstack import broker, database, instance, run, servers, supervisor
from deploy.localstack.compose import Service
from deploy.localstack.errors import StackError
from deploy.localstack.instance import Instance
from deploy.localstack.process import Command
from deploy.localstack.supervisor import Supervisor


class FakeServers:
    """Any program in place of the servers."""

    def __init__(self, code: str, ready: Callable[[], bool]) -> None:
        self.code, self.ready = code, ready

    def prepare(self) -> None:
        """Nothing to do."""

    def commands(self) -> dict[str, Command]:
        return {"server": Command((sys.executable, "-c", self.code), {}, Path("/"))}

    def checks(self) -> list[servers.Check]:
        return [("server", self.ready, "install the server")]

    def whereabouts(self) -> dict[str, Any]:
        return {}


WAITS = "import signal; signal.pause()"


def a_service(name: str, code: str, *needs: str, restart: str = "always", health: str = "") -> Service:
    argv = (sys.executable, "-c", code)
    check = (sys.executable, "-c", health) if health else ()
    return Service(name, argv, {}, restart, needs, check, {}, ())


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Supervisor]:
    monkeypatch.setattr(instance, "HOME", tmp_path)
    monkeypatch.setattr(supervisor, "PATIENCE_SECONDS", 10.0)

    def play(*services: Service, code: str = WAITS, ready: Callable[[], bool] = lambda: True) -> Supervisor:
        async def started() -> Supervisor:
            one = Supervisor(Instance("one"), FakeServers(code, ready), {each.name: each for each in services})
            try:
                await one.start_all({})
            finally:
                one.end.set()
                await one.stop_all(kill=True)
            return one

        return asyncio.run(started())

    return play


def refusal(play: Callable[[], object]) -> str:
    with pytest.raises((StackError, BaseExceptionGroup)) as caught:
        play()
    return run.reason(caught.value)


def test_a_server_that_cannot_start_says_what_to_install_and_its_last_words(start, capsys):
    said = refusal(lambda: start(code="raise SystemExit('no library')", ready=lambda: False))
    assert said.startswith("install the server")
    assert "no library" in capsys.readouterr().out


def test_services_start_after_what_they_depend_on(start, tmp_path: Path):
    trace = tmp_path / "trace"
    write = f"open({str(trace)!r}, 'a').write"
    start(
        a_service("last", f"{write}('last ')", "first", restart="no"),
        a_service("first", f"{write}('first ')", restart="no"),
    )
    assert trace.read_text() == "first last "


def test_what_depends_on_work_that_failed_is_not_started(start, tmp_path: Path, capsys):
    trace = tmp_path / "trace"
    said = refusal(
        lambda: start(
            a_service("first", "raise SystemExit('bad data')", restart="no"),
            a_service("last", f"open({str(trace)!r}, 'a')", "first", restart="no"),
        )
    )
    assert said.startswith("first could not do its work")
    assert "bad data" in capsys.readouterr().out
    assert not trace.exists()


def test_a_service_is_waited_for_until_it_is_healthy(start, tmp_path: Path):
    sign = tmp_path / "sign"
    code = f"import signal; open({str(sign)!r}, 'w'); signal.pause()"
    health = f"import os, sys; sys.exit(not os.path.exists({str(sign)!r}))"
    start(a_service("one", code, health=health))
    assert sign.exists()


def test_a_service_that_keeps_dying_is_given_up(start, capsys):
    said = refusal(
        lambda: start(a_service("one", "raise SystemExit('a defect')", health="import sys; sys.exit('no answer')"))
    )
    assert said.startswith("one keeps dying")
    assert capsys.readouterr().out.count("a defect") >= supervisor.GIVE_UP_AFTER_DEATHS


def test_missing_rabbitmq_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(broker, "RABBITMQ", tmp_path / "none")
    one = broker.Broker("one", tmp_path, 1, 2, 3, 4, "secret", "loopdesk")
    with pytest.raises(StackError, match="apt-get install rabbitmq-server"):
        one.prepare()


def test_missing_mongod_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(database, "MONGOD", tmp_path / "none")
    with pytest.raises(StackError, match="make setup"):
        database.Database(tmp_path, 1, "secret", "loopdesk").prepare()
