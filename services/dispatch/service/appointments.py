"""Dispatch's RPC methods: appointments with customers. Each answers with the receipt of the work."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from services.dispatch import answers
from services.dispatch.domain.work import appointments
from services.dispatch.schemas import appointments as schemas_appointments
from services.dispatch.store import DispatchStore
from shared.bus import Call, command
from shared.mongo import Mongo


class Appointments:
    """Setting and cancelling them; what the customer says comes by event."""

    store: Mongo[DispatchStore]

    @command("work", schemas_appointments.SetAppointment)
    def set_appointment(
        self, call: Call, order_no: str, starts_at: datetime, ends_at: datetime | None, note: str | None
    ) -> Any:
        """Somebody comes then, in place of the appointment before; the customer is asked.

        Raises NotFound, NoSuchMove, InThePast, NothingChanges.
        """
        return self.store.change(
            call,
            order_no,
            lambda order, at: appointments.set_appointment(order, at, starts_at, ends_at, note),
            answers.receipt,
        )

    @command("work", schemas_appointments.CancelAppointment)
    def cancel_appointment(self, call: Call, order_no: str, reason: str) -> Any:
        """Nobody comes; the customer is told. Raises NotFound, NoSuchMove, NoAppointment."""
        return self.store.change(
            call, order_no, lambda order, at: appointments.cancel_appointment(order, at, reason), answers.receipt
        )
