"""What dispatch is asked about hand-overs and shift changes. Field names are those on the wire."""

from __future__ import annotations

from services.dispatch.schemas import LONGEST_REASON
from services.dispatch.schemas.people import WITHIN
from shared.schemas import Code, Instant, Page, Request, Text, YesNo

LONGEST_NOTE = 2000


class HandOver(Request):
    """All work of `agent` is for `to`, from `since` (left out: now) up to `until`."""

    agent = Code(64, required=True)
    to = Code(64, required=True)
    since = Instant(load_default=None, allow_none=True, validate=WITHIN)
    until = Instant(required=True, validate=WITHIN)
    reason = Text(LONGEST_REASON, required=True)


class CancelHandOver(Request):
    """It ends now, or never begins."""

    id = Code(64, required=True)
    reason = Text(LONGEST_REASON, required=True)


class FindHandOvers(Request):
    """Those that are planned or under way, of this agent or to this one."""

    agent = Code(64)
    to = Code(64)


class FindEndedHandOvers(Page):
    """Those that ended from `since` to before `until`, of this agent or to this one."""

    agent = Code(64)
    to = Code(64)
    since = Instant(load_default=None, allow_none=True)
    until = Instant(load_default=None, allow_none=True)


class AddShiftNote(Request):
    """Something that the next shift should know."""

    team = Code(64, required=True)
    text = Text(LONGEST_NOTE, required=True)


class GetShiftLog(Request):
    """One log, whole."""

    log_id = Code(100, required=True)


class FindShiftLogs(Page):
    """Logs, the newest first; `acknowledged` false: those that nobody of the next shift has read yet."""

    team = Code(64)
    acknowledged = YesNo()


class AcknowledgeShiftLog(Request):
    """Somebody of the next shift has read it."""

    log_id = Code(100, required=True)
    agent_id = Code(64, required=True)
    note = Text(LONGEST_NOTE, load_default=None, allow_none=True)
