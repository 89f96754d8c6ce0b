"""`python -m tests.bench`: medians over repeats, alternating with the bare pieces; every ratio is of one run."""

from __future__ import annotations

import statistics
from collections.abc import Callable

import click
from pymongo import MongoClient
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from shared.client import Client, Request
from tests.bench import assigning, bare, broadcast, business_time, loop, measure, simulation, timers
from tests.support import Stack, eventually

OTHERS = ("dispatch", "dispatch-worker", "feedback", "feedback-worker", "notify", "notify-worker", "intake-worker")
CONSUMERS = ("sms-consumer", "email-consumer")
SERVICES = ("intake", "dispatch", "feedback", "notify")
console = Console()


@click.command()
@click.option("--repeats", default=5, show_default=True, help="Rounds, of which the median counts.")
@click.option("--calls", default=2000, show_default=True, help="Calls in one round, pipelined.")
@click.option("--tickets", default=100_000, show_default=True, help="Tickets for the figures on growth; 0: leave out.")
@click.option("--orders", default=1_000_000, show_default=True, help="Open work orders for the timers; 0: leave out.")
@click.option("--simulated", default=1_000_000, show_default=True, help="Work orders to simulate; 0: leave out.")
@click.option("--recipients", default=100_000, show_default=True, help="Of a broadcast; 0: leave out.")
def main(repeats: int, calls: int, tickets: int, orders: int, simulated: int, recipients: int) -> None:
    """Measure Loopdesk beside bare pieces of the same stack."""
    business_time.show(console)
    if simulated:
        simulation.show(console, simulated)
    console.print("Starting a stack of the bench's own …")
    with measure.running() as stack, bare.stock_echo(stack.admin_amqp_uri):
        desk = measure.Desk(stack)
        desk.prepare()
        if recipients:
            broadcast.report(stack, console, recipients)
        assigning.report(stack, console)
        _rates(desk, repeats, calls)
        loop.show(desk, console, repeats, max(200, calls // 4))
        if tickets:
            _growth(desk, tickets)
        if orders:
            with measure.no_messages(stack):
                timers.report(desk, console, orders)


def _rates(desk: measure.Desk, repeats: int, calls: int) -> None:
    """`submit_ticket` beside the bare echo and the bare insert, with the other services stopped."""
    for process in (*OTHERS, *CONSUMERS):
        desk.stack.stop_process(process)
    admin = Client(desk.stack.admin_amqp_uri)
    mongo = MongoClient(desk.stack.admin_mongo_uri)
    eventually(lambda: admin.call("echo", "echo", timeout=2, ok=True))
    rows: dict[str, Callable[[], float]] = {
        "stock nameko echo, pipelined": lambda: measure.pipelined(admin, measure.echo, calls),
        "submit_ticket, pipelined": lambda: measure.pipelined(desk.client, desk.submission, calls),
        "bare insert (majority, journaled), 10 threads": lambda: bare.insert_rate(mongo, calls, 10),
        "stock nameko echo, one at a time": lambda: measure.one_at_a_time(admin, measure.echo, calls // 5),
        "submit_ticket, one at a time": lambda: measure.one_at_a_time(desk.client, desk.submission, calls // 5),
        "bare insert, one at a time": lambda: bare.insert_rate(mongo, calls // 5, 1),
    }
    found: dict[str, list[float]] = {name: [] for name in rows}
    pids = {"intake": desk.stack.pids("intake")[0]}
    busy = 0.0
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("rates", total=repeats + 1)
        for round_number in range(repeats + 1):
            for name, run in rows.items():
                before = bare.cpu_seconds(pids)["intake"]
                rate = run()
                if round_number:  # the first round warms up
                    found[name].append(rate)
                    busy += (bare.cpu_seconds(pids)["intake"] - before) * (name == "submit_ticket, pipelined")
            progress.advance(task)
    medians = {name: statistics.median(rates) for name, rates in found.items()}
    table = Table("per second, median of " + str(repeats), "calls/s", "of the echo", title="Submitting a ticket")
    for name, rate in medians.items():
        base = medians[
            "stock nameko echo, " + ("pipelined" if name.endswith(("pipelined", "threads")) else "one at a time")
        ]
        table.add_row(name, f"{rate:,.0f}", f"{rate / base:.2f}")
    console.print(table)
    console.print(
        f"CPU of intake per submit_ticket: {busy / repeats / calls * 1000:.2f} ms; aim: 0.6 of the echo or better"
    )
    mongo.close()
    for process in (*OTHERS, *CONSUMERS):
        desk.stack.start_process(process)
    eventually(lambda: sum(desk.stack.queues().values()) == 0, timeout=300)


def _growth(desk: measure.Desk, tickets: int) -> None:
    """Memory, and the cost of reading, at a tenth of the tickets and at all of them."""
    idle = bare.idle_process()
    steps = []
    have = int(desk.stack.database.intake_tickets.estimated_document_count())
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("tickets", total=tickets)
        for goal in (tickets // 10, tickets):
            while have < goal:
                chunk = min(1000, goal - have)
                measure.pipelined(desk.client, desk.submission, chunk)
                have += chunk
                progress.update(task, completed=have)
            eventually(lambda: measure.events_waiting(desk.stack) == 0, timeout=1800)
            memory = _memory(desk.stack)
            with measure.no_messages(desk.stack):  # 100,000 mails would take longer than all the rest
                steps.append((have, _reading(desk), memory))
    (few, small, small_memory), (many, large, large_memory) = steps
    table = Table("median ms", f"{few:,} tickets", f"{many:,}", "times (aim 1.5)", title="Reading")
    for name in small:
        table.add_row(name, f"{small[name]:.2f}", f"{large[name]:.2f}", f"{large[name] / small[name]:.2f}")
    console.print(table)
    table = Table(
        "resident MB",
        f"{few:,} tickets",
        f"{many:,}",
        "over bare (aim 35)",
        title=f"Memory; a bare nameko and pymongo process: {idle:.0f} MB",
    )
    for name in small_memory:
        after = large_memory[name]
        table.add_row(name, f"{small_memory[name]:.0f}", f"{after:.0f}", f"{after - idle:.0f}")
    console.print(table)


def _reading(desk: measure.Desk) -> dict[str, float]:
    newest = desk.client.call("intake", "find_tickets", limit=200)["tickets"]
    gets = [Request("intake", "get_ticket", {"ticket_no": row["ticket_no"]}) for row in newest]
    pages = {
        "find_tickets, newest 50": {"limit": 50},
        "find_tickets, by status and category": {"limit": 50, "status": "assigned", "category": measure.CATEGORY},
        "find_tickets, by customer": {"limit": 50, "customer_id": desk.customer},
    }
    found = {"get_ticket": measure.call_milliseconds(desk.client, gets)}
    for name, fields in pages.items():
        found[name] = measure.call_milliseconds(desk.client, [Request("intake", "find_tickets", fields)] * 60)
    return found


def _memory(stack: Stack) -> dict[str, float]:
    processes = [f"{service}{kind}" for service in SERVICES for kind in ("", "-worker")] + list(CONSUMERS)
    return {process: bare.resident(stack.pids(process)[0]) for process in processes}


if __name__ == "__main__":
    main()
