"""docs/schemas and docs/examples, for tests that hold the code to them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from shared.clock import from_text

DOCS = Path(__file__).parents[3] / "docs"
SCHEMAS = tuple(sorted(path.stem for path in (DOCS / "schemas").glob("*.json")))
EXAMPLES = tuple(sorted(path.stem for path in (DOCS / "examples").glob("*.json")))

checker = FormatChecker(formats=())


@checker.checks("date-time", raises=ValueError)
def _instant(value: object) -> bool:
    return not isinstance(value, str) or bool(from_text(value))


def schema(name: str) -> dict[str, Any]:
    return dict(json.loads((DOCS / "schemas" / f"{name}.json").read_text(encoding="utf-8")))


def example(name: str) -> dict[str, Any]:
    return dict(json.loads((DOCS / "examples" / f"{name}.json").read_text(encoding="utf-8")))


def faults(name: str, body: Any) -> list[str]:
    """Where the body is not what docs/schemas/<name>.json says; empty if it is."""
    validator = Draft202012Validator(schema(name), format_checker=checker)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(body)]
