"""The source files and what they import, read without running them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
SERVICES = ("intake", "dispatch", "feedback", "notify")


def files(folder: str) -> list[Path]:
    """All Python files under it, as paths from the root."""
    return sorted(path.relative_to(ROOT) for path in (ROOT / folder).rglob("*.py"))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_text(encoding="utf-8"))


def imports(path: Path) -> Iterator[str]:
    """The full name of every module that a file imports, and of every name that it imports from one."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute here"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def calls(path: Path) -> Iterator[str]:
    """What a file calls, as written: `datetime.now`, `time.time` …"""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


def within(name: str, *packages: str) -> bool:
    """Whether a module or name belongs to one of the packages."""
    return any(name == package or name.startswith(f"{package}.") for package in packages)
