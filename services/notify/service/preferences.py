"""RPC of preferences: what recipients want, and what they want no more."""

from __future__ import annotations

from typing import Any

from services.notify.schemas import preferences as schemas
from services.notify.store import NotifyStore
from shared.bus import Call, command, query
from shared.mongo import Mongo


class PreferencesOfRecipients:
    """Mixin of notify."""

    store: Mongo[NotifyStore]

    @command("submit", schemas.SetPreferences)
    def set_preferences(
        self, call: Call, customer_id: str | None = None, address: str | None = None, **said: Any
    ) -> Any:
        """A customer, or whoever has an address, says what they want; what is not named stays.

        Gives the preferences. Raises ValidationError (unknown kind), IllegalMove `obligatory_kinds`.
        """
        values = schemas.said(said, self.store.reference.current().holding.kinds)
        whose = schemas.recipient(customer_id, address)
        return self.store.preferences.set(call, whose, values, schemas.preferences)

    @query("read", schemas.Whose)
    def get_preferences(self, call: Call, **whose: str) -> Any:
        """What they have said; of somebody who has said nothing, that."""
        return schemas.preferences(self.store.preferences.said_by(schemas.recipient(**whose)))

    @command("submit", schemas.Unsubscribe)
    def unsubscribe(self, call: Call, token: str) -> Any:
        """Whoever got the message of this token wants no more of its kind: one click, once or often.

        Gives {recipient, kind}. Raises NotFound, IllegalMove `obligatory_kinds`.
        """
        message = self.store.holding.by_token(token)
        answer = schemas.unsubscribed(message.recipient, message.kind)
        self.store.preferences.opt_out(call, message.recipient, message.kind, "link", lambda _: answer)
        return answer

    @command("submit", schemas.Resubscribe)
    def resubscribe(
        self, call: Call, customer_id: str | None = None, address: str | None = None, kind: str | None = None
    ) -> Any:
        """They want this kind again; without a kind, all. Gives the preferences."""
        whose = schemas.recipient(customer_id, address)
        return self.store.preferences.opt_in(call, whose, kind, "preferences", schemas.preferences)
