"""`python -m services.notify.consumers.sms`: the SMS consumer.

Reads LOOPDESK_AMQP_URI and LOOPDESK_MONGO_URI (its own accounts), SMS_GATEWAY or SMS_SINK, SMS_SIGNATURE, SMS_OPT_OUT
and SMS_OPT_OUT_KINDS (docs/sms.md).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from services.notify.consumers.delivery import Transport
from services.notify.consumers.halt import Halt
from services.notify.consumers.runner import Consumer
from services.notify.consumers.sink import FileSink
from services.notify.consumers.sms.http import HttpGateway
from services.notify.consumers.sms.ids import of_answer
from services.notify.consumers.sms.mapping import read_mapping
from services.notify.consumers.sms.settings import SmppSettings, wording_of
from services.notify.consumers.sms.smpp import SmppGateway
from services.notify.consumers.sms.store import Trail
from services.notify.consumers.store import Claims
from shared import logs
from shared.clock import Clock, SystemClock
from shared.errors import ValidationError
from shared.settings import MissingSettings, require


def transport(environ: Mapping[str, str], claims: Claims, clock: Clock, halt: Halt) -> Transport:
    """What SMS_GATEWAY names: `file:PATH`, `smpp://…`, `smpps://…` or `http:PATH` of a mapping; without it, SMS_SINK.

    Raises `ValueError`, and `ValidationError` for a mapping.
    """
    gateway = environ.get("SMS_GATEWAY", "")
    if not gateway:
        return FileSink(Path(require("SMS_SINK", environ=environ)[0]), clock)
    kind, _, rest = gateway.partition(":")
    if kind == "file" and rest:
        return FileSink(Path(rest), clock)
    wording = wording_of(environ)
    if kind == "http" and rest:
        mapping = read_mapping(Path(rest), environ)
        return HttpGateway(mapping, wording, Trail(claims, f"http:{mapping.name}", clock), clock, halt)
    settings = SmppSettings.from_uri(gateway)
    form = partial(of_answer, receipt_ids=settings.receipt_ids)
    return SmppGateway(settings, wording, Trail(claims, settings.name, clock, form), halt, clock)


def main() -> int:
    """Consume until SIGTERM; gives the exit code."""
    amqp_uri, mongo_uri = require("LOOPDESK_AMQP_URI", "LOOPDESK_MONGO_URI")
    logs.set_up(os.environ.get("LOOPDESK_LOG_LEVEL", "INFO"))
    clock, halt = SystemClock(), Halt()
    claims = Claims(mongo_uri, "sms", clock)
    try:
        chosen = transport(os.environ, claims, clock, halt)
    except (ValueError, ValidationError) as error:
        raise MissingSettings(f"a setting is malformed: {error}") from None
    Consumer("sms", amqp_uri, claims, chosen, clock, halt).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
