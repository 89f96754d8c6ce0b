"""Orders to a running supervisor, one JSON line each way over its socket."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from deploy.localstack.errors import StackError
from deploy.localstack.instance import Instance
from deploy.localstack.supervisor import Supervisor


@contextlib.asynccontextmanager
async def listening(instance: Instance, supervisor: Supervisor) -> AsyncIterator[None]:
    """Takes orders while it lasts."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reply: dict[str, str]
        try:
            order = json.loads(await reader.readline())
            await obey(supervisor, **order)
            reply = {}
        except StackError as refusal:
            reply = {"error": str(refusal)}
        writer.write(json.dumps(reply).encode() + b"\n")
        await writer.drain()
        writer.close()

    with instance.control_address() as address:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(address)
        server = await asyncio.start_unix_server(answer, address)
    async with server:
        yield


async def obey(supervisor: Supervisor, order: str, **arguments: Any) -> None:
    """Orders: start, stop, restart (a process by name, all its replicas), scale (to a number of replicas)."""
    orders: dict[str, Callable[..., Awaitable[None]]] = {
        "start": supervisor.start,
        "stop": supervisor.stop,
        "restart": supervisor.restart,
        "scale": supervisor.scale,
    }
    if order not in orders:
        raise StackError(f"no order {order!r}; there are {', '.join(orders)}")
    await orders[order](**arguments)
