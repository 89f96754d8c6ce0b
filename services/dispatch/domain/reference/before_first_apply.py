"""The reference data in force before any was applied."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.dispatch.domain.clocks.promise import Promise
from shared.business_time.hours import WEEKDAYS

_HOLD_REASONS = {
    "waiting_for_customer": {"zh-CN": "等待客户", "en": "Waiting for the customer"},
    "waiting_for_parts": {"zh-CN": "等待备件", "en": "Waiting for parts"},
    "waiting_for_vendor": {"zh-CN": "等待供应商", "en": "Waiting for a vendor"},
    "other": {"zh-CN": "其他", "en": "Other"},
}

BEFORE_FIRST_APPLY: Mapping[str, Any] = {
    "default_team": "service-desk",
    "teams": {"service-desk": {"name": "Service desk"}},
    "hold_reasons": _HOLD_REASONS,
    "calendars": {
        "always": {
            "name": "全天候 Always",
            "zone": "UTC",
            "working_day": "24h",
            "week": {day: ["00:00-24:00"] for day in WEEKDAYS},
        }
    },
    "policies": [
        {
            "code": "standard",
            "name": "标准 Standard",
            "calendar": "always",
            "warn_at": [0.8],
            "targets": {
                "P1": {"first_response": "15m", "resolution": "4h"},
                "P2": {"first_response": "1h", "resolution": "8h"},
                "P3": {"first_response": "4h", "resolution": "3d"},
                "P4": {"first_response": "8h", "resolution": "5d"},
            },
            "pause": {reason: [promise.value for promise in Promise] for reason in _HOLD_REASONS},
            "escalations": [
                {"clock": clock, "at": 1, "level": 1, "tell": ["supervisor"]}
                for clock in ("first_response", "resolution")
            ],
        }
    ],
}
"""What holds until the operators apply their own, so that no ticket has to wait for that."""
