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
from services.dispatch.errors import StepsRemain
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


class Filling:
    """Completes steps; it remembers where work has ended before, so that such a step is not completed twice."""

    def __init__(self) -> None:
        self._ended: set[tuple[str, int, str]] = set()

    def completed(self, order: Order, at: datetime, visit: Visit, stint: Stint) -> Decision:
        """The step is done with the fields as recorded, or else ones that fit; the last step ends the work."""
        if order.flow is None:
            return domain.resolve(order, at, SOLUTION, LANGUAGE)
        if _is_filled(order, visit, stint):
            try:
                return self._done(order, at, visit, stint.fields)
            except ValidationError:
                pass  # what was right as recorded is not under these rules
        return self._done(order, at, visit, values_for(order, visit, at))

    def _done(self, order: Order, at: datetime, visit: Visit, fields: Mapping[str, Any]) -> Decision:
        """With a solution where the work ends, and without one where it goes on; what was so before is tried first."""
        assert order.flow is not None  # noqa: S101 - asked before
        place, step = (order.flow.code, order.flow.version, visit.step), str(visit.number)
        if place in self._ended:
            try:
                return _last(order, at, step, fields)
            except StepsRemain:
                return domain.complete_step(order, at, step=step, fields=fields)
        try:
            return domain.complete_step(order, at, step=step, fields=fields)
        except ValidationError as error:
            if error.fields.keys() != {"solution"}:
                raise
        self._ended.add(place)
        return _last(order, at, step, fields)


def _is_filled(order: Order, visit: Visit, stint: Stint) -> bool:
    """Whether the record has what the step requires at all."""
    return all(name in stint.fields for name, spec in order.step(visit).fields.items() if spec.required)


def _last(order: Order, at: datetime, step: str, fields: Mapping[str, Any]) -> Decision:
    return domain.complete_step(order, at, step=step, fields=fields, solution=SOLUTION, language=LANGUAGE)
