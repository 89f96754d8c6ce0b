from __future__ import annotations

from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from shared.aggregates import Aggregates
from shared.cause import Call
from shared.errors import Conflict
from shared.events import Aggregate


class NothingThere:
    """A database without a document."""

    housekeeping = SimpleNamespace(look_after=lambda *_: None)
    aggregates: ClassVar[dict[str, Any]] = {}

    def collection(self, name: str) -> Any:
        return SimpleNamespace(name=name, find_one=lambda *_, **__: None)


def test_a_caller_that_knows_a_version_of_what_is_not_there_is_told_so() -> None:
    database: Any = NothingThere()
    things = Aggregates[Aggregate](
        database, "probe_things", what="thing", to_document=lambda _: {}, from_document=lambda _: Aggregate()
    )
    call = Call(ref="call", key="1", digest="1", caller="clerk", expected_version=3)

    with pytest.raises(Conflict) as refused:
        things.change_or_create(call, "x", Aggregate, lambda state, _: (state, []))
    assert refused.value.details == {"rule": "expected_version", "version": 0}
