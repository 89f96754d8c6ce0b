"""RPC: what rules and templates would do, before anybody is told."""

from __future__ import annotations

from typing import Any

from services.notify.domain.audience import Customer
from services.notify.domain.words import in_language
from services.notify.samples import SAMPLE_CUSTOMER, event_data, everything
from services.notify.schemas import previews as schemas
from services.notify.store import NotifyStore
from shared.bus import Call, query
from shared.errors import NotFound
from shared.mongo import Mongo


class Previews:
    """Queries that write nothing and tell nobody."""

    store: Mongo[NotifyStore]

    @query("read", schemas.PreviewRules)
    def preview_rules(
        self, call: Call, event: str, data: dict[str, Any], customer_id: str | None = None
    ) -> dict[str, Any]:
        """Which rules act on such an event, whom they tell by what, and why the others do not: {rules: [...]}.

        A notice says what would become of it now: `state` (handed_over, held, cancelled), `reason` and `until`.

        Raises `ValidationError` by `data.<name>`, `NotFound` for a customer of whom intake has not told.
        """
        reference = self.store.reference.current()
        said = event_data(event, data | ({"customer_id": customer_id} if customer_id else {}))
        customer = self._customer(customer_id)
        found, fates = self.store.foretelling.preview(reference, event, said, customer)
        return {"version": reference.version, "rules": [schemas.previewed(one, fates) for one in found]}

    @query("read", schemas.PreviewTemplate)
    def preview_template(
        self, call: Call, template: str, channel: str, language: str | None, zone: str | None, data: dict[str, Any]
    ) -> dict[str, Any]:
        """A template as its recipient would read it. Raises `NotFound` where the reference data has no such text."""
        reference = self.store.reference.current()
        said = everything(data)
        try:
            read, content = reference.written(template, channel, language or reference.default_language, said, zone)
        except LookupError:
            raise NotFound("template", f"{template}/{channel}") from None
        return schemas.text(read, content, in_language(said, read))

    def _customer(self, customer_id: str | None) -> Customer:
        if customer_id is None:
            return SAMPLE_CUSTOMER
        customer: Customer | None = self.store.customers.find(customer_id)
        if customer is None:
            raise NotFound("customer", customer_id)
        return customer
