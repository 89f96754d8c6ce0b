"""What one assignment costs, by the team's size and beside much other work; in a database of the bench's own."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from threading import Thread
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from pymongo import MongoClient, WriteConcern
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from deploy.catalogue import collections
from services.dispatch import domain
from services.dispatch.domain.reference.before_first_apply import BEFORE_FIRST_APPLY
from services.dispatch.domain.work.turn import place
from services.dispatch.store import DispatchStore
from shared.cause import Call, Cause
from shared.clock import SystemClock
from shared.mongo import Database, connect
from tests.support import Stack

TEAMS, WORKERS, WARM = (10, 100, 1000), 8, 20
FEW, MANY = 1_000, 100_000
AMONG = 100  # agents of the team for the figures on growth
AT_ONCE = 1000  # documents in one insert
EVERYTHING = {
    **{"deadline_slack": 1, "load": 3, "idle": 1, "knows_customer": 2, "knows_matter": 1, "skill_fit": 1},
    "fairness": 1,
}
ROTA = {
    "shifts": {"whole": {"name": "Whole day", "from": "00:00", "to": "24:00"}},
    "rotas": {"always": {"name": "Always", "zone": "UTC", "starts_on": "2026-01-05", "pattern": ["whole"]}},
}
Doc = dict[str, Any]


@dataclass
class Ground:
    """A dispatch store on the stack's MongoDB, with nobody else beside it; `assignment` are the rules of giving out."""

    stack: Stack
    size: int
    assignment: Mapping[str, Any]
    rota: str | None = None

    def __enter__(self) -> Ground:
        self.name = f"bench_{uuid4().hex[:8]}"
        self.admin = MongoClient[Doc](self.stack.admin_mongo_uri, tz_aware=True)
        for name, indexes in collections("dispatch").items():
            self.admin[self.name].create_collection(name)
            if indexes:
                self.admin[self.name][name].create_indexes(indexes)
        uri = urlsplit(self.stack.admin_mongo_uri)
        source = f"authSource={uri.path[1:] or 'admin'}"
        query = uri.query if "authSource" in uri.query else "&".join(filter(None, (uri.query, source)))
        self.client = connect(uri._replace(path=f"/{self.name}", query=query).geturl(), WORKERS)
        self.store = DispatchStore(Database(self.client, SystemClock(), lambda pending: None))
        self.store.reference.apply(Call(ref="bench", key="bench", caller="bench"), self._body())
        agents = self.admin[self.name].dispatch_agents
        agents.update_many({}, {"$set": {"presence.status": "available", "has_room": True}})
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()
        self.admin.drop_database(self.name)
        self.admin.close()

    def _body(self) -> Doc:
        agent = {"name": "Bench", "teams": ["bench"], "capacity": 1_000_000, "rota": self.rota}
        return {
            **BEFORE_FIRST_APPLY,
            **ROTA,
            "teams": {"bench": {"name": "Bench", "categories": ["network"]}},
            "default_team": "bench",
            "agents": {f"a{number:04d}": agent for number in range(self.size)},
            "assignment": self.assignment,
        }

    def times(self, number: int) -> list[float]:
        """The milliseconds of so many assignments, one after the other."""
        found = []
        for ticket in range(number):
            began = time.perf_counter()
            self._open(f"T-{uuid4().hex[:12]}", ticket)
            found.append((time.perf_counter() - began) * 1000)
        return found

    def per_second(self, number: int) -> float:
        """Assignments a second by WORKERS threads of one process."""
        threads = [Thread(target=self._open_many, args=(number // WORKERS,)) for _ in range(WORKERS)]
        began = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return number / (time.perf_counter() - began)

    def fill(self, goal: int, state: str, console: Console) -> None:
        """Copies of one piece of work, so that there are so many: open, each with somebody; or closed."""
        orders = self.admin[self.name].dispatch_orders
        self.times(1)
        template = orders.find_one({"agent": {"$ne": None}})
        assert template is not None
        bulk = orders.with_options(write_concern=WriteConcern(w=1, j=False))
        have = orders.count_documents({"bench": state})
        with Progress(console=console, transient=True) as progress:
            task = progress.add_task(f"{state} work orders", total=goal, completed=have)
            for first in range(have, goal, AT_ONCE):
                bulk.insert_many(list(_copies(template, state, first, min(goal, first + AT_ONCE))), ordered=False)
                progress.update(task, completed=first + AT_ONCE)

    def _open_many(self, number: int) -> None:
        for ticket in range(number):
            self._open(f"T-{uuid4().hex[:12]}", ticket)

    def _open(self, ticket_no: str, number: int) -> None:
        ticket = {"ticket_no": ticket_no, "customer_id": f"C-{number % 50}", "type": "fault", "category": "network"}
        more = {"priority": "P3", "subject": "No network", "channel": "phone", "tier": "", "reference": ""}
        now, reference = self.store.now(), self.store.reference.current()
        order, facts = domain.open_work({**ticket, **more}, now, reference, self.store.books)
        self.store.open(Cause(ref=f"event {ticket_no}", key=ticket_no), order, facts)


def report(stack: Stack, console: Console, number: int = 200) -> None:
    """Two tables: by the team's size, and by what else there is."""
    _by_team(stack, console, number)
    _by_work(stack, console, number)


def _by_team(stack: Stack, console: Console, number: int) -> None:
    with ExitStack() as grounds:
        plain = [grounds.enter_context(Ground(stack, size, {})) for size in TEAMS]
        rich = [grounds.enter_context(Ground(stack, size, {"weights": EVERYTHING}, "always")) for size in TEAMS]
        ms = _medians([*plain, *rich], number)
        rates = [ground.per_second(number * 2) for ground in plain]
    columns = ("agents", "ms", "times", f"per second, {WORKERS} workers", "all weights, a rota: ms")
    table = Table(*columns, title="Assigning: medians, one at a time but where said")
    for turn, size in enumerate(TEAMS):
        one, full = ms[turn], ms[len(TEAMS) + turn]
        table.add_row(f"{size:,}", f"{one:.1f}", f"{one / ms[0]:.1f}", f"{rates[turn]:.0f}", f"{full:.1f}")
    console.print(table)


def _by_work(stack: Stack, console: Console, number: int) -> None:
    title = f"One assignment among {AMONG} agents, all weights, median ms (aim: 1.2 times)"
    table = Table("beside", f"{FEW:,}", f"{MANY:,}", "times", title=title)
    for state in ("assigned", "closed"):
        with ExitStack() as grounds:
            both = [grounds.enter_context(Ground(stack, AMONG, {"weights": EVERYTHING})) for _ in (FEW, MANY)]
            for ground, goal in zip(both, (FEW, MANY), strict=True):
                ground.fill(goal, state, console)
            few, many = _medians(both, number)
        table.add_row(f"{state} work orders", f"{few:.1f}", f"{many:.1f}", f"{many / few:.2f}")
    console.print(table)


def _medians(grounds: Sequence[Ground], number: int) -> list[float]:
    """Of each, a few at a time in turn, so that what else the machine does is shared."""
    found: list[list[float]] = [[] for _ in grounds]
    for turn in range(number // WARM + 1):
        for times, ground in zip(found, grounds, strict=True):
            times += ground.times(WARM) if turn else ground.times(WARM)[:0]
    return [statistics.median(times) for times in found]


def _copies(template: Doc, state: str, first: int, last: int) -> Iterator[Doc]:
    for number in range(first, last):
        order_no = f"W-{state}-{number}"
        opened_at = template["opened_at"]
        yield {
            **{name: value for name, value in template.items() if name != "timer_at"},
            "_id": order_no,
            "order_no": order_no,
            "customer_id": f"C-{number % 50}",
            "state": state,
            "place": place(opened_at, order_no),
            "requests": [],
            "applied": [order_no],
            "bench": state,
        }
