"""A broadcast to many beside bare publishing: rate, memory, and how long an urgent message takes meanwhile."""

from __future__ import annotations

import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pika
import yaml
from rich.console import Console
from rich.table import Table

from deploy.catalogue import subscriptions
from shared import lanes
from shared.clock import SystemClock
from shared.events import Event
from tests.bench import measure
from tests.bench.bare import resident
from tests.interface.feigned import Feigned, on_the_bus
from tests.support import Stack, at_any_hour, eventually
from tests.unit.notify.builders import CONFIG

CHUNK, URGENT = 5_000, lanes.queue("email", "urgent")
TEXT = "{% if replaces %}Correction: {% endif %}{{ customer_name }}: no water on Monday, 9 to 12. Sorry. {{ area }}"


def report(stack: Stack, console: Console, number: int) -> None:
    """Tell `number` customers; before and after that publish half as many bare messages of the same size."""
    operator = stack.client("operator")
    body = at_any_hour(yaml.safe_load(CONFIG.read_text()))
    operator.call("notify", "apply_reference", body=body, request_id=uuid4().hex)
    with measure.no_messages(stack):
        area = _customers(stack, number)
        size = _sample_size(stack)
        first = _bare(stack, number // 2, size)
        with _watched(stack) as seen:
            took = _told(stack, area)
        second = _bare(stack, number // 2, size)
    _show(console, number, number / took, [first, second], seen, size)


def _customers(stack: Stack, number: int) -> str:
    """As many customers as notify keeps them, in an area of their own."""
    area, rows = f"bench-{uuid4().hex[:6]}", stack.database["notify_customers"]
    for start in range(0, number, CHUNK):
        rows.insert_many([_customer(area, n) for n in range(start, min(start + CHUNK, number))], ordered=False)
    return area


def _customer(area: str, n: int) -> dict[str, Any]:
    known = {"name": f"Customer {n}", "tier": "standard", "language": "en", "preferred_channels": [], "number": 1}
    home = {"area": area, "household": f"H-{n // 2}", "time_zone": None, "dates": {}}
    return {"_id": f"{area}-{n:07d}", "phone": f"+4411649{60_000 + n % 1_000}", "email": None, **known, **home}


def _sample_size(stack: Stack) -> int:
    """Bytes of a message as consumers get it."""
    client = stack.client("supervisor")
    given = {"audience": {"recipients": [{"phone": "+441164960000"}]}, "start": True}
    made = client.command("notify", "broadcast", **_notice(), **given)
    queue = lanes.queue("sms", "bulk")
    told = {"_id": made["broadcast_id"], "state": "told", "publishing": []}
    eventually(lambda: stack.database["notify_broadcasts"].count_documents(told))
    with pika.BlockingConnection(pika.URLParameters(stack.admin_amqp_uri)) as connection:
        _, _, body = connection.channel().basic_get(queue, auto_ack=True)
        connection.channel().queue_purge(queue)
    return len(body or b"")


def _notice() -> dict[str, Any]:
    texts = {"sms": {"default": {"text": TEXT}}}
    return {"name": "No water on Monday", "kind": "announcement", "channels": ["sms"], "texts": texts}


def _told(stack: Stack, area: str) -> float:
    """The seconds from its start until the last message was confirmed, and is in no outbox any more."""
    client = stack.client("supervisor")
    audience = {"areas": [area]}
    began = time.perf_counter()
    made = client.command("notify", "broadcast", **_notice(), audience=audience, start=True)
    key = made["broadcast_id"]
    rows = stack.database["notify_messages"]

    def done() -> bool:
        if client.call("notify", "get_broadcast", broadcast_id=key)["state"] != "told":
            return False
        if stack.database["notify_broadcasts"].find_one({"_id": key})["publishing"]:  # type: ignore[index]
            return False
        return rows.find_one({"outbox.0": {"$exists": True}}, hint="outbox") is None

    while not done():
        time.sleep(0.25)
    return time.perf_counter() - began


def _bare(stack: Stack, number: int, size: int) -> float:
    """Messages a second of the same size to the same queue, confirmed in batches of 100, and nothing else."""
    command = [sys.executable, "-m", "tests.bench.publish", stack.admin_amqp_uri, str(number), str(size)]
    rate = float(subprocess.run(command, check=True, capture_output=True, timeout=600).stdout)
    with pika.BlockingConnection(pika.URLParameters(stack.admin_amqp_uri)) as connection:
        connection.channel().queue_purge(lanes.queue("sms", "bulk"))
    return rate


@contextmanager
def _watched(stack: Stack) -> Iterator[dict[str, list[float]]]:
    """Meanwhile: the broadcaster's memory each second, and the milliseconds of an urgent message to its queue."""
    seen: dict[str, list[float]] = {"memory": [], "urgent": []}
    stop = threading.Event()

    def watch() -> None:
        with on_the_bus(stack.admin_amqp_uri, "notify", subscriptions("notify")) as (world, _):
            while not stop.wait(1):
                seen["memory"].append(sum(resident(pid) for pid in stack.pids("notify-broadcaster")))
                seen["urgent"].append(_urgent(stack, world))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        stop.set()
        thread.join(60)


def _urgent(stack: Stack, world: Feigned) -> float:
    """Somebody gets work, and is to know at once: until it is on the queue that goes before all others."""
    name, now = uuid4().hex[:10], SystemClock().now()
    data = {"order_no": f"W-{name}", "ticket_no": f"T-{name}", "customer_id": "c", "team": "network", "agent": "x"}
    event = Event(
        id=f"dispatch_feigned/W-{name}/1",
        type="work_assigned",
        source="dispatch",
        aggregate_id=f"W-{name}",
        aggregate_version=1,
        number=1,
        at=now,
        recorded_at=now,
        data={**data, "type": "fault", "category": "network", "priority": "P1"},
    )
    with pika.BlockingConnection(pika.URLParameters(stack.admin_amqp_uri)) as connection:
        channel = connection.channel()
        channel.queue_purge(URGENT)
        began = time.perf_counter()
        world.tell(event)
        while channel.basic_get(URGENT, auto_ack=True)[0] is None:
            if time.perf_counter() - began > 30:
                raise SystemExit("an urgent message did not come within 30 s")
            time.sleep(0.002)
    return (time.perf_counter() - began) * 1000


def _show(
    console: Console, number: int, rate: float, bare: list[float], seen: dict[str, list[float]], size: int
) -> None:
    usual = statistics.mean(bare)
    memory, urgent = seen["memory"], sorted(seen["urgent"])
    quarter = max(1, len(memory) // 4)
    table = Table("a broadcast", "figure", title=f"{number:,} recipients, {size} bytes each")
    table.add_row("rows written, published and confirmed a second", f"{rate:.0f}")
    table.add_row("bare publishing, batches of 100, before and after", f"{bare[0]:.0f}, {bare[1]:.0f}")
    table.add_row("ratio", f"{rate / usual:.2f}")
    first, last = statistics.mean(memory[:quarter]), statistics.mean(memory[-quarter:])
    table.add_row("broadcaster's MB: first quarter, last quarter, most", f"{first:.1f}, {last:.1f}, {max(memory):.1f}")
    table.add_row("urgent message meanwhile, ms: median, worst", f"{statistics.median(urgent):.0f}, {urgent[-1]:.0f}")
    console.print(table)
