"""Categories and priorities, and the file that operators apply."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.intake.domain.triage import LEVELS, PRIORITIES, Triage

CONFIG = Path(__file__).parents[3] / "deploy" / "config" / "intake.yaml"


@pytest.mark.parametrize(
    ("impact", "urgency", "priority"),
    [("high", "high", "P1"), ("high", "low", "P3"), ("medium", "medium", "P3"), ("low", "low", "P4")],
)
def test_usual_table(impact: str, urgency: str, priority: str) -> None:
    assert Triage().priority(impact, urgency) == priority


def test_declared_file_answers_every_impact_and_urgency() -> None:
    triage = Triage.from_dict(yaml.safe_load(CONFIG.read_text(encoding="utf-8")))
    assert {triage.priority(impact, urgency) for impact in LEVELS for urgency in LEVELS} == set(PRIORITIES)
    assert triage.categories["network"] == {"en": "Network", "zh-CN": "网络"}


def test_shipped_urges_are_limited_alike_at_intake_and_at_dispatch() -> None:
    intake, dispatch = (yaml.safe_load((CONFIG.parent / f"{name}.yaml").read_text()) for name in ("intake", "dispatch"))
    assert intake["urge_every"] == dispatch["supervision"]["urge_every"]
    assert Triage.from_dict(intake).urge_every == timedelta(minutes=30)


def test_a_ticket_may_be_urged_once_in_half_an_hour_where_nothing_is_declared() -> None:
    body: dict[str, Any] = {"categories": {}, "priorities": {}}
    assert Triage.from_dict(body).urge_every == Triage().urge_every == timedelta(minutes=30)
    assert Triage.from_dict({**body, "urge_every": "1h 30m"}).urge_every == timedelta(minutes=90)
