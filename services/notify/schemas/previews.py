"""Previews: what is asked and what is answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import fields, validate

from services.notify.domain import audience
from services.notify.domain.kinds import KINDS
from services.notify.domain.ledger import Content
from services.notify.domain.previews import Preview
from shared.schemas import Code, Request, Zone


class PreviewRules(Request):
    """An event as it could come; what `data` leaves out is the sample's."""

    event = fields.String(required=True, validate=validate.OneOf(tuple(KINDS)))
    data = fields.Dict(keys=fields.String(), load_default=dict)
    customer_id = Code(64)


class PreviewTemplate(Request):
    """A template of the reference data; what `data` leaves out is the sample's."""

    template = Code(64, required=True)
    channel = fields.String(required=True, validate=validate.OneOf(audience.ALL_CHANNELS))
    language = Code(32, load_default=None, allow_none=True)
    zone = Zone(load_default=None, allow_none=True)
    data = fields.Dict(keys=fields.String(), load_default=dict)


# replies


def previewed(one: Preview, foretold: Mapping[int, Mapping[str, Any]]) -> dict[str, Any]:
    """A rule, whether it acts, and whom it would tell by what."""
    rule = one.rule
    return {
        "rule": one.place,
        "event": rule.event,
        "audience": rule.audience,
        "template": rule.template,
        "kind": rule.kind,
        "urgency": rule.urgency,
        "when": rule.when.source if rule.when else None,
        "acts": one.why_not is None,
        "why_not": one.why_not,
        "notices": [
            {
                "recipient": meant.notice.recipient,
                "channel": meant.notice.channel,
                "to": meant.notice.to,
                "language": meant.notice.language,
                "then": list(meant.notice.then),
                "refused": [{"channel": channel, "why": why} for channel, why in meant.notice.refused],
                "told_by": meant.told_by.name if meant.told_by else None,
                **foretold.get(id(meant), {}),
            }
            for meant in one.considered
        ],
    }


def text(language: str, content: Content, variables: Mapping[str, Any]) -> dict[str, Any]:
    """A text as its recipient would read it, and the names that the template could use."""
    return {
        "language": language,
        "subject": content.subject,
        "text": content.text,
        "html": content.html,
        "variables": dict(variables),
    }
