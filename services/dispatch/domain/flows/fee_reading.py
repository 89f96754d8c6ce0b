"""Reading what a step may cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from services.dispatch.domain.flows.fields import BadValue, amount_of
from services.dispatch.domain.flows.steps import FeeRule


def read_fee(body: Mapping[str, Any] | None, fault: Callable[[str, str], None]) -> FeeRule | None:
    """The rule that `body` declares, None for none; `fault` is told place (".max", or "" for the whole) and message."""
    if body is None:
        return None
    least, usual, most = (_amount(name, body.get(name), fault) for name in ("min", "usual", "max"))
    least = least or Decimal("0.00")
    bounds = [bound for bound in (least, usual, most) if bound is not None]
    if bounds != sorted(bounds):
        fault("", "min, usual and max have to stand in this order")
    return FeeRule(required=body.get("required", False), usual=usual, least=least, most=most)


def _amount(name: str, value: Any, fault: Callable[[str, str], None]) -> Decimal | None:
    try:
        return None if value is None else amount_of(value)
    except BadValue as error:
        fault(f".{name}", str(error))
        return None
