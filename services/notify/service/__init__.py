"""Notify's RPC methods."""

from __future__ import annotations

from services.notify.service.broadcasts import TellsMany
from services.notify.service.care import CarePlans
from services.notify.service.messages import Ledger
from services.notify.service.preferences import PreferencesOfRecipients
from services.notify.service.previews import Previews
from services.notify.service.replies import AnswersForReplies
from services.notify.service.segments import CountsSegments
from services.notify.store import NotifyStore
from shared.bus import Health
from shared.mongo import Mongo
from shared.reference import ReferenceData
from shared.verification import Verification


class Notify(
    AnswersForReplies,
    CarePlans,
    CountsSegments,
    Health,
    Ledger,
    PreferencesOfRecipients,
    Previews,
    ReferenceData,
    TellsMany,
    Verification,
):
    """Who is told: a mixin for each area. Messages come from events and broadcasts only."""

    name = "notify"
    store = Mongo(NotifyStore)
