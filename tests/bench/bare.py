"""The bare pieces that Loopdesk is measured beside: stock nameko's echo, a journaled insert, an idle process."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil
from pymongo import MongoClient, WriteConcern

HERE = Path(__file__).parent
IDLE = """
import eventlet, time
eventlet.monkey_patch()
import nameko.events, nameko.rpc, nameko.runners, pymongo
time.sleep(600)
"""


@contextmanager
def stock_echo(amqp_uri: str) -> Iterator[subprocess.Popen[bytes]]:
    """nameko's own runner with nameko's own defaults."""
    config = HERE / ".echo.yaml"
    config.write_text(f'AMQP_URI: "{amqp_uri}"\n')
    command = [sys.executable, "-W", "ignore", "-m", "nameko", "run", "--config", str(config), "tests.bench.echo"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)
        config.unlink()


def insert_rate(client: MongoClient[dict[str, Any]], number: int, threads: int) -> float:
    """Acknowledged (majority, journaled) inserts a second of a document as large as a ticket."""
    rows = client.get_default_database().get_collection("bench_inserts", write_concern=WriteConcern("majority", j=True))
    body = {"text": "x" * 600, "outbox": [{"body": "y" * 900}]}
    began = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda _: rows.insert_one({"_id": uuid4().hex, **body}), range(number)))
    return number / (time.perf_counter() - began)


def idle_process() -> float:
    """Resident MB of a process that has imported nameko and pymongo and does nothing."""
    process = subprocess.Popen([sys.executable, "-W", "ignore", "-c", IDLE])
    try:
        time.sleep(4)
        return resident(process.pid)
    finally:
        process.kill()
        process.wait()


def resident(pid: int) -> float:
    """Resident MB of a process."""
    return float(psutil.Process(pid).memory_info().rss) / 2**20


def cpu_seconds(pids: dict[str, int]) -> dict[str, float]:
    """CPU seconds so far, by name."""
    return {name: sum(psutil.Process(pid).cpu_times()[:2]) for name, pid in pids.items()}
