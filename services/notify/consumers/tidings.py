"""What a gateway tells of its own accord: what became of a message, or an SMS from a phone."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from services.notify.consumers.message import Outcome
from shared.events import Event


def _nothing() -> None:
    """There is nobody to answer."""


@dataclass(frozen=True)
class Fate:
    """What became of a message, later than its sending. `done`: call it once the broker has the receipt."""

    message_id: str
    outcome: Outcome
    done: Callable[[], None] = _nothing


@dataclass(frozen=True)
class Came:
    """Something that came in. `event` gets the consumer's account; `done`: call it once the broker has the event."""

    event: Callable[[str], Event]
    done: Callable[[], None] = _nothing


Tiding = Fate | Came


@runtime_checkable
class Telling(Protocol):
    """A transport whose gateway tells something of its own accord."""

    def on_news(self, wake: Callable[[], None]) -> None:
        """Call `wake`, in any thread, when there is something to tell."""

    def tidings(self) -> Iterable[Tiding]:
        """What there is to tell now. Raises `StoreDown`; then it is told the next time. `Down`: nobody can tell."""

    def known(self, message_id: str) -> Outcome | None:
        """What was told of a message before it was sent for all that was known here; better than `sent`."""


class Silent:
    """A gateway that tells nothing of its own accord."""

    def on_news(self, wake: Callable[[], None]) -> None:
        """There is none."""

    def tidings(self) -> Iterable[Tiding]:
        """None."""
        return ()

    def known(self, message_id: str) -> Outcome | None:
        """Nothing."""
        return None
