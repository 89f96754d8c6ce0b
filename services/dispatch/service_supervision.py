"""Dispatch's RPC methods: what supervisors see and do."""

from __future__ import annotations

from services.dispatch.store import DispatchStore
from shared.mongo import Mongo


class Supervision:
    """What supervisors see and do."""

    store: Mongo[DispatchStore]
