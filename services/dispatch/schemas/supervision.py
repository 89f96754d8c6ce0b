"""What dispatch is asked and told of supervision. Field names are those on the wire; lengths are seconds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from services.dispatch.domain.reference.matter import TYPES
from services.dispatch.domain.work.supervising import SIDES
from services.dispatch.domain.work.worklists import LISTS
from services.dispatch.listing import PRIORITIES
from services.dispatch.schemas import LONGEST_REASON, OrderCommand
from services.dispatch.storage import workload
from shared.schemas import Code, Instant, Page, Request, Text, YesNo

LONGEST_ENTRY = 4000


class Urge(OrderCommand):
    """Who urges, and what they say."""

    by = fields.String(required=True, validate=validate.OneOf(SIDES))
    note = Text(LONGEST_REASON, load_default=None, allow_none=True)


class Watch(OrderCommand):
    """Which agent watches, or does so no more."""

    watcher = Code(64, required=True)


class OverridePriority(OrderCommand):
    """How urgent it is, and why."""

    priority = fields.String(required=True, validate=validate.OneOf(PRIORITIES))
    reason = Text(LONGEST_REASON, required=True)


class Intervene(OrderCommand):
    """What is to be done now, and why a supervisor says so."""

    reason = Text(LONGEST_REASON, required=True)
    instruction = Text(LONGEST_REASON, required=True)


class FindWorklist(Page):
    """Which list, and of whom: any combination of filters."""

    name = fields.String(data_key="list", required=True, validate=validate.OneOf(LISTS))
    team = Code(64)
    agent = Code(64)
    type = fields.String(validate=validate.OneOf(TYPES))
    tier = Code(64)  # of customers; nobody declares which there are


class _OfPeriod(Request):
    """From `since` to before `until` (now, where it is not said); a day before that, where `since` is not."""

    since = Instant(data_key="from", load_default=None, allow_none=True)
    until = Instant(data_key="to", load_default=None, allow_none=True)


class GetWorkload(_OfPeriod):
    """A row for each agent, team or shift; of those with these values only."""

    by = fields.String(validate=validate.OneOf(workload.BY), load_default=workload.AGENT)
    team = Code(64)
    agent = Code(64)
    shift = Code(64)


class AppendDutyLog(Request):
    """What is to be noted, of a team or of the whole desk (null)."""

    team = Code(64, load_default=None, allow_none=True)
    text = Text(LONGEST_ENTRY, required=True)


class FindDutyLog(_OfPeriod, Page):
    """The entries of a period: of a team, of the `desk` as a whole, or of all."""

    team = Code(64, load_default=None, allow_none=True)
    desk = YesNo(load_default=False)

    @validates_schema
    def _either(self, data: Mapping[str, Any], **_: Any) -> None:
        if data["desk"] and data["team"] is not None:
            raise ValidationError("Give either team or desk.", "desk")
