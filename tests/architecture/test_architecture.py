"""The tree is the architecture: who may import what, who reads the clock, who touches the database (DESIGN.md)."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT, SERVICES, calls, files, imports, tree, within

#: A room is a module, or a folder of that name (ADR 86).
ROOMS = {"README.md", "__init__", "domain", "errors", "events", "heard", "schemas", "service", "store", "worker"}
#: What rules may use of the kernel: values and refusals, nothing that does anything.
PURE = ("shared.events", "shared.errors", "shared.values", "shared.lanes", "shared.business_time", "shared.conditions")
STORAGE_OF_THE_KERNEL = {
    "aggregates",
    "answered",
    "due",
    "gather",
    "housekeeping",
    "mongo",
    "orphans",
    "outage",
    "reference",
    "together",
    "verification",
}
STORAGE_OF_THE_DEPLOY_STEP = {"catalogue", "provision_mongo", "database", "foreign"}
WALL_CLOCK = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns"}
SERVICE_FILES = [path for service in SERVICES for path in files(f"services/{service}")]


def domain_files(service: str) -> list[Path]:
    return [path for path in files(f"services/{service}") if "domain" in {path.stem, *path.parts}]


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_imports_no_other_service(service: str) -> None:
    others = [f"services.{other}" for other in SERVICES if other != service]
    for path in files(f"services/{service}"):
        assert [name for name in imports(path) if within(name, *others, "deploy", "tests")] == [], path


@pytest.mark.parametrize("service", SERVICES)
def test_rules_import_only_the_standard_library_and_values_of_the_kernel(service: str) -> None:
    own = (f"services.{service}.domain", f"services.{service}.errors")
    assert domain_files(service)
    for path in domain_files(service):
        for name in imports(path):
            standard = name.partition(".")[0] in sys.stdlib_module_names
            sibling = name in {f"services.{service}.errors", f"services.{service}.domain"}
            assert standard or sibling or within(name, *PURE, *own), f"{path} imports {name}"


@pytest.mark.parametrize(
    ("room", "unknown"),
    [
        *((room, ("work", "looking_back", "rollouts")) for room in ("reference", "clocks", "flows")),
        ("people", ("assigning", "work", "looking_back", "rollouts")),
        ("assigning", ("work", "looking_back", "rollouts")),
        ("work", ("looking_back", "rollouts")),
    ],
)
def test_the_rules_of_dispatch_know_each_other_one_way(room: str, unknown: tuple[str, ...]) -> None:
    forbidden = [f"services.dispatch.domain.{other}" for other in unknown]
    for path in files(f"services/dispatch/domain/{room}"):
        assert [name for name in imports(path) if within(name, *forbidden)] == [], path


@pytest.mark.parametrize("service", SERVICES)
def test_refusals_import_only_the_catalogue(service: str) -> None:
    for name in imports(Path(f"services/{service}/errors.py")):
        assert within(name, "__future__", "datetime", "typing", "collections", "shared.errors", "shared.clock"), name


def test_the_kernel_knows_no_service() -> None:
    for path in files("shared"):
        assert [name for name in imports(path) if within(name, "services", "deploy", "tests")] == [], path


def test_only_stores_touch_the_database() -> None:
    for path in [*SERVICE_FILES, *files("shared"), *files("deploy")]:
        allowed = (
            path.stem == "store"
            or path.parent.name == "storage"
            or (path.parts[0] == "shared" and path.stem in STORAGE_OF_THE_KERNEL)
            or (path.parts[0] == "deploy" and path.stem in STORAGE_OF_THE_DEPLOY_STEP)
        )
        used = [name for name in imports(path) if within(name, "pymongo", "bson", "gridfs")]
        assert allowed or not used, f"{path} imports {used}"


def test_only_the_clock_reads_the_wall_clock() -> None:
    for path in [*SERVICE_FILES, *files("shared")]:
        if path != Path("shared/clock.py"):
            assert [call for call in calls(path) if call in WALL_CLOCK] == [], path


@pytest.mark.parametrize("service", SERVICES)
def test_rules_read_no_clock_and_no_chance(service: str) -> None:
    for path in domain_files(service):
        assert [name for name in imports(path) if within(name, "time", "random", "secrets", "uuid", "os")] == [], path


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_has_the_same_rooms(service: str) -> None:
    folder = ROOT / "services" / service
    names = {path.name.removesuffix(".py") for path in folder.iterdir()}
    assert names >= ROOMS
    rooms = {name for name in names if (folder / name / "__init__.py").exists()}
    assert not [name for name in names if name.partition("_")[0] in rooms - {name}], folder


def test_business_time_imports_only_the_standard_library_and_the_refusals() -> None:
    for path in files("shared/business_time"):
        for name in imports(path):
            standard = name.partition(".")[0] in sys.stdlib_module_names
            assert standard or within(name, "shared.errors", "shared.business_time"), f"{path} imports {name}"


@pytest.mark.parametrize("service", SERVICES)
def test_entrypoints_stand_in_their_rooms(service: str) -> None:
    rooms = {
        "command": {"service"},
        "query": {"service"},
        "on_event": {"worker"},
        "every": {"worker", "broadcaster"},
    }
    for path in files(f"services/{service}"):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.FunctionDef):
                for decorator in node.decorator_list:
                    called = ast.unparse(decorator).partition("(")[0]
                    room = path.parts[2].removesuffix(".py")
                    assert room in rooms.get(called, {room}), f"{path}: {node.name}"


def test_nothing_connects_at_import() -> None:
    for path in [*SERVICE_FILES, *files("shared")]:
        for node in tree(path).body:
            if isinstance(node, ast.Assign | ast.AnnAssign | ast.Expr) and node.value is not None:
                called = {ast.unparse(n.func) for n in ast.walk(node.value) if isinstance(n, ast.Call)}
                assert not called & {"MongoClient", "Connection", "connect", "open_channel", "Client"}, path


def test_nothing_is_caught_blindly_outside_the_edges() -> None:
    edges = {
        "shared/bus",
        "shared/gather.py",
        "shared/together.py",
        "shared/aggregates.py",
        "shared/housekeeping.py",
        "services/notify/consumers",
        "services/dispatch/storage/rollouts.py",  # one work order that cannot be changed must not stop the walk
        "services/dispatch/storage/handovers.py",  # nor keep the work of others with who is away
        "services/dispatch/storage/shift_changes.py",  # nor one team's log keep those of others from being written
        "services/dispatch/storage/waiting.py",  # nor one piece of work that cannot be given out those behind it
        "services/dispatch/storage/alarms.py",  # nor one of which nothing can be told those of other queues
        "services/dispatch/storage/incidents.py",  # nor one part of a mass incident keep the others waiting
    }
    for path in [*SERVICE_FILES, *files("shared")]:
        if not any(str(path).startswith(edge) for edge in edges):
            for node in ast.walk(tree(path)):
                if isinstance(node, ast.ExceptHandler) and not isinstance(node.body[-1], ast.Raise):
                    caught = ast.unparse(node.type) if node.type else "everything"
                    assert caught not in ("everything", "Exception", "BaseException"), f"{path}:{node.lineno}"
