"""Dispatch's RPC methods: work that experts look at first, and work that stands for many."""

from __future__ import annotations

from services.dispatch.store import DispatchStore
from shared.mongo import Mongo


class Incidents:
    """Work that experts look at first, and work that stands for many."""

    store: Mongo[DispatchStore]
