"""RPC of broadcasts: one notice to many, and the proof of whom it has reached."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from services.notify import broadcast_texts
from services.notify.domain import broadcasts as rules
from services.notify.domain import proof
from services.notify.domain.broadcasts import Audience, Broadcast, Plan
from services.notify.errors import LacksChunks
from services.notify.reference import Reference as Rules
from services.notify.reference.broadcasts import BroadcastKind, kinds_of
from services.notify.schemas import broadcasts as schemas
from services.notify.store import NotifyStore
from shared.bus import Call, command, query
from shared.errors import NotFound, ValidationError
from shared.events import Fact
from shared.mongo import Mongo

Decided = tuple[Broadcast, list[Fact]]


class TellsMany:
    """Mixin of notify."""

    store: Mongo[NotifyStore]

    @command("supervise", schemas.MakeBroadcast)
    def broadcast(self, call: Call, audience: Mapping[str, Any], start: bool, **given: Any) -> Any:
        """Makes one: {broadcast_id, state, edition, version, recipients, bad: [{place, why}]}.

        A draft, to which recipients may be added, unless `start`. Raises ValidationError (unknown kind or template, a
        text that cannot be written, an outage that is over when it begins).
        """
        _now_only(call)
        reference = self.store.reference.current()
        kind = _kind(reference, given["kind"])
        new, entries = call.creation_id(), schemas.entries(audience.get("recipients", ()), kind)
        at = self.store.db.clock.now()
        draft = _draft(new, given, audience, kind, at)
        _check(reference, draft, kind)
        _refuse(draft.plan.over(rules.begins(draft, at)))
        state, facts = rules.create(draft, at)
        if entries:
            # before the broadcast that counts them: cut off in between, the same call finds them here
            self.store.audiences.keep(new, 1, entries)
            state, facts = _and(facts, rules.add(state, at, len(entries)))
        if start:
            state, facts = _and(facts, rules.start(state, at))
        told = {"recipients": len(entries), "bad": schemas.bad(entries)}
        return self.store.broadcasts.create(call, new, state, facts, lambda made: schemas.receipt(made) | told)

    @command("supervise", schemas.AddRecipients)
    def add_recipients(self, call: Call, broadcast_id: str, recipients: Sequence[Mapping[str, Any]]) -> Any:
        """More recipients for a draft: {broadcast_id, chunk, recipients (in all), bad: [{place, why}]}.

        Raises NotFound, NotNow, ValidationError.
        """
        _now_only(call)
        kind = _kind(self.store.reference.current(), self.store.broadcasts.get(broadcast_id).kind)
        entries = schemas.entries(recipients, kind)

        def reply(state: Broadcast) -> dict[str, Any]:
            counts = {"chunk": state.audience.chunks, "recipients": state.audience.recipients}
            return {"broadcast_id": broadcast_id, **counts, "bad": schemas.bad(entries)}

        answer = self._change(call, broadcast_id, lambda state, at: rules.add(state, at, len(entries)), reply)
        # also when the same call comes again: it may have been cut off here
        self.store.audiences.keep(broadcast_id, answer["chunk"], entries)
        return answer

    @command("supervise", schemas.OneBroadcast)
    def start_broadcast(self, call: Call, broadcast_id: str) -> Any:
        """It begins, or will at its `start_at`.

        Raises NotFound, NotNow, LacksChunks, ValidationError (all that it tells of is over).
        """

        def started(state: Broadcast, at: datetime) -> Decided:
            there = self.store.audiences.there(state) if state.audience.listed else state.audience.chunks
            if there < state.audience.chunks:
                raise LacksChunks(broadcast_id, there, state.audience.chunks)
            begun = rules.start(state, at)
            over = state.plan.over(rules.begins(state, at))
            _refuse(over if len(over) == len(state.plan.outages) else [])
            return begun

        return self._change(call, broadcast_id, started)

    @command("supervise", schemas.OneBroadcast)
    def pause_broadcast(self, call: Call, broadcast_id: str) -> Any:
        """Nobody else is told until it is resumed, nor what is held let go. Raises NotFound, NotNow."""
        return self._change(call, broadcast_id, rules.pause)

    @command("supervise", schemas.OneBroadcast)
    def resume_broadcast(self, call: Call, broadcast_id: str) -> Any:
        """It goes on where it was; what was held as it was paused is decided anew. Raises NotFound, NotNow."""
        return self._change(call, broadcast_id, rules.resume)

    @command("supervise", schemas.StopBroadcast)
    def cancel_broadcast(self, call: Call, broadcast_id: str, why: str) -> Any:
        """Nobody else is told, and what is held is cancelled. Raises NotFound, NotNow."""
        return self._change(call, broadcast_id, lambda state, at: rules.stop(state, at, "cancel", why))

    @command("supervise", schemas.StopBroadcast)
    def end_broadcast(self, call: Call, broadcast_id: str, why: str) -> Any:
        """What it tells of is over: what is held is obsolete. Raises NotFound, NotNow."""
        return self._change(call, broadcast_id, lambda state, at: rules.stop(state, at, "end", why))

    @command("supervise", schemas.AmendBroadcast)
    def amend_broadcast(self, call: Call, broadcast_id: str, why: str, **given: Any) -> Any:
        """A new edition: it supersedes what is not handed over yet, and goes again to those who know an older one.

        Raises NotFound, NotNow, TooManyAmendments, ValidationError.
        """
        reference = self.store.reference.current()
        changed = schemas.plan_fields(given)

        def amended(state: Broadcast, at: datetime) -> Decided:
            before = state.plan.outages
            state, facts = rules.amend(state, at, why, changed)
            _check(reference, state, _kind(reference, state.kind))
            over = state.plan.over(rules.begins(state, at))
            # of staggered ones some may be over: they are left as they were
            _refuse([area for area in over if before.get(area) != state.plan.outages[area]])
            return state, facts

        return self._change(call, broadcast_id, amended)

    @command("supervise", schemas.OneBroadcast)
    def call_the_unreached(self, call: Call, broadcast_id: str) -> Any:
        """Those whom nothing has reached become call tasks, each household once. Raises NotFound, NotNow."""
        return self._change(call, broadcast_id, rules.call_unreached)

    @query("read", schemas.OneBroadcast)
    def get_broadcast(self, call: Call, broadcast_id: str) -> Any:
        """With every edition and its history. Raises NotFound."""
        return schemas.whole(*self.store.broadcasts.shown(broadcast_id))

    @query("read", schemas.FindBroadcasts)
    def find_broadcasts(self, call: Call, limit: int, after: str | None, state: str | None = None) -> Any:
        """A page, newest first: {broadcasts: [...], next}."""
        found, more = self.store.broadcasts.listed(state, limit, after)
        return {"broadcasts": [schemas.summary(one) for one in found], "next": more}

    @query("read", schemas.OneEdition)
    def broadcast_progress(self, call: Call, broadcast_id: str, edition: int | None) -> Any:
        """How far an edition has come: messages by channel and state. Raises NotFound."""
        broadcast, plan = self._edition(broadcast_id, edition)
        return schemas.progress(broadcast, plan.edition, self.store.proof.states(broadcast, plan.edition))

    @query("read", schemas.OneEdition)
    def broadcast_proof(self, call: Call, broadcast_id: str, edition: int | None) -> Any:
        """Reached and on-time rate of an edition, by area and in all (docs/broadcasts.md). Raises NotFound."""
        broadcast, plan = self._edition(broadcast_id, edition)
        areas = self.store.proof.reach(broadcast, plan)
        return schemas.proof(broadcast, plan.edition, areas, proof.total(areas))

    @query("read", schemas.FindUnreached)
    def find_unreached(
        self, call: Call, broadcast_id: str, edition: int | None, limit: int, after: str | None, uncallable: bool
    ) -> Any:
        """A page of households and customers that nothing has reached: {unreached: [...], next}.

        `uncallable`: only those whom nobody can call. Raises NotFound.
        """
        broadcast, plan = self._edition(broadcast_id, edition)
        found, more = self.store.calling.page(broadcast, plan.edition, limit, schemas.place(after), uncallable)
        return {"unreached": [schemas.unreached(one) for one in found], "next": more}

    def _edition(self, broadcast_id: str, edition: int | None) -> tuple[Broadcast, Plan]:
        broadcast = self.store.broadcasts.get(broadcast_id)
        plan = broadcast.plan if edition is None else broadcast.edition_of(edition)
        if plan is None:
            raise NotFound("edition of the broadcast", str(edition))
        return broadcast, plan

    def _change(
        self,
        call: Call,
        broadcast_id: str,
        decide: Callable[[Broadcast, datetime], Decided],
        reply: Callable[[Broadcast], Mapping[str, Any]] = schemas.receipt,
    ) -> Any:
        _now_only(call)
        return self.store.broadcasts.change(call, broadcast_id, decide, reply)


def _now_only(call: Call) -> None:
    """What is told to people is told now: it is no part of a replay."""
    if call.at is not None:
        raise ValidationError({"at": ["Broadcasts are not backdated; start_at is when one is to begin."]})


def _kind(reference: Rules, code: str) -> BroadcastKind:
    kind = kinds_of(reference.body).get(code)
    if kind is None:
        raise ValidationError({"kind": [f"unknown kind of broadcast {code!r}"]})
    return kind


def _draft(
    new: str, given: Mapping[str, Any], audience: Mapping[str, Any], kind: BroadcastKind, at: datetime
) -> Broadcast:
    fields = {"template": kind.template} | schemas.plan_fields(given)
    plan = Plan(edition=1, at=at, channels=tuple(given["channels"]), **{"valid_for": kind.valid_for, **fields})
    return Broadcast(
        broadcast_id=new,
        name=given["name"],
        kind=given["kind"],
        about=kind.about,
        urgency=given.get("urgency", kind.urgency),
        plan=replace(plan, lead=kind.lead),
        audience=_audience(audience, plan, kind),
        created_at=at,
        start_at=given["start_at"],
        pace=given["pace"],
        window=given["window"],
    )


def _audience(given: Mapping[str, Any], plan: Plan, kind: BroadcastKind) -> Audience:
    """Of an outage: where no areas are named, those that it hits."""
    if "recipients" in given or given.get("listed"):
        return Audience(listed=True)
    hit = tuple(plan.outages) if kind.outage and rules.DEFAULT_AREA not in plan.outages else ()
    return Audience(listed=False, areas=tuple(given.get("areas", hit)), where=given.get("where"))


def _check(reference: Rules, broadcast: Broadcast, kind: BroadcastKind) -> None:
    """Everything that would keep it from being told, by place."""
    plan = broadcast.plan
    faults = broadcast_texts.faults(reference, plan, kind.variables)
    if kind.outage and not plan.outages:
        faults["outages"] = ["When is it? This kind of broadcast tells of an outage."]
    if not kind.outage and plan.outages:
        faults["outages"] = ["This kind of broadcast tells of none."]
    if not broadcast.audience.listed:
        lacking = [name for name in kind.variables if name not in plan.variables]
        faults |= {f"variables.{name}": ["Give it, or a list of recipients that each have one."] for name in lacking}
    if plan.template is None and not plan.texts:
        faults["texts"] = ["Give texts, or a template."]
    if faults:
        raise ValidationError(faults)


def _refuse(over: Sequence[str]) -> None:
    """Nobody would be told of these outages: each message would be too late."""
    if over:
        raise ValidationError({f"outages.{area}.to": ["It is over when the telling begins."] for area in over})


def _and(facts: list[Fact], more: Decided) -> Decided:
    return more[0], [*facts, *more[1]]
