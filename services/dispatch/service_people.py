"""Dispatch's RPC methods: agents, their shifts and their presence."""

from __future__ import annotations

from services.dispatch.store import DispatchStore
from shared.mongo import Mongo


class People:
    """Agents, their shifts and their presence."""

    store: Mongo[DispatchStore]
