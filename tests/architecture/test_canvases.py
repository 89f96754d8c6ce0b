"""A service's README is its canvas: what stands there is what the code does, no more and no less."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any

import pytest

from deploy import catalogue
from shared.bus.handler import EventHandler
from tests.architecture.sources import ROOT, SERVICES

every_service = pytest.mark.parametrize("service", SERVICES)


def table(service: str, title: str) -> list[list[str]]:
    """The rows under a heading, their cells without backticks."""
    text = (ROOT / "services" / service / "README.md").read_text(encoding="utf-8")
    section = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert section, f"{service}/README.md has no section {title}"
    first_table = section.group(1).split("\n\n")[0]
    lines = [line for line in first_table.splitlines() if line.startswith("|")]
    return [[cell.strip().replace("`", "") for cell in line.strip("|").split("|")] for line in lines[2:]]


def methods(service: str) -> dict[str, Any]:
    """RPC method -> its contract, of the process that answers calls."""
    module = importlib.import_module(f"services.{service}.service")
    cls = getattr(module, service.capitalize())
    found = {name: getattr(getattr(cls, name), "contract", None) for name in dir(cls)}
    return {name: contract for name, contract in found.items() if contract is not None}


def permissions(service: str, *, mutates: bool) -> dict[str, str]:
    return {
        name: contract.permission or "none"
        for name, contract in methods(service).items()
        if contract.mutates is mutates
    }


@every_service
def test_commands(service: str) -> None:
    assert {row[0]: row[1] for row in table(service, "Commands")} == permissions(service, mutates=True)


@every_service
def test_queries(service: str) -> None:
    assert {row[0]: row[1] for row in table(service, "Queries")} == permissions(service, mutates=False)


@every_service
def test_refusals_of_commands_exist(service: str) -> None:
    own = importlib.import_module(f"services.{service}.errors")
    shared = importlib.import_module("shared.errors")
    for row in table(service, "Commands"):
        for name in filter(None, (part.strip() for part in row[-1].split(","))):
            assert hasattr(own, name) or hasattr(shared, name), f"{row[0]} refuses with {name}?"


@every_service
def test_events_out(service: str) -> None:
    documented = re.findall(
        rf"^## {service}\.events.*?(?=^## |\Z)",
        (ROOT / "docs" / "events.md").read_text(encoding="utf-8"),
        re.MULTILINE | re.DOTALL,
    )
    types = re.findall(r"^\| `(\w+)` \|", "".join(documented), re.MULTILINE)
    assert [row[0] for row in table(service, "Events out")] == types


@every_service
def test_events_in(service: str) -> None:
    heard = {(one.event, one.source, one.handler) for one in catalogue.subscriptions(service)}
    assert {(row[0], row[1], row[2]) for row in table(service, "Events in")} == heard


@every_service
def test_timers(service: str) -> None:
    timers = {name: getattr(getattr(cls, name), "every", None) for cls in catalogue.timed(service) for name in dir(cls)}
    listed = {row[0]: row[1] for row in table(service, "Timers")}
    assert listed == {name: f"{seconds:g} s" for name, seconds in timers.items() if seconds is not None}


@every_service
def test_collections(service: str) -> None:
    assert {row[0] for row in table(service, "Collections")} == set(catalogue.collections(service))


@every_service
def test_a_service_owns_only_collections_of_its_own_name(service: str) -> None:
    assert all(name.startswith(f"{service}_") for name in catalogue.collections(service))


@every_service
def test_the_worker_has_no_calls_of_its_own_but_ping(service: str) -> None:
    cls = catalogue.worker(service)
    calls = {name for name in dir(cls) if hasattr(getattr(cls, name), "contract")}
    assert calls == {"ping"}


@every_service
def test_every_handler_says_its_effect(service: str) -> None:
    for name in dir(catalogue.worker(service)):
        entrypoints = getattr(getattr(catalogue.worker(service), name), "nameko_entrypoints", ())
        if any(isinstance(one, EventHandler) for one in entrypoints):
            assert not name.startswith(("handle", "on_", "process")), name


def test_links_in_canvases_lead_somewhere() -> None:
    for service in SERVICES:
        page = ROOT / "services" / service / "README.md"
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page}: {target}"
            assert not Path(target).is_absolute()
