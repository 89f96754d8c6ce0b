"""Categories and priorities, and the file that operators apply."""

from __future__ import annotations

from pathlib import Path

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
