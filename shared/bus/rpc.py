"""The RPC edge: nameko's Rpc entrypoint that answers every request that can be answered, and never exits."""

from __future__ import annotations

import functools
import json
import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kombu import Queue
from nameko.exceptions import ContainerBeingKilled
from nameko.rpc import Rpc, RpcConsumer

from shared.bus.consumer import BusConsumer
from shared.bus.replies import Replies
from shared.bus.topology import REPLY_ADDRESS, rpc_queue
from shared.clock import to_text
from shared.errors import Forbidden, LoopdeskError, NotFound, Unavailable, ValidationError
from shared.settings import Settings

log = logging.getLogger("loopdesk.rpc")

#: Bytes of a request's body; a longer one would cost its reader many times as much memory.
LONGEST_BODY = 8 * 2**20


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
            serve = functools.partial(self._serve, provider, incoming, message)
            if self.container._worker_pool.free() > 0:
                serve()
            else:  # handlers have all the workers: wait for one, but not here, where the connection is read
                self.container.spawn_managed_thread(serve, identifier=provider.method_name)
        except LoopdeskError as refusal:
            log.info("call", extra={"method": message.delivery_info["routing_key"], "outcome": refusal.code})
            self._answer(message, Outcome(error=refusal))

    def _serve(self, provider: Any, incoming: Incoming, message: Any) -> None:
        finish = functools.partial(self._finish, message)
        try:
            self.container.spawn_worker(provider, (incoming,), {}, context_data={}, handle_result=finish)
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
        if correlation_id is not None and "\ufffd" in correlation_id:
            raise ValidationError({"correlation_id": ["Must be text in UTF-8."]})
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


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


#: Python's own default takes NaN and Infinity.
_JSON = json.JSONDecoder(parse_constant=_no_number)


def _body(message: Any) -> dict[str, Any]:
    """The keyword arguments in a request's body; `ValidationError` naming what is wrong with the rest."""
    if message.content_type != "application/json":
        raise ValidationError({"content_type": ["Must be application/json."]})
    raw = message.body
    if len(raw) > LONGEST_BODY:
        raise ValidationError({"body": [f"Longer than {LONGEST_BODY} bytes."]})
    try:
        body = _JSON.decode(raw if isinstance(raw, str) else bytes(raw).decode())
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
