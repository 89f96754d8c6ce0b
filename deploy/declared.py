"""Reference data as it is declared: YAML files in one folder, read into one body per service.

Each service's part is `<service>.yaml`. What a service holds many of may stand one to a file in a folder of its own
(`PARTS`): `calendars/office.yaml` is dispatch's `calendars: {office: …}`.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from deploy.services import SERVICES

CONFIG = Path(__file__).resolve().parent / "config"  # what ships
PARTS: Mapping[str, str] = {"calendars": "dispatch", "flows": "dispatch"}  # folder, and name in the body -> service
Body = Mapping[str, Any]


@dataclass(frozen=True, order=True)
class Fault:
    """What is wrong, and where: file name, dotted path in it (empty: the whole file)."""

    file: str
    path: str
    message: str


class Unreadable(ValueError):
    """A file that holds no names with values; the message says why."""


class _Loader(yaml.SafeLoader):
    """Refuses a key named twice; keeps dates as the text they are."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        first: dict[Hashable, int] = {}
        for key, line in ((self.construct_object(name), name.start_mark.line + 1) for name, _ in node.value):
            if key in first:
                raise Unreadable(f"named twice: {key}, in line {first[key]} and in line {line}")
            first[key] = line
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, form) for tag, form in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read(text: str) -> dict[str, Any]:
    """One file's content as it will be on the wire: keys and dates are text. Raises `Unreadable`."""
    try:
        body = json.loads(json.dumps(yaml.load(text, _Loader), allow_nan=False))  # noqa: S506 - a SafeLoader
    except Unreadable:
        raise
    except yaml.MarkedYAMLError as error:
        raise Unreadable(_said(error)) from error
    except (yaml.YAMLError, TypeError, ValueError, RecursionError) as error:
        raise Unreadable(" ".join(str(error).split())) from error
    if not isinstance(body, dict):
        raise Unreadable("must hold names with values")
    return body


def _said(error: yaml.MarkedYAMLError) -> str:
    """Where and what, without the extract of the text and what the parser calls it."""
    mark = error.problem_mark or error.context_mark
    place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    return place + ", ".join(filter(None, (error.context, error.problem)))


def load(folder: Path) -> tuple[dict[str, Body], list[Fault]]:
    """Service -> its part; and the files that cannot be read as one mapping, or belong nowhere."""
    bodies: dict[str, dict[str, Any]] = {}
    faults: list[Fault] = []
    for service in SERVICES:
        if (body := _read(folder / f"{service}.yaml", folder, faults)) is not None:
            bodies[service] = body
    for part, service in PARTS.items():
        found = _codes(folder, part, faults)
        if found and service in bodies:
            _merge(bodies[service], part, found, faults)
    faults += _strays(folder)
    return dict(bodies), faults


def placed(folder: Path, faults: Iterable[Fault]) -> list[Fault]:
    """The same, those in what came from a file of its own with that file and the path in it."""
    return sorted(_placed(folder, fault) for fault in faults)


def _placed(folder: Path, fault: Fault) -> Fault:
    part, _, rest = fault.path.partition(".")
    code, _, path = rest.partition(".")
    own = f"{part}/{code}.yaml"
    if fault.file == f"{PARTS.get(part)}.yaml" and code and (folder / own).exists():
        return replace(fault, file=own, path=path)
    return fault


def _read(file: Path, folder: Path, faults: list[Fault]) -> dict[str, Any] | None:
    name = file.relative_to(folder).as_posix()
    try:
        return read(file.read_text(encoding="utf-8"))
    except OSError as error:
        faults.append(Fault(name, "", f"cannot be read: {error.strerror}"))
    except ValueError as error:
        faults.append(Fault(name, "", str(error)))
    return None


def _codes(folder: Path, part: str, faults: list[Fault]) -> dict[str, Any]:
    """Code -> body, of every readable file of this folder."""
    found: dict[str, Any] = {}
    for file in sorted((folder / part).glob("*.yaml")):
        if "." in file.stem:
            faults.append(Fault(f"{part}/{file.name}", "", "its name is the code, and a code has no dots"))
        elif (body := _read(file, folder, faults)) is not None:
            found[file.stem] = body
    return found


def _merge(body: dict[str, Any], part: str, found: Mapping[str, Any], faults: list[Fault]) -> None:
    here = body.setdefault(part, {})
    if not isinstance(here, dict):
        faults.append(Fault(f"{PARTS[part]}.yaml", part, "must hold codes with what they stand for"))
        return
    faults += [Fault(f"{part}/{code}.yaml", "", f"is in {PARTS[part]}.yaml, too") for code in found if code in here]
    body[part] = {**here, **found}


def _strays(folder: Path) -> Iterator[Fault]:
    """YAML that nothing reads: a slip in its name would else leave it out in silence."""
    files = {f"{service}.yaml" for service in SERVICES}
    for file in sorted(folder.glob("*.y*ml")):
        if file.is_file() and file.name not in files:
            yield Fault(file.name, "", f"belongs to no service; known are {', '.join(sorted(files))}")
    for file in sorted(folder.glob("*/*.y*ml")):
        part = file.parent.name
        if part not in PARTS:
            known = ", ".join(f"{name}/" for name in PARTS)
            yield Fault(f"{part}/{file.name}", "", f"belongs to no service; known are {known}")
        elif file.suffix != ".yaml":
            yield Fault(f"{part}/{file.name}", "", "has to end in .yaml")
