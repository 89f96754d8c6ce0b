"""The events that feedback publishes (docs/events.md)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from services.feedback.domain.case import Case
from shared.events import Fact

Builder = Callable[[Case, Fact], dict[str, Any]]

#: Published, but heard by nobody yet.
UNHEARD: tuple[str, ...] = ()


def published(token_of: Callable[[str], str]) -> Mapping[str, Builder]:
    """Fact type -> builder of the event's data. Only the event tells the token: facts are kept, tokens are not."""
    return {
        "survey_due": lambda case, fact: {
            **_case(case),
            "token": token_of(case.case_no),
            "expires_at": fact.data["expires_at"],
        },
        "survey_answered": _with("score", "comment"),
        "case_dissatisfied": _with("score", "comment"),
        "case_closed": _with("outcome", "closed_at"),
        "reply_settled": _with("reply_id", "taken", "why"),
    }


def _case(case: Case) -> dict[str, Any]:
    """What every event of a case carries."""
    names = ("case_no", "order_no", "ticket_no", "customer_id", "team", "priority", "round")
    return {name: getattr(case, name) for name in names}


def _with(*names: str) -> Builder:
    return lambda case, fact: {**_case(case), **{name: fact.data[name] for name in names}}
