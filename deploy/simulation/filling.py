"""What an agent fills in where the record has nothing that fits: the least that each field takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from services.dispatch.domain.flows.fields import FieldSpec
from services.dispatch.domain.work.order import Order
from services.dispatch.domain.work.visit import Visit

Filler = Callable[[FieldSpec, datetime], Any]


def values_for(order: Order, visit: Visit, at: datetime) -> dict[str, Any]:
    """A value for each field that the step requires; a pattern, or a check across fields, may still refuse it."""
    fields = order.step(visit).fields
    return {name: FILLERS[spec.type](spec, at) for name, spec in fields.items() if spec.required}


def _least(spec: FieldSpec, at: datetime) -> Decimal:
    return spec.least if spec.least is not None else min(Decimal(1), spec.most or Decimal(1))


FILLERS: Mapping[str, Filler] = {
    "text": lambda spec, at: "x" * int(spec.least or 1),
    "number": lambda spec, at: float(_least(spec, at)),
    "integer": lambda spec, at: int(_least(spec, at)),
    "money": lambda spec, at: str(_least(spec, at)),
    "choice": lambda spec, at: spec.of[0],
    "yes_no": lambda spec, at: True,
    "date": lambda spec, at: at.date().isoformat(),
    "time": lambda spec, at: at.isoformat(),
    "phone": lambda spec, at: "+441134960000",
    "email": lambda spec, at: "nobody@example.com",
}
"""Type of a field -> a value for it."""
