"""The local stack itself: what it starts, what it does about deaths, what it leaves behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.localstack import launch, plan, secrets
from deploy.localstack.instance import Instance
from tests.support import Stack, eventually

ONE_SHOTS = {"provision", "apply"}


def file_of(pid: int, name: str) -> list[str]:
    return Path(f"/proc/{pid}/{name}").read_bytes().decode().rstrip("\0").split("\0")


def test_every_process_runs_the_command_and_environment_of_docker_compose_yml(stack: Stack):
    state = stack.state
    ports = json.loads((stack.instance.folder / "ports.json").read_text())
    addresses = {
        "rabbitmq:5672": state["amqp"]["address"],
        "rabbitmq:15672": state["admin"]["management"].removeprefix("http://"),
        "mongo:27017": state["mongo"]["address"],
        "mailbox:2525": f"127.0.0.1:{ports['mailbox']}",
        "mail-receiver:2524": f"127.0.0.1:{ports['mail-receiver']}",
    }
    for name, service in plan.services(stack.instance, secrets.read(stack.instance), addresses).items():
        if name not in ONE_SHOTS:
            (pid,) = eventually(lambda name=name: stack.pids(name))
            assert file_of(pid, "cmdline")[1:] == list(service.argv)[1:]
            environment = dict(line.split("=", 1) for line in file_of(pid, "environ"))
            assert environment == plan.command(service.argv, service).env


def test_one_shots_have_done_their_work(stack: Stack):
    processes = stack.state["processes"]
    assert [processes[name][0]["exit_code"] for name in sorted(ONE_SHOTS)] == [0, 0]


def test_a_service_that_dies_is_reported_and_comes_back(stack: Stack):
    before = stack.deaths("notify")
    killed = stack.kill("notify")
    eventually(lambda: stack.pids("notify") and stack.pids("notify") != killed)
    assert stack.deaths("notify") == before + 1
    assert "notify (pid" in stack.instance.supervisor_log.read_text()
    assert any(death["service"] == "notify" and death["log_end"] for death in stack.state["deaths"])
    eventually(lambda: stack.client("operator").call("notify", "ping"))


def test_a_service_can_be_scaled_and_stopped(stack: Stack):
    stack.scale("feedback", 2)
    eventually(lambda: len(stack.pids("feedback")) == 2)
    stack.scale("feedback", 1)
    assert len(stack.pids("feedback")) == 1
    stack.stop_process("feedback")
    assert stack.pids("feedback") == []
    stack.start_process("feedback")
    eventually(lambda: stack.client("operator").call("feedback", "ping"))


@pytest.fixture
def life() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "600"]) as process:
        yield process
        process.kill()


@pytest.fixture
def servers(life: subprocess.Popen[bytes]) -> Iterator[Stack]:
    """Servers that are to end with `life`."""
    instance = Instance(f"test-{os.getpid()}-servers")
    launch.up(instance, "--servers-only", f"--with-process={life.pid}")
    yield Stack(instance)
    launch.down(instance, discard=True)


def test_the_stack_ends_with_the_process_that_it_was_started_for(servers: Stack, life: subprocess.Popen[bytes]):
    pids = all_pids(servers)
    life.kill()
    eventually(lambda: not servers.instance.is_up())
    assert not [pid for pid in pids if lives(pid)]


def test_a_killed_supervisor_leaves_nothing_running(servers: Stack):
    pids = all_pids(servers)
    os.kill(servers.state["supervisor"], signal.SIGKILL)
    eventually(lambda: not [pid for pid in pids if lives(pid)])
    assert not servers.instance.is_up()


def test_data_outlive_a_move_to_other_ports(servers: Stack):
    servers.database["kept"].insert_one({"_id": 1})
    instance = servers.instance
    launch.down(instance)
    (instance.folder / "ports.json").unlink()
    launch.up(instance, "--servers-only")
    assert Stack(instance).database["kept"].find_one() == {"_id": 1}


def all_pids(stack: Stack) -> list[int]:
    return [pid for name in stack.state["processes"] for pid in stack.pids(name)]


def lives(pid: int) -> bool:
    """Not one that waits to be buried by its new parent."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
