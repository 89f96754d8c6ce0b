"""What came in, for people: the list, what a text would be taken for, and what a person makes of a reply."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from marshmallow import ValidationError as Malformed

from services.notify.domain import replies as rules
from services.notify.domain.reading import STATUS, Meaning
from services.notify.domain.replies import Decision, Reply
from services.notify.errors import NotAsked
from services.notify.schemas import replies as schemas
from services.notify.store import NotifyStore
from shared.bus import Call, command, query
from shared.mongo import Mongo
from shared.schemas import normal_phone
from shared.values import replace


class AnswersForReplies:
    """Methods about inbound messages."""

    store: Mongo[NotifyStore]

    @query("read", schemas.FindReplies)
    def find_replies(self, call: Call, limit: int, after: str | None = None, **filters: Any) -> Any:
        """A page, newest first: {replies: [...], next: cursor of the next page, or null}."""
        found, more = self.store.replies.listed(filters, limit, after)
        return {"replies": [schemas.summary(reply) for reply in found], "next": more}

    @query("read", schemas.GetReply)
    def get_reply(self, call: Call, reply_id: str) -> Any:
        """The reply with its text and its whole history. Raises NotFound."""
        return schemas.reply(*self.store.replies.shown(reply_id))

    @query("read", schemas.PreviewReply)
    def preview_reply(self, call: Call, from_: str, to: str, text: str, received_at: datetime | None = None) -> Any:
        """What an SMS would be taken for, and why; nothing happens."""
        try:
            sender = normal_phone(from_)
        except Malformed:
            return schemas.match(rules.unusable())
        at = received_at or self.store.db.clock.now()
        return schemas.match(self.store.inbound.matched(to, sender, text, at))

    @command("work", schemas.ResolveReply)
    def resolve_reply(self, call: Call, reply_id: str, as_: str, **said: Any) -> Any:
        """A person says what it is, and it has that effect. Raises NotFound, NotResolvable, NotAsked."""
        return self.store.replies.change(
            call, reply_id, lambda reply, at: self._resolved(reply, at, as_, said), schemas.summary
        )

    @command("work", schemas.RetryReply)
    def retry_reply(self, call: Call, reply_id: str) -> Any:
        """A failed reply is read again, by the words of today. Raises NotFound, NotResolvable."""

        def anew(reply: Reply, at: datetime) -> Decision:
            rules.require(reply, "retry")
            decided: Decision = self.store.inbound.anew(call.without_key(), reply, at)
            return decided

        return self.store.replies.change(call, reply_id, anew, schemas.summary)

    def _resolved(self, reply: Reply, at: datetime, as_: str, said: dict[str, Any]) -> Decision:
        rules.require(reply, "resolve")
        if as_ == schemas.NOTHING:
            return rules.dismiss(reply, at, said["note"])
        reply = replace(reply, why=f"resolved as {as_}")
        if as_ == schemas.TICKET:
            return rules.for_a_person(reply, at, reply.why)
        if as_ == schemas.REPLY:
            return rules.threads(reply, said["ticket_no"], None, at)
        if as_ == STATUS:
            return rules.asks(reply, said["ticket_no"], at)
        meaning = Meaning(as_, said["value"], said.get("comment"))
        question = self.store.inbound.question_of(said["message_id"], meaning)
        if question is None:
            raise NotAsked(said["message_id"], as_)
        return rules.answers(replace(reply, meaning=meaning), question, at)
