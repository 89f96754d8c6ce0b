"""Feedback's reference data: how long a survey runs, what counts as dissatisfied, and the promised figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Target:
    """A figure's promised value: a share or a mean that it shall reach, or stay under."""

    at_least: float | None = None
    at_most: float | None = None

    def met_by(self, value: float) -> bool:
        """Does the value keep the promise?"""
        return (self.at_least is None or value >= self.at_least) and (self.at_most is None or value <= self.at_most)

    def to_dict(self) -> dict[str, float]:
        """As declared: `{"at_least": 0.9}`."""
        return {name: value for name, value in vars(self).items() if value is not None}


#: In force before anything was applied.
DEFAULT: Mapping[str, Any] = {"survey_days": 5, "dissatisfied_at_most": 2, "targets": {}}


@dataclass(frozen=True)
class FollowUp:
    """How resolutions are followed up; `survey_days` are elapsed days, `targets` are by figure."""

    survey_days: float = 5
    dissatisfied_at_most: int = 2
    targets: Mapping[str, Target] = field(default_factory=dict)
    version: int = 0

    @classmethod
    def from_dict(cls, body: Mapping[str, Any], version: int = 0) -> FollowUp:
        """The reference data in a validated body (deploy/config/feedback.yaml)."""
        return cls(
            survey_days=body["survey_days"],
            dissatisfied_at_most=body["dissatisfied_at_most"],
            targets={name: Target(**target) for name, target in body.get("targets", {}).items()},
            version=version,
        )
