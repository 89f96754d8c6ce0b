"""Declared reference data as tests of its reading need them: whole, valid, small, and free to be spoilt."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import pytest

from services.dispatch.domain import Reference
from services.dispatch.schemas.reference import ReferenceData
from shared.errors import ValidationError
from shared.schemas import load
from tests.unit.dispatch.times import ALWAYS_BODY, OFFICE_BODY

CHIEFS = {agent: {"name": agent, "teams": ["desk"], "capacity": 0} for agent in ("chief.desk", "duty")}
HOURS = {"first_response": "1h", "resolution": "8h"}


def a_policy(code: str = "standard", **changes: Any) -> dict[str, Any]:
    """A policy that promises the same for every priority."""
    targets = {priority: dict(HOURS) for priority in ("P1", "P2", "P3", "P4")}
    return {"code": code, "name": code.title(), "calendar": "office", "targets": targets} | changes


def a_body(**changes: Any) -> dict[str, Any]:
    """Two teams, two calendars, two hold reasons, one policy; with agents, those whom the teams name."""
    if changes.get("agents"):
        changes["agents"] = CHIEFS | changes["agents"]
    return deepcopy(
        {
            "default_team": "desk",
            "teams": {
                "desk": {"name": "Desk", "categories": ["other"], "supervisor": "chief.desk", "duty_manager": "duty"},
                "it": {"name": "IT", "categories": ["network"], "expert_team": "desk"},
            },
            "skills": {"network": "Networks"},
            "hold_reasons": {
                "waiting_for_customer": {"zh-CN": "等待客户", "en": "Waiting for the customer"},
                "waiting_for_parts": {"zh-CN": "等待备件", "en": "Waiting for parts"},
            },
            "calendars": {"office": OFFICE_BODY, "always": ALWAYS_BODY},
            "policies": [a_policy()],
        }
        | changes
    )


def read(**changes: Any) -> Reference:
    """The reference data in that body, as version 7; its form is checked, too."""
    body = a_body(**changes)
    load(ReferenceData, body)
    return Reference.from_dict(body, 7)


def faults(**changes: Any) -> Mapping[str, list[str]]:
    """What is wrong with it: path -> messages."""
    with pytest.raises(ValidationError) as refused:
        read(**changes)
    return refused.value.fields


def faults_of_policy(**changes: Any) -> dict[str, list[str]]:
    """What is wrong with the one policy, by path within it."""
    return {path.removeprefix("policies.0."): found for path, found in faults(policies=[a_policy(**changes)]).items()}
