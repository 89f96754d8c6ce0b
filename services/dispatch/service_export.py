"""Dispatch's RPC methods: everything that a simulation needs, in pages."""

from __future__ import annotations

from services.dispatch.store import DispatchStore
from shared.mongo import Mongo


class Export:
    """Everything that a simulation needs, in pages."""

    store: Mongo[DispatchStore]
