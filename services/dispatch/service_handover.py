"""Dispatch's RPC methods: who stands in for whom, and what one shift leaves to the next."""

from __future__ import annotations

from services.dispatch.store import DispatchStore
from shared.mongo import Mongo


class HandOvers:
    """Who stands in for whom, and what one shift leaves to the next."""

    store: Mongo[DispatchStore]
