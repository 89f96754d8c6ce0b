"""What is wrong with declared data, gathered so that all of it is told at once."""

from __future__ import annotations

from collections.abc import Collection

from shared.errors import ValidationError


class Faults:
    """Messages by dotted path."""

    def __init__(self) -> None:
        self._found: dict[str, list[str]] = {}

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(self, path: str, message: str) -> None:
        """One more, at `path`; the same again is no other one."""
        messages = self._found.setdefault(path, [])
        if message not in messages:
            messages.append(message)

    def take(self, error: ValidationError, prefix: str = "") -> None:
        """All that an error names, under `prefix`."""
        for path, messages in error.fields.items():
            for message in messages:
                self.add(prefix + path, message)

    def require_known(self, path: str, what: str, code: str | None, known: Collection[str]) -> None:
        """That `code`, if given, is one of the known."""
        if code is not None and code not in known:
            self.add(path, f"no {what} {code!r}; known are {', '.join(known) or 'none'}")

    def raise_any(self) -> None:
        """`ValidationError` with all of them, if there are any."""
        if self._found:
            raise ValidationError(self._found)
