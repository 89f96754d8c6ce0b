"""`python -m tests.bench.loop`: the rate of the loop beside the echo's, and what one ticket costs, by process."""

from __future__ import annotations

import os
import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field

import click
from pymongo import MongoClient
from rich.console import Console
from rich.table import Table

from shared.client import Client
from tests.bench import bare, measure
from tests.support import Stack, eventually

SERVERS = ("rabbitmq", "mongo")
PYTHON = (
    *("intake", "intake-worker", "dispatch", "dispatch-worker", "feedback", "feedback-worker"),
    *("notify", "notify-worker", "notify-broadcaster", "email-consumer", "sms-consumer", "mailbox"),
)
#: What MongoDB counts of what its clients ask for; each commit of a transaction beside its writes.
OPERATIONS = ("find", "insert", "update", "findAndModify", "aggregate", "commitTransaction", "abortTransaction")
WARM = 200
#: Longer than any ticket's messages are on their way: what one round has begun is not counted to the next.
DRAINED_WITHIN = 120.0


@dataclass
class Found:
    """Rounds: tickets and echoes a second, their ratio, and per ticket the milliseconds of CPU and the operations."""

    rates: list[float] = field(default_factory=list)
    echoes: list[float] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)
    cpu: list[Mapping[str, float]] = field(default_factory=list)
    operations: list[float] = field(default_factory=list)


def show(desk: measure.Desk, console: Console, repeats: int, number: int) -> None:
    """Measures so many rounds of so many tickets, with everything running and the echo by turns; prints the tables."""
    tap, admin = measure.Tap(desk.stack), Client(desk.stack.admin_amqp_uri)
    eventually(lambda: admin.call("echo", "echo", timeout=2, ok=True))
    measure.loop_rate(desk, tap, WARM)
    found = Found()
    for _ in range(repeats):
        _round(desk, tap, number, found)
        found.echoes.append(measure.pipelined(admin, measure.echo, number * 2))
        found.ratios.append(found.rates[-1] / found.echoes[-1])
    latencies = sorted(measure.loop_latencies(desk, tap, 200))
    tap.close()
    console.print(_rates(found, latencies))
    console.print(_costs(found))


def _round(desk: measure.Desk, tap: measure.Tap, number: int, found: Found) -> None:
    _drained(desk.stack)
    pids = {name: desk.stack.pids(name)[0] for name in (*SERVERS, *PYTHON)} | {"the bench itself": os.getpid()}
    before, asked = bare.cpu_seconds(pids), _operations(desk.stack)
    found.rates.append(measure.loop_rate(desk, tap, number))
    _drained(desk.stack)
    after = bare.cpu_seconds(pids)
    found.cpu.append({name: (after[name] - before[name]) / number * 1000 for name in pids})
    found.operations.append((_operations(desk.stack) - asked) / number)


def _drained(stack: Stack) -> None:
    eventually(lambda: sum(stack.queues().values()) == 0, timeout=DRAINED_WITHIN)


def _operations(stack: Stack) -> int:
    with MongoClient[dict[str, object]](stack.admin_mongo_uri) as admin:
        commands = admin.admin.command("serverStatus")["metrics"]["commands"]
    return sum(commands[name]["total"] for name in OPERATIONS)


def _rates(found: Found, latencies: list[float]) -> Table:
    table = Table("submit → assigned → message on the queue", "figure", title="The whole loop, all services running")
    table.add_row("loops per second", f"{statistics.median(found.rates):,.0f}")
    table.add_row("stock nameko echo in the same rounds, per second", f"{statistics.median(found.echoes):,.0f}")
    table.add_row("loops per echo, median; each round (aim 0.2)", _each(found.ratios))
    table.add_row("from answer to message, p50 ms", f"{statistics.median(latencies):.1f}")
    table.add_row("from answer to message, p99 ms", f"{latencies[int(len(latencies) * 0.99) - 1]:.1f}")
    table.add_row("per hop (3 hops), p50 ms (aim under 15)", f"{statistics.median(latencies) / 3:.1f}")
    return table


def _costs(found: Found) -> Table:
    """What a ticket costs, all that belongs to it drained, timers and sweeps meanwhile included."""
    table = Table("per ticket, medians", "figure", title="What one ticket costs")
    for name in found.cpu[0]:
        table.add_row(f"CPU of {name}, ms", f"{statistics.median(round_[name] for round_ in found.cpu):.2f}")
    table.add_row("CPU of all, ms", f"{statistics.median(sum(round_.values()) for round_ in found.cpu):.2f}")
    table.add_row("operations at MongoDB", f"{statistics.median(found.operations):.1f}")
    return table


def _each(ratios: list[float]) -> str:
    return f"{statistics.median(ratios):.2f}; {', '.join(f'{ratio:.2f}' for ratio in ratios)}"


@click.command()
@click.option("--repeats", default=5, show_default=True, help="Rounds, of which the median counts.")
@click.option("--tickets", default=400, show_default=True, help="Tickets in one round.")
def main(repeats: int, tickets: int) -> None:
    """Measure the loop alone, on a stack of the bench's own."""
    with measure.running() as stack, bare.stock_echo(stack.admin_amqp_uri):
        desk = measure.Desk(stack)
        desk.prepare()
        show(desk, Console(), repeats, tickets)


if __name__ == "__main__":
    main()
