"""What is wrong with a log, by line and field."""

from __future__ import annotations

from shared.errors import LoopdeskError, ValidationError


class DamagedLog(ValidationError):
    """The log is not as it should be: `line 12, data.at` and what is wrong there. Nothing was played of it."""

    def __init__(self, line: int, field: str, message: str) -> None:
        super().__init__({f"line {line}, {field}": [message]})
        self.line = line
        self.field = field


class NotInstalled(LoopdeskError):
    """A library that only simulations use is missing."""

    code = "IllegalMove"

    def __init__(self, library: str) -> None:
        super().__init__(
            f"{library} is not installed, which only `loopdesk simulate` uses; "
            "install it: pip install --require-hashes -r requirements/simulation.txt",
            library=library,
        )
