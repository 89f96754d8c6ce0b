"""Events to try rules and templates with: the samples of domain/kinds.py, with what somebody says instead."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.notify.domain.audience import Customer
from services.notify.domain.kinds import FOR_CUSTOMERS, KINDS, NULLABLE, OF_ALL
from shared.clock import from_text
from shared.errors import ValidationError

SAMPLE_CUSTOMER = Customer(
    customer_id="c-7", name=FOR_CUSTOMERS["customer_name"], phone="+441164960403", email="customer@example.com"
)


def event_data(event: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The event's sample, changed; `ValidationError` by `data.<name>` for what it does not say or what is no such."""
    return _changed(KINDS[event], given)


def everything(given: Mapping[str, Any]) -> dict[str, Any]:
    """What any template may use, changed; `ValidationError` as above."""
    samples = {name: value for kind in (*KINDS.values(), OF_ALL, FOR_CUSTOMERS) for name, value in kind.items()}
    return _changed(samples, given)


def _changed(sample: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    faults: dict[str, list[str]] = {}
    changed = dict(sample)
    for name, value in given.items():
        try:
            changed[name] = _like(name, sample, value)
        except (ValueError, TypeError) as error:
            faults[f"data.{name}"] = [str(error)]
    if faults:
        raise ValidationError(faults)
    return changed


def _like(name: str, sample: Mapping[str, Any], value: Any) -> Any:
    if name not in sample:
        raise ValueError(f"Unknown: it says {', '.join(sorted(sample))}.")
    known = sample[name]
    if value is None and (name in NULLABLE or known is None):
        return None
    if isinstance(known, datetime):
        return from_text(value)
    number = isinstance(known, int | float) and not isinstance(known, bool)
    fits = isinstance(value, int | float) and not isinstance(value, bool) if number else isinstance(value, type(known))
    if known is not None and not fits:
        raise ValueError(f"Needs a {type(known).__name__}, as {known!r}.")
    return value
