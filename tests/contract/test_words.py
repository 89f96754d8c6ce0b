"""What dispatch names in its events, notify tells in words."""

from __future__ import annotations

from services.dispatch.domain.assigning.limits import LIMITS
from services.dispatch.domain.clocks.promise import Promise
from services.notify.domain.words import CAUSES, PROMISES
from services.notify.reference import LANGUAGES


def test_every_limit_that_keeps_people_from_work_has_words() -> None:
    assert set(CAUSES) == {*LIMITS, "nobody serves it"} - {"serves"}


def test_every_promise_has_words() -> None:
    assert set(PROMISES) == {promise.value for promise in Promise}


def test_all_words_are_in_every_language() -> None:
    assert {tuple(words) for words in (*CAUSES.values(), *PROMISES.values())} == {LANGUAGES}
