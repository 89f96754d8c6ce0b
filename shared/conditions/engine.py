"""The engine: PyPI's `common-expression-language`, a binding of the Rust crate `cel`."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from functools import lru_cache
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any


def _load() -> ModuleType:
    """The compiled module `cel.cel` without its package, which brings a command line: 80 ms and 24 MB per process."""
    package = find_spec("cel")
    spec = PathFinder.find_spec("cel.cel", package.submodule_search_locations) if package else None
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError("common-expression-language is not installed")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.modules["cel.cel"] = module  # it may be loaded once only
    return module


_cel: Any = sys.modules.get("cel.cel") or _load()

LENGTH = "length"  # of a string in characters; the engine's own `size` counts bytes


def _length(value: str | list[str]) -> float:
    return float(len(value))


@lru_cache(maxsize=4096)
def compiled(text: str) -> Any:
    """The program of an expression, once per process. Raises `ValueError` if it does not parse."""
    return _cel.compile(text)


class CannotEvaluate(ValueError):
    """The engine will not evaluate it; the message says why."""


def run(text: str, values: Mapping[str, Any]) -> Any:
    """What an expression gives. Raises `CannotEvaluate`."""
    try:
        return compiled(text).execute(_cel.Context(dict(values), {LENGTH: _length}))
    except Exception as error:  # the engine raises builtin exceptions of many kinds
        raise CannotEvaluate(_reason(error)) from error


def refusal(text: str) -> str:
    """Why the engine will not evaluate an expression without names; empty if it will."""
    try:
        run(text, {})
    except CannotEvaluate as error:
        return str(error)
    return ""


def _reason(error: Exception) -> str:
    """What the engine said, in one line, without the drawing and the advice around it."""
    told = re.sub(r"\. (Check|CEL does|Convert) .*", "", " ".join(str(error).split()))
    return re.split(r" ERROR: <input>:| error: ", told.split(" | ")[0])[-1]
