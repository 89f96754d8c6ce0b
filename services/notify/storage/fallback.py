"""What a message's end brings: the next channel, once; or a place on the worklist."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from services.notify.domain import chain
from services.notify.domain.audience import Contact, Customer
from services.notify.domain.holding import PAUSED
from services.notify.domain.ledger import Content, Message
from services.notify.domain.occurrence import successor_id
from services.notify.domain.preferences import Wishes
from services.notify.domain.rules import Notice, notice_of
from services.notify.storage.means import Means
from services.notify.storage.notices import Notices
from services.notify.storage.telling import Wanted
from services.notify.storage.whereabouts import Whereabouts
from services.notify.texts import RENDERING
from shared.cause import Cause
from shared.clock import Clock
from shared.events import Event

#: What a notice says in a language -> the language and the text; None: it cannot be said any more.
Retell = Callable[[Message, str, str], tuple[str, Content] | None]
#: Where somebody of a broadcast's own list can be told, beside the address book.
Elsewhere = Callable[[Message], Sequence[Contact]]


class Fallback:
    """Chains of messages. `broadcasts` and `elsewhere`: how what a broadcast told is told again, and where."""

    def __init__(self, clock: Clock, means: Means, notices: Notices) -> None:
        self._clock = clock
        self._means = means
        self._whereabouts = Whereabouts(means.reference, means.customers, means.preferences)
        self._notices = notices
        self.broadcasts: Retell | None = None
        self.elsewhere: Elsewhere = lambda message: ()

    def go_on(self, event: Event) -> None:
        """A message has ended: its successor is written, or it is put on the worklist.

        The successor comes first: cut off in between, the event comes again and finds it there.
        """
        cause = Cause.from_event(event)
        previous = self._means.messages.get(event.data["message_id"])
        if not chain.open_end(previous):
            self._note(cause, previous)
            self._notices.settle(cause, previous.message_id)
            return
        if previous.expires_at <= self._clock.now():
            self._give_up(cause, previous, [(channel, chain.TOO_LATE) for channel in previous.then])
            return
        customer = self._whereabouts.customer(previous.recipient)
        wanted = Wanted(self._means.preferences, self._means.reference.current(), customer)
        notice = self._notice(previous, customer, wanted)
        if notice.to is None:
            self._give_up(cause, previous, notice.refused)
            return
        told = self._write(cause, previous, notice, wanted.wishes(previous.recipient))
        self._means.messages.change(cause, previous.message_id, partial(chain.follow, successor=told))
        self._notices.settle(cause, previous.message_id)

    def _note(self, cause: Cause, previous: Message) -> None:
        """A first try may have written the successor and was cut off; then word came, and nothing is owed any more."""
        written = self._means.messages.find(successor_id(previous.message_id)) if previous.followed_by is None else None
        if written is not None:
            self._means.messages.change(cause, previous.message_id, partial(chain.follow, successor=written))

    def _write(self, cause: Cause, previous: Message, notice: Notice, wishes: Wishes) -> Message:
        """The successor's row, written as of now; whether it goes at once is decided as for any message."""
        language = notice.language or self._means.reference.current().default_language
        told = self.text(previous, notice.channel, language)
        language, content = told or (language, None)
        drafted, facts = chain.successor(previous, notice, language, content, self._clock.now())
        entered = self._means.write(cause, drafted, facts, wishes)
        if entered.held_for == PAUSED:
            self._means.holding.unless_resumed(entered)
        return self._means.messages.telling(entered)

    def text(self, message: Message, channel: str, language: str) -> tuple[str, Content] | None:
        """What the message says, written anew for a channel and a language, and the language that it then has."""
        if message.broadcast is not None and self.broadcasts is not None:
            return self.broadcasts(message, channel, language)
        if message.said is None:
            return None
        rules = self._means.reference.current()
        try:
            return rules.written(message.template, channel, language, message.said, message.zone)
        except RENDERING:
            return None  # the reference data have changed since, and have no text for this any more

    def _give_up(self, cause: Cause, message: Message, refused: Sequence[tuple[str, str]]) -> None:
        self._means.messages.change(cause, message.message_id, partial(chain.give_up, refused=refused))

    def _notice(self, message: Message, customer: Customer | None, wanted: Wanted) -> Notice:
        if customer is not None:
            contacts: Sequence[Contact] = [wanted.wishes(message.recipient).customer(customer)]
        else:
            contacts = self._whereabouts.contacts(message) or self.elsewhere(message)
        return notice_of(chain.left(message), message.recipient, contacts, usable=wanted.fit)
