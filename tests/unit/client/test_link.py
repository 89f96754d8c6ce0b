"""What the client makes of the broker's refusals, and how long it tries; no broker."""

from __future__ import annotations

import socket
from time import monotonic

import pytest
from pika.exceptions import (
    AMQPConnectionError,
    ChannelClosedByBroker,
    ConnectionClosedByBroker,
    ProbableAccessDeniedError,
    ProbableAuthenticationError,
    StreamLostError,
)

from shared.client import Client, Request
from shared.errors import Forbidden, Unavailable
from shared.link import cause, refusal

LOGIN_REFUSED = ProbableAuthenticationError(repr(ConnectionClosedByBroker(403, "ACCESS_REFUSED - Login was refused")))
NO_VHOST = ProbableAccessDeniedError(repr(ConnectionClosedByBroker(530, "NOT_ALLOWED - vhost nope not found")))


@pytest.mark.parametrize("reason", [LOGIN_REFUSED, NO_VHOST, ChannelClosedByBroker(403, "ACCESS_REFUSED - x")])
def test_a_refused_account_is_told_at_once(reason):
    assert isinstance(refusal(reason), Forbidden)


def test_a_missing_exchange_is_told_at_once():
    refused = refusal(ChannelClosedByBroker(404, "NOT_FOUND - no exchange 'nameko-rpc'"))
    assert isinstance(refused, Unavailable)
    assert "no exchange 'nameko-rpc'" in refused.message


@pytest.mark.parametrize(
    "reason",
    [
        ConnectionClosedByBroker(320, "CONNECTION_FORCED - broker forced connection closure"),
        ProbableAuthenticationError(repr(StreamLostError("gone"))),
        StreamLostError("gone"),
        AMQPConnectionError(ConnectionRefusedError(111, "Connection refused")),
    ],
)
def test_a_broker_that_is_away_is_no_refusal(reason):
    assert refusal(reason) is None


def test_the_innermost_cause_is_told():
    assert cause(AMQPConnectionError(ConnectionRefusedError(111, "Connection refused"))) == "Connection refused"


@pytest.fixture
def nobody_listens():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"amqp://shop:secret@127.0.0.1:{held.getsockname()[1]}/loopdesk"


def test_an_unreachable_broker_is_tried_until_the_timeout_and_not_longer(nobody_listens):
    began = monotonic()
    with Client(nobody_listens) as client, pytest.raises(Unavailable, match=r"could not be reached.*refused"):
        client.call("intake", "get_ticket", ticket_no="T-1", timeout=0.4)
    assert 0.4 <= monotonic() - began < 20


def test_many_calls_to_an_unreachable_broker_are_refused_one_by_one(nobody_listens):
    with Client(nobody_listens) as client:
        outcomes = client.call_many([Request.query("intake", "ping")] * 5, window=2, timeout=0.1)
    assert [type(outcome) for outcome in outcomes] == [Unavailable] * 5


def test_the_account_is_taken_from_the_uri(nobody_listens):
    assert Client(nobody_listens).account == "shop"


class Line:
    """A link that notes what it takes."""

    reply_to, ready = "reply.shop.1", True

    def __init__(self):
        self.taken = []

    def publish(self, routing_key, body, properties):
        self.taken.append(properties.correlation_id)


def test_a_link_is_not_given_again_what_it_took_before_the_broker_blocked_it(nobody_listens):
    client = Client(nobody_listens)
    client._link = first = Line()
    took = client.send(Request.query("intake", "get_ticket"))
    first.ready = False
    waited = client.send(Request.query("intake", "get_ticket"))
    first.ready = True
    client.on_ready()
    assert first.taken == [took.correlation_id, waited.correlation_id]
    client._link = second = Line()
    client.on_ready()
    assert second.taken == first.taken
