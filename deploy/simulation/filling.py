"""How a step is completed: with the fields as recorded, or, where those do not fit, the least that each takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from deploy.simulation.course import Stint
from services.dispatch import domain
from services.dispatch.domain import Decision
from services.dispatch.domain.flows.fields import FieldSpec
from services.dispatch.domain.work.order import Order
from services.dispatch.domain.work.visit import Visit
from shared.errors import ValidationError

SOLUTION, LANGUAGE = "as recorded", "en"

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


def completed(order: Order, at: datetime, visit: Visit, stint: Stint) -> Decision:
    """The step is done with the fields as recorded, or else ones that fit; the last step ends the work."""
    if order.flow is None:
        return domain.resolve(order, at, SOLUTION, LANGUAGE)
    step, fields = str(visit.number), stint.fields
    try:
        return domain.complete_step(order, at, step=step, fields=fields)
    except ValidationError as error:
        if error.fields.keys() - {"solution"}:
            fields = values_for(order, visit, at)
    try:
        return domain.complete_step(order, at, step=step, fields=fields)
    except ValidationError as error:
        if "solution" not in error.fields:
            raise
    return domain.complete_step(order, at, step=step, fields=fields, solution=SOLUTION, language=LANGUAGE)
