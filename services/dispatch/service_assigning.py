"""Dispatch's RPC methods: who gets the work, and why it was that agent."""

from __future__ import annotations

from services.dispatch.store import DispatchStore
from shared.mongo import Mongo


class Assigning:
    """Who gets the work, and why it was that agent."""

    store: Mongo[DispatchStore]
