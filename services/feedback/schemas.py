"""What feedback is asked, and what it answers; what it hears is in heard.py. Field names are those on the wire."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from services.feedback.domain.case import Case
from services.feedback.domain.kpi import FIGURES
from shared.schemas import Code, Instant, Number, Request, Text

LONGEST_COMMENT = 2_000
PRIORITIES = ("P1", "P2", "P3", "P4")


class AnswerSurvey(Request):
    """A customer's answer; the token came with the survey."""

    token = fields.String(
        required=True, validate=validate.Regexp(r"[A-Za-z0-9_-]{24}\Z", error="Not a survey's token.")
    )
    score = fields.Integer(required=True, strict=True, validate=validate.Range(1, 5))
    comment = Text(LONGEST_COMMENT, load_default=None, allow_none=True)


class GetCase(Request):
    """One case by its number, or all cases of a work order."""

    case_no = Code(80)
    order_no = Code(64)

    @validates_schema
    def _by_one_number(self, data: Mapping[str, Any], **_: Any) -> None:
        if ("case_no" in data) == ("order_no" in data):
            raise ValidationError("Give either case_no or order_no.", "case_no")


class Kpi(Request):
    """The period in which the work was opened: `from` is included, `to` is not."""

    since = Instant(data_key="from", required=True)
    until = Instant(data_key="to", required=True)
    team = Code(64)
    priority = fields.String(validate=validate.OneOf(PRIORITIES))

    @validates_schema
    def _forwards(self, data: Mapping[str, Any], **_: Any) -> None:
        if data["until"] <= data["since"]:
            raise ValidationError("Lies not after from.", "to")


# reference data


class Target(Schema):
    """One promise: at least, or at most, this value."""

    at_least = Number(validate=validate.Range(0, 5))
    at_most = Number(validate=validate.Range(0, 5))

    @validates_schema
    def _one_promise(self, data: Mapping[str, Any], **_: Any) -> None:
        if len(data) != 1:
            raise ValidationError("Give either at_least or at_most.")


class ReferenceData(Schema):
    """deploy/config/feedback.yaml."""

    survey_days = Number(required=True, validate=validate.Range(0, 365, min_inclusive=False))
    dissatisfied_at_most = fields.Integer(required=True, strict=True, validate=validate.Range(1, 4))
    targets = fields.Dict(keys=fields.String(validate=validate.OneOf(tuple(FIGURES))), values=fields.Nested(Target))

    @validates_schema
    def _shares_are_shares(self, data: Mapping[str, Any], **_: Any) -> None:
        beyond = [
            name
            for name, target in data.get("targets", {}).items()
            if name != "mean_score" and any(value > 1 for value in target.values())
        ]
        if beyond:
            raise ValidationError({name: ["A share lies between 0 and 1."] for name in beyond}, "targets")


# replies


def answered(case: Case) -> dict[str, Any]:
    """The answer to an answer: kept for 30 days, so without the customer's words."""
    return {
        "case_no": case.case_no,
        "state": case.state.value,
        "score": case.score,
        "answered_at": case.answered_at,
        "version": case.version,
    }


def case_in_full(case: Case, history: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A case as callers see it, with its history in order of number; never with its token."""
    return {
        "case_no": case.case_no,
        "order_no": case.order_no,
        "ticket_no": case.ticket_no,
        "customer_id": case.customer_id,
        "team": case.team,
        "priority": case.priority,
        "round": case.round,
        "state": case.state.value,
        "resolved_at": case.resolved_at,
        "expires_at": case.expires_at,
        "answered_at": case.answered_at,
        "score": case.score,
        "comment": case.comment,
        "closed_at": case.closed_at,
        "replay_until": case.replay_until,
        "version": case.version,
        "history": list(history),
    }
