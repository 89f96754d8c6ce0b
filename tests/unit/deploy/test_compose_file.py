"""docker-compose.yml is valid, keeps no secret, and is what the local stack starts."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from deploy.localstack import compose, instance, plan

HERE = Path(__file__).parent
DECLARED = yaml.safe_load(compose.FILE.read_text())
SERVICES = DECLARED["services"]
OURS = [name for name in SERVICES if name not in ("rabbitmq", "mongo", "loopdesk")]
PROCESSES = [
    *(f"{service}{kind}" for service in ("intake", "dispatch", "feedback", "notify") for kind in ("", "-worker")),
    "notify-broadcaster",
]
RIG_IMAGES = {"rabbitmq:3.13-management", "mongo:7", "loopdesk"}
ADDRESSES = {"rabbitmq:5672": "127.0.0.1:1", "rabbitmq:15672": "127.0.0.1:2", "mongo:27017": "127.0.0.1:3"}


@pytest.fixture
def variables() -> dict[str, str]:
    return {name: f"made-{name}" for name in compose.required()}


@pytest.fixture
def started(variables: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, compose.Service]:
    """What the local stack starts, with addresses of its own."""
    monkeypatch.setattr(instance, "HOME", tmp_path)
    return plan.services(instance.Instance("unit"), variables, ADDRESSES)


def test_file_follows_the_compose_specification():
    schema = json.loads((HERE / "compose_spec" / "compose-spec.json").read_text())
    jsonschema.Draft7Validator(schema).validate(DECLARED)


def test_only_the_agreed_images_are_used():
    assert {service["image"] for service in SERVICES.values()} == RIG_IMAGES


def test_no_secret_has_a_value_in_the_file():
    secrets = re.findall(r"\$\{(\w*(?:PASSWORD|SECRET)\w*)([^}]*)\}", compose.FILE.read_text())
    assert secrets
    assert {rest for _, rest in secrets} == {":?"}


def test_example_env_names_exactly_what_the_file_requires():
    example = (instance.ROOT / ".env.example").read_text()
    assert sorted(re.findall(r"^([A-Z_]+)=", example, re.MULTILINE)) == compose.required()
    assert set(re.findall(r"^([A-Z_]+)=.+", example, re.MULTILINE)) == set()


@pytest.mark.parametrize("name", PROCESSES)
def test_service_is_healthy_when_it_answers_a_ping(name: str):
    assert SERVICES[name]["healthcheck"]["test"] == ["CMD", "python", "-m", "shared.ping", name]


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_replicas_are_not_prevented(name: str):
    assert "container_name" not in SERVICES[name]


@pytest.mark.parametrize("name", OURS)
def test_local_stack_starts_the_same_command(name: str, started: dict[str, compose.Service]):
    assert list(started[name].argv) == SERVICES[name]["command"]


def test_local_stack_starts_nothing_else(started: dict[str, compose.Service]):
    assert set(started) == set(OURS)


@pytest.mark.parametrize("name", OURS)
def test_local_stack_gives_the_same_environment(
    name: str, started: dict[str, compose.Service], variables: dict[str, str]
):
    in_docker = compose.load({**variables, **plan.LOCAL_VARIABLES}, plan.PROFILES)[name]
    back = {there: here for here, there in ADDRESSES.items()}
    back |= {str(folder): inside for inside, folder in folders(in_docker).items()}

    def as_in_docker(text: str) -> str:
        for there, here in back.items():
            text = text.replace(there, here)
        return text

    assert {key: as_in_docker(text) for key, text in started[name].environment.items()} == in_docker.environment
    assert not any(address in text for address in ADDRESSES for text in started[name].environment.values())


def folders(service: compose.Service) -> dict[str, Path]:
    places = plan.folders(instance.Instance("unit"), service)
    return {inside: places[volume] for inside, volume in service.volumes.items()}


@pytest.mark.parametrize("name", OURS)
def test_local_process_inherits_nothing(
    name: str, started: dict[str, compose.Service], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("LEFT_IN_THE_SHELL", "1")
    command = plan.command(started[name].argv, started[name])
    assert set(command.env) == {"PATH", "HOME", *plan.IMAGE_ENVIRONMENT, *started[name].environment}


def test_image_gives_the_environment_that_the_local_stack_gives():
    dockerfile = (instance.ROOT / "Dockerfile").read_text()
    assert all(f"{name}={value}" in dockerfile for name, value in plan.IMAGE_ENVIRONMENT.items())


def test_mongod_takes_its_parameters_from_the_file(variables: dict[str, str]):
    assert plan.mongod_options(variables) == ("--setParameter", "transactionLifetimeLimitSeconds=10")
