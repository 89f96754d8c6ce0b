"""RabbitMQ's management API, as little of it as the local stack needs."""

from __future__ import annotations

import json
import urllib.request
from base64 import b64encode
from typing import Any
from urllib.parse import unquote, urlsplit

SECONDS = 10


def ask(management_uri: str, amqp_uri: str, path: str, method: str = "GET") -> Any:
    """The answer to `/api/<path>`, None where it has no body; the account is that of `amqp_uri`.

    Raises: OSError, urllib.error.HTTPError among them.
    """
    account = urlsplit(amqp_uri)
    secret = b64encode(f"{unquote(account.username or '')}:{unquote(account.password or '')}".encode()).decode()
    request = urllib.request.Request(  # noqa: S310 (http or https, as the operator gave it)
        f"{management_uri}/api/{path}", method=method, headers={"Authorization": f"Basic {secret}"}
    )
    with urllib.request.urlopen(request, timeout=SECONDS) as reply:  # noqa: S310
        body = reply.read()
    return json.loads(body) if body else None
