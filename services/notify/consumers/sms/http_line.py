"""One request to a gateway with HTTP, filled in from names; each on a connection of its own."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError

from services.notify.consumers.message import Down
from services.notify.consumers.sms.errors import Broken
from services.notify.consumers.sms.mapping import Answer, Call, filled, in_url

#: Octets of an answer; more is no answer.
LONGEST = 1024 * 1024
_PORTS = {"http": 80, "https": 443}
_NOT_SENT = (requests.exceptions.SSLError, requests.exceptions.ProxyError, requests.exceptions.ConnectTimeout)


class Line:
    """To one gateway; `timeout` in seconds. A kept connection may be dead without our knowing: none is kept."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout

    def reach(self, call: Call) -> None:
        """`Down` unless somebody listens at the call's address."""
        at = urlsplit(call.url)
        try:
            address = (at.hostname or "", at.port or _PORTS[at.scheme])
            socket.create_connection(address, timeout=self._timeout).close()
        except OSError as error:
            raise Down(f"no connection to the gateway: {type(error).__name__}") from error

    def ask(self, call: Call, values: Mapping[str, str]) -> Answer:
        """The gateway's answer. `Down`: the request has not left. `Broken`: it may have."""
        deadline = time.monotonic() + self._timeout
        try:
            with requests.request(
                call.method,
                filled(call.url, values, in_url),
                headers={"Connection": "close", **filled(call.headers, values, _in_header)},
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
                **_body(call, values),
            ) as response:
                return _answer(response, deadline)
        except HTTPError as error:
            raise Broken(f"no answer from the gateway: {type(error).__name__}") from error
        except requests.exceptions.RequestException as error:
            if _not_sent(error):
                raise Down(f"no connection to the gateway: {type(error).__name__}") from error
            raise Broken(f"no answer from the gateway: {type(error).__name__}") from error


def _body(call: Call, values: Mapping[str, str]) -> dict[str, Any]:
    if call.body == "none":
        return {}
    return {"json" if call.body == "json" else "data": filled(call.fields, values)}


def _in_header(value: str) -> str:
    """Nothing that ends a header or begins another."""
    return "".join(character for character in value if character.isprintable() and character.isascii())


def _answer(response: requests.Response, deadline: float) -> Answer:
    octets = b""
    while chunk := response.raw.read1(65536, decode_content=True):
        octets += chunk
        if len(octets) > LONGEST or time.monotonic() > deadline:  # one that drips is as good as none
            raise Broken("an answer without end")
    try:
        return Answer(response.status_code, json.loads(octets))
    except (ValueError, RecursionError):  # no JSON, or one made to be deep
        return Answer(response.status_code, None)


def _not_sent(error: requests.exceptions.RequestException) -> bool:
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(error, _NOT_SENT) or isinstance(reason, NewConnectionError | ConnectTimeoutError)
