"""What a service's methods demand, and what stands between a request and its method: rights, schema, one log line."""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from marshmallow import Schema, fields, validate
from nameko.extensions import register_entrypoint

from shared.bus.rpc import EdgeRpc, Incoming, Outcome
from shared.cause import Call, content_digest, request_key
from shared.clock import SystemClock
from shared.errors import Forbidden, LoopdeskError, NotFound, Unavailable, ValidationError
from shared.outage import is_outage
from shared.schemas import Code, Consumed, Instant, load

log = logging.getLogger("loopdesk.rpc")
clock = SystemClock()
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)  # with it business time begins (docs/calendars.md)


class CommandMeta(Consumed):
    """What every command carries beside its own fields."""

    request_id = Code(64, required=True)
    actor = Code(100, load_default=None, allow_none=True)
    at = Instant(load_default=None, allow_none=True)
    expected_version = fields.Integer(load_default=None, allow_none=True, strict=True, validate=validate.Range(1))


class QueryMeta(Consumed):
    """What every query may carry beside its own fields."""

    actor = Code(100, load_default=None, allow_none=True)


@dataclass(frozen=True)
class Contract:
    """What a method demands: a permission (None: any account), a schema; whether it changes anything."""

    permission: str | None
    schema: type[Schema]
    mutates: bool


def _enter(contract: Contract, method: str, incoming: Incoming) -> tuple[Call, dict[str, Any]]:
    """The call and the validated fields; raises `Forbidden` or `ValidationError`."""
    if contract.permission is not None and contract.permission not in incoming.permissions:
        raise Forbidden(f"{incoming.caller} lacks the permission {contract.permission}", permission=contract.permission)
    meta_schema: type[Schema] = CommandMeta if contract.mutates else QueryMeta
    meta_names = _names(meta_schema)
    own = {name: value for name, value in incoming.kwargs.items() if name not in meta_names}
    faults: dict[str, list[str]] = {}
    loaded: list[dict[str, Any]] = []
    for schema, data in ((meta_schema, incoming.kwargs), (contract.schema, own)):
        try:
            loaded.append(load(schema, data))
        except ValidationError as error:
            faults |= error.fields
    if faults:
        raise ValidationError(faults)
    meta, values = loaded
    at: datetime | None = meta.get("at")
    if at is not None:
        if "backdate" not in incoming.permissions:
            raise Forbidden(
                "only an account with the permission backdate may set at", permission="backdate", field="at"
            )
        if at > clock.now():
            raise ValidationError({"at": ["Lies in the future."]})
        if at < EARLIEST:
            raise ValidationError({"at": ["Lies before 1970."]})
    request_id = meta.get("request_id")
    content = {name: value for name, value in incoming.kwargs.items() if name != "request_id"}
    call = Call(
        ref=f"call {method} by {incoming.caller}",
        key=request_key(incoming.caller, method, request_id) if request_id else None,
        digest=content_digest(content) if request_id else None,
        actor=meta["actor"] or incoming.caller,
        correlation_id=incoming.correlation_id,
        at=at,
        expected_version=meta.get("expected_version"),
        caller=incoming.caller,
        permissions=incoming.permissions,
        method=method,
        request_id=request_id,
    )
    return call, values


def _own(incoming: Incoming) -> dict[str, Any]:
    """The fields of the request that are about its matter."""
    return {name: value for name, value in incoming.kwargs.items() if name not in _names(CommandMeta)}


@functools.cache
def _names(schema: type[Schema]) -> frozenset[str]:
    return frozenset(schema().fields)


def _method(contract: Contract) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def register(method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        def guarded(service: Any, incoming: Incoming) -> Outcome:
            started = time.perf_counter()
            outcome = _run(method, contract, service, incoming)
            log.info(
                "call",
                extra={
                    "method": f"{service.name}.{method.__name__}",
                    "caller": incoming.caller,
                    "correlation_id": incoming.correlation_id,
                    "outcome": outcome.error.code if outcome.error else "ok",
                    "milliseconds": round((time.perf_counter() - started) * 1000, 1),
                },
            )
            return outcome

        guarded.contract = contract  # type: ignore[attr-defined]  # read by provisioning and by the canvas test
        register_entrypoint(guarded, EdgeRpc())
        return guarded

    return register


def _run(method: Callable[..., Any], contract: Contract, service: Any, incoming: Incoming) -> Outcome:
    try:
        call, values = _enter(contract, method.__name__, incoming)
        return Outcome(method(service, call, **values))
    except NotFound as missing:
        return Outcome(error=missing.named_in(_own(incoming)))
    except LoopdeskError as refusal:
        return Outcome(error=refusal)
    except Exception as error:
        if is_outage(error):
            log.warning("storage away", extra={"reason": type(error).__name__})
            return Outcome(error=Unavailable("the database is away; send the same request again"))
        log.exception("a method failed", extra={"method": method.__name__})
        return Outcome(error=Unavailable("it failed inside; send the same request again, or tell the operators"))


def command(permission: str, schema: type[Schema]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Entrypoint of a method that changes something: `method(self, call, **fields)`; demands a `request_id`."""
    return _method(Contract(permission, schema, mutates=True))


def query(permission: str | None, schema: type[Schema]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Entrypoint of a method that only reads: `method(self, call, **fields)`."""
    return _method(Contract(permission, schema, mutates=False))
