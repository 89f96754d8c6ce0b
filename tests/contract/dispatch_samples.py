"""Dispatch's decisions, one of every kind: (work order, facts) as its own rules make them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from services.dispatch import domain
from services.dispatch.domain.rollouts import repin
from shared.events import Fact
from tests.unit.dispatch import builders as build

AT = datetime(2026, 3, 2, 9, 0, 0, 123000, tzinfo=UTC)
Decision = tuple[Any, Sequence[Fact]]

#: A fee, a limit that may be skipped, a group: first `visit`, then `bill`.
STEPS: dict[str, Any] = {
    "visit": {
        "name": {"zh-CN": "上门", "en": "Visit"},
        "within": "2h",
        "calendar": "always",
        "warn_at": [0.5],
        "escalations": [{"at": 1, "level": 1, "tell": ["owner", "team", "supervisor", "duty_manager"]}],
        "skippable": True,
        "next": "bill",
    },
    "bill": {"name": {"zh-CN": "收费", "en": "Bill"}, "fee": {"required": True}, "next": "end"},
}
GROUP = {"name": {"zh-CN": "全程", "en": "All of it"}, "steps": ["visit", "bill"], "within": "1d", "calendar": "always"}
FLOW = {
    "name": {"zh-CN": "上门服务", "en": "Visits"},
    "start": "visit",
    "currency": "CNY",
    "steps": STEPS,
    "groups": {"all": GROUP},
}


#: Two branches, of which one may be opened again while the other is open.
BRANCHES = {
    "name": {"zh-CN": "两处", "en": "Two places"},
    "start": "look",
    "steps": {
        "look": {"name": {"zh-CN": "查看", "en": "Look"}, "next": [{"parallel": ["here", "there"], "join": "mend"}]},
        "here": {"name": {"zh-CN": "这里", "en": "Here"}, "next": "mend"},
        "there": {"name": {"zh-CN": "那里", "en": "There"}, "who": {"team": "desk"}, "next": "mend"},
        "mend": {"name": {"zh-CN": "维修", "en": "Mend"}, "next": "end"},
    },
}


def decisions() -> Iterator[Decision]:
    """Of work without and with a flow."""
    yield from _plain()
    yield from _timed()
    yield from _flowing()


def _plain() -> Iterator[Decision]:
    order, waiting, resolved = build.an_order(), build.an_order(agent=None), build.resolved()
    reopened = domain.reopen(resolved, AT, reason="again", cause="customer")
    yield build.opened(at=AT)
    yield waiting, domain.newly_queued(waiting, AT)
    yield domain.assign(waiting, AT, "ann")
    yield domain.assign(domain.hold(waiting, AT, "other")[0], AT, "ann")
    yield domain.assign(reopened[0], AT, "ann")
    yield domain.respond(order, AT)
    yield domain.respond(order, AT + timedelta(hours=5), "late")
    for held in (order, waiting):
        yield domain.hold(held, AT, "waiting_for_parts")
        yield domain.resume(domain.hold(held, AT, "waiting_for_customer", "back on Friday")[0], AT)
    yield domain.hold(order, AT, "other", "back on Friday")
    yield domain.transfer(order, AT, build.reference().team("desk"))
    yield domain.resolve(order, AT, "Plugged it in")
    yield domain.resolve(order, AT + timedelta(days=9), "插上了", "zh-CN")
    yield reopened
    yield domain.reopen_dissatisfied(resolved, AT, round=0, reason="score 1")
    for outcome in ("satisfied", "no_answer"):
        yield domain.close(resolved, AT, round=0, outcome=outcome)
    for gone in (order, waiting):
        yield domain.withdraw(gone, AT, "gone")
    yield domain.go_live(order, AT)


def _timed() -> Iterator[Decision]:
    book = build.reference(build.with_updates(escalations=build.CLIMBING))
    for agent in ("a1", None):
        work = build.an_order(agent=agent, book=book, priority="P2")
        yield domain.prioritise(work, AT, "P1", "a whole district")
        yield domain.advance(work, AT + timedelta(days=9))
    answered, _ = domain.respond(build.an_order(book=book), AT)
    yield domain.advance(answered, AT + timedelta(days=9))
    stricter = build.reference(build.a_policy(targets=dict.fromkeys(build.TARGETS, build.TARGETS["P1"])), version=2)
    versions = {1: build.reference(), 2: stricter}
    known = replace(build.an_order(priority="P3"), books=versions.__getitem__)
    yield repin.apply_newer(known, AT, stricter, "a new contract")


def _flowing() -> Iterator[Decision]:
    book = build.reference(flows={"visits": FLOW})
    yield build.opened(at=AT, book=book)
    waiting = build.an_order(book=book, agent=None)
    yield waiting, domain.newly_queued(waiting, AT)
    work = build.an_order(book=book)
    yield domain.assign(build.an_order(book=book, agent=None), AT, "ann")
    late = domain.advance(work, AT + timedelta(days=2))
    yield late
    yield domain.skip_step(late[0], AT + timedelta(days=2), reason="done by phone")
    for before in (work, late[0]):
        yield domain.complete_step(before, AT + timedelta(days=2))
    billing, _ = domain.complete_step(work, AT)
    yield domain.reroute(billing, AT, to="visit", reason="somebody has to go there after all")
    billing, _ = domain.assign(billing, AT, "ann")
    done = domain.complete_step(billing, AT, fee={"amount": "120.00", "note": "two hours"}, solution="Done")
    yield done
    yield domain.void_fee(done[0], AT, 1, "recorded twice")
    yield from _branching()


def _branching() -> Iterator[Decision]:
    work, _ = domain.complete_step(build.an_order(book=build.reference(flows={"branches": BRANCHES})), AT)
    for visit in work.visits:
        work, _ = domain.assign(work, AT, f"agent {visit.number}", visit.number)
    yield domain.advance(work, AT + timedelta(days=9))
    waiting, _ = domain.complete_step(work, AT, step="here")
    yield domain.reroute(waiting, AT, to="here", reason="look again")
