"""How far ahead anybody may ask what would be."""

from datetime import UTC, datetime, timedelta

import pytest

from services.dispatch.forecast import require_within_reach
from shared.errors import ValidationError

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def test_ten_years_ahead_are_within_reach():
    require_within_reach(NOW + timedelta(days=3652), NOW)


def test_nothing_asked_for_is_within_reach():
    require_within_reach(None, NOW)


def test_more_than_ten_years_ahead_is_refused():
    with pytest.raises(ValidationError) as refused:
        require_within_reach(NOW + timedelta(days=3653), NOW)

    assert refused.value.fields == {"as_of": ["lies more than ten years ahead"]}
