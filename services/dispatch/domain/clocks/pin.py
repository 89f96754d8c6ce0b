"""Which version of what holds for a piece of work."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Pin:
    """One named part (a calendar, a policy, a flow) of one version of the reference data; `office@7` as text."""

    code: str
    version: int

    def __str__(self) -> str:
        return f"{self.code}@{self.version}"

    @classmethod
    def of(cls, text: str) -> Pin:
        """The pin that `office@7` names; `ValueError` for anything else."""
        code, at, version = text.rpartition("@")
        if not (code and at and version.isascii() and version.isdigit()):
            raise ValueError(f"{text!r} is not a name with its version, such as office@7")
        return cls(code, int(version))
