"""The RPC edge: nameko's Rpc entrypoint that answers every request that can be answered, and never exits."""

from __future__ import annotations

import functools
import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import amqp
import eventlet
from eventlet.semaphore import Semaphore
from kombu import Queue
from marshmallow import Schema, fields, validate
from nameko.exceptions import ContainerBeingKilled
from nameko.extensions import SharedExtension, register_entrypoint
from nameko.rpc import Rpc, RpcConsumer

from shared.bus.consumer import BusConsumer
from shared.bus.publisher import BROKEN, drop, open_channel, readable, send
from shared.bus.topology import REPLY_ADDRESS, RPC_EXCHANGE, rpc_queue
from shared.cause import Call, content_digest, request_key
from shared.clock import SystemClock, to_text
from shared.errors import Forbidden, LoopdeskError, NotFound, Unavailable, ValidationError
from shared.outage import is_outage
from shared.schemas import Code, Consumed, Instant, load
from shared.settings import Settings

log = logging.getLogger("loopdesk.rpc")
clock = SystemClock()


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


@dataclass(frozen=True)
class Incoming:
    """A request whose sender is known and whose body is JSON of the right shape."""

    caller: str
    permissions: frozenset[str]
    correlation_id: str | None
    kwargs: dict[str, Any]


@dataclass
class Outcome:
    """What a method came to: a result or a refusal."""

    result: Any = None
    error: LoopdeskError | None = None


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


class Replies(SharedExtension):
    """Sends replies on a channel of their own: transient, unconfirmed; a caller that hears nothing asks again."""

    def __init__(self) -> None:
        self._lock = Semaphore()
        self._connection: Any = None
        self._channel: Any = None

    def send(self, body: bytes, address: str, correlation_id: str | None) -> bool:
        """Send one reply; False if the broker cannot be reached: the request then stays unacknowledged."""
        settings: Settings = self.container.config["LOOPDESK"]
        reply = amqp.Message(
            body,
            content_type="application/json",
            content_encoding="utf-8",
            delivery_mode=1,
            correlation_id=correlation_id,
        )
        for _ in range(2):
            with self._lock:
                try:
                    with eventlet.Timeout(10):
                        if self._channel is not None and readable(self._connection):
                            self._connection.drain_events(timeout=0.1)
                        if self._channel is None:
                            self._connection, self._channel = open_channel(settings.amqp_uri)
                        send(self._channel, reply, RPC_EXCHANGE, address, False)
                        return True
                except BROKEN as error:
                    log.warning("reply not sent", extra={"reason": type(error).__name__})
                    connection, self._connection, self._channel = self._connection, None, None
                    if connection is not None:
                        drop(connection)
        return False


class EdgeRpcConsumer(RpcConsumer):
    """Takes requests off the process's queue, checks who sends them, and answers."""

    queue: Queue | None
    queue_consumer = BusConsumer()
    replies = Replies()

    def setup(self) -> None:
        """Consume from the queue that provisioning made; nothing is declared here."""
        if self.queue is None:
            self.queue = Queue(rpc_queue(self.container.service_name), no_declare=True)
            self.queue_consumer.register_provider(self)

    @property
    def prefetch(self) -> int:
        """As many as there are workers, so that no request waits behind another in this process."""
        return int(self.container.max_workers)

    def take(self, message: Any) -> None:
        """One raw request: to a worker, or refused at once."""
        address = message.properties.get("reply_to")
        if not (isinstance(address, str) and (form := REPLY_ADDRESS.fullmatch(address))):
            log.warning("dropped: no reply address of a caller's own form")
            self.queue_consumer.ack_message(message)
            return
        try:
            incoming = self._incoming(message, form.group(1))
            provider = self._provider(message)
            self.container.spawn_worker(
                provider, (incoming,), {}, context_data={}, handle_result=functools.partial(self._finish, message)
            )
        except LoopdeskError as refusal:
            log.info("call", extra={"method": message.delivery_info["routing_key"], "outcome": refusal.code})
            self._answer(message, Outcome(error=refusal))
        except ContainerBeingKilled:
            self.queue_consumer.requeue_message(message)

    def _incoming(self, message: Any, addressee: str) -> Incoming:
        caller = message.properties.get("user_id")
        if caller is None:
            raise Forbidden("a request needs the property user_id, set to the account of its connection")
        if caller != addressee:
            raise Forbidden(f"reply_to must begin with reply.{caller}.", field="reply_to")
        kwargs = _body(message)
        correlation_id = message.properties.get("correlation_id")
        settings: Settings = self.container.config["LOOPDESK"]
        return Incoming(caller, settings.permissions.get(caller, frozenset()), correlation_id, kwargs)

    def _provider(self, message: Any) -> Any:
        name = message.delivery_info["routing_key"].rpartition(".")[2]
        for provider in self._providers:
            if provider.method_name == name:
                return provider
        raise NotFound("method", name)

    def _finish(self, message: Any, worker_ctx: Any, result: Any, exc_info: Any) -> tuple[Any, Any]:
        try:
            self._answer(message, result if exc_info is None else Outcome(error=Unavailable("it failed inside")))
        except Exception:  # the bus edge: nameko ends the process for whatever comes out of here
            log.exception("could not answer")
            self.queue_consumer.requeue_message(message)
        return result, None

    def _answer(self, message: Any, outcome: Outcome) -> None:
        try:
            body = _reply(outcome.result, outcome.error)
        except (TypeError, ValueError):
            log.exception("a result is not JSON")
            body = _reply(None, Unavailable("the result could not be written"))
        if self.replies.send(body, message.properties["reply_to"], message.properties.get("correlation_id")):
            self.queue_consumer.ack_message(message)
        else:
            self.queue_consumer.requeue_message(message)


def _body(message: Any) -> dict[str, Any]:
    """The keyword arguments in a request's body; `ValidationError` naming what is wrong with the rest."""
    if message.content_type != "application/json":
        raise ValidationError({"content_type": ["Must be application/json."]})
    raw = message.body
    try:
        body = json.loads(bytes(raw) if not isinstance(raw, str) else raw)
    except (ValueError, RecursionError):
        raise ValidationError({"body": ["Is not JSON in UTF-8."]}) from None
    if not isinstance(body, dict) or not isinstance(body.get("args"), list) or not isinstance(body.get("kwargs"), dict):
        raise ValidationError({"body": ['Must be {"args": [], "kwargs": {…}}.']})
    if body["args"]:
        raise ValidationError({"args": ["Must be empty: arguments go by name, in kwargs."]})
    return dict(body["kwargs"])


def _reply(result: Any, error: LoopdeskError | None) -> bytes:
    body = {"result": result, "error": error.to_wire() if error else None}
    try:
        return json.dumps(body, ensure_ascii=False, separators=(",", ":"), default=_plain).encode()
    except UnicodeEncodeError:  # half a surrogate pair, for example in the name of an unknown field: only as an escape
        return json.dumps(body, separators=(",", ":"), default=_plain).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return to_text(value)
    raise TypeError(f"{type(value).__name__} in a reply")


class EdgeRpc(Rpc):
    """nameko's entrypoint on our consumer."""

    rpc_consumer = EdgeRpcConsumer()
