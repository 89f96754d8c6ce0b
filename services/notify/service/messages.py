"""Notify's RPC methods: the ledger as people ask for it, its worklist, and the calls that are to be made."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from services.notify import schemas
from services.notify.domain import calls, counting, ledger
from services.notify.domain.ledger import Message
from services.notify.schemas import messages as schemas_messages
from services.notify.store import NotifyStore
from shared.bus import Call, command, query
from shared.mongo import Mongo


class Ledger:
    """Messages, failures, calls and counts."""

    store: Mongo[NotifyStore]

    @query("read", schemas.FindMessages)
    def find_messages(self, call: Call, limit: int, after: str | None = None, **filters: Any) -> Any:
        """A page, newest first: {messages: [...], next: cursor of the next page, or null}."""
        return _page(*self.store.messages.listed(filters, limit, after))

    @query("read", schemas.GetMessage)
    def get_message(self, call: Call, message_id: str) -> Any:
        """The message with its texts and its whole history. Raises NotFound."""
        return schemas.message(*self.store.messages.shown(message_id))

    @query("read", schemas.GetMessage)
    def message_history(self, call: Call, message_id: str) -> Any:
        """The message and all before and after it by other channels, and their histories in order of time.

        {messages: [...], history: [...], the entries each with `message_id` and `channel`}. Raises NotFound.
        """
        told = self.store.chains.around(message_id)
        return {"messages": [schemas.summary(message) for message, _ in told], "history": schemas_messages.merged(told)}

    @query("read", schemas_messages.CountMessages)
    def count_messages(self, call: Call, since: datetime, until: datetime, by: list[str], **filters: str) -> Any:
        """How many were written in the period, and what became of them: {from, to, rows, total}.

        Raises ValidationError (period).
        """
        found = list(self.store.counts.of(since, until, by, filters))
        reached = self.store.messages.limits().reached
        rows, total = counting.summed(found, by, reached), counting.summed(found, (), reached)[0]
        return {"from": since, "to": until, "rows": rows, "total": total}

    # failures

    @query("read", schemas_messages.FindFailures)
    def find_failures(self, call: Call, limit: int, after: str | None = None, **filters: str) -> Any:
        """A page of what a person has to look at, oldest first."""
        return _page(*self.store.messages.failures(filters, limit, after))

    @command("supervise", schemas.GetMessage)
    def retry_message(self, call: Call, message_id: str) -> Any:
        """Once more, to the same address, worth sending for another day: now, or held as any message is.

        Raises NotFound, NotOnWorklist, NotToBeSent.
        """
        return self.store.failures.retry(call, message_id, schemas.summary)

    @command("supervise", schemas_messages.ChangeAddress)
    def change_address(self, call: Call, message_id: str, to: str) -> Any:
        """Once more, to this address. Raises ValidationError, NotFound, NotOnWorklist, NotToBeSent."""
        return self.store.failures.elsewhere(call, message_id, to, schemas.summary)

    @command("supervise", schemas_messages.GiveUpMessage)
    def give_up_message(self, call: Call, message_id: str, reason: str) -> Any:
        """Nobody has to look at it any more. Raises NotFound, NotOnWorklist."""
        return self.store.messages.change(
            call, message_id, lambda message, at: ledger.give_up(message, at, reason), schemas.summary
        )

    # calls

    @query("read", schemas_messages.FindCalls)
    def find_calls(self, call: Call, limit: int, after: str | None = None, **filters: str) -> Any:
        """A page of the calls that are to be made, oldest first, also those that somebody has just now."""
        return _page(*self.store.calls.listed(filters, limit, after))

    @command("work", schemas_messages.NextCall)
    def next_call(self, call: Call, agent: str, team: str | None) -> Any:
        """The agent gets the oldest of the most urgent calls for a while: {call: with its text, or null}.

        It comes back by itself if nothing is heard of it.
        """
        return self.store.calls.give_next(call, agent, team, _to_make) or {"call": None}

    @command("work", schemas_messages.FinishCall)
    def finish_call(self, call: Call, message_id: str, outcome: str, note: str | None) -> Any:
        """What came of a call; who was not reached is called again later. Raises NotFound, NoSuchCall."""
        limits = self.store.messages.limits()
        return self.store.messages.change(
            call, message_id, lambda message, at: calls.finish(message, at, outcome, note, limits), schemas.summary
        )


def _page(found: list[Message], more: str | None) -> dict[str, Any]:
    return {"messages": [schemas.summary(message) for message in found], "next": more}


def _to_make(message: Message) -> dict[str, Any]:
    text = message.content.text if message.content else None
    return {"call": {**schemas.summary(message), "text": text}}
