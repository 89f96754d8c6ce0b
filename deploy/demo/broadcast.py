"""The demo's last act: everybody whom the log brought is told of an outage, area by area, and it is proved who was."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from deploy.demo import rules
from deploy.demo.outcome import pages
from deploy.demo.play import StackTrouble
from shared.client import Client

NAME = "分区停机检修 Staggered maintenance"
KIND = "staggered_outage"
CHANNELS = ("sms", "email")
POLL_SECONDS = 0.5
PATIENCE_SECONDS = 150.0  # without any change
UNDER_WAY = ("queued", "held", "handed_over")
#: When the outages begin; the last area's comes sooner than the day that is promised: it is told, but not in time.
AFTER = dict(
    zip(rules.AREAS, (timedelta(days=3), timedelta(days=4), timedelta(days=5), timedelta(hours=12)), strict=True)
)
LASTS = timedelta(hours=3)


def tell(client: Client, now: datetime, say: Callable[[str], None]) -> dict[str, Any]:
    """Tell them, unless an earlier play on the same stack has; the proof, when nothing of it moves any more."""
    broadcast_id = _earlier(client) or _begun(client, now)
    _wait(client, broadcast_id, say)
    proof = client.call("notify", "broadcast_proof", broadcast_id=broadcast_id, timeout=30)
    progress = client.call("notify", "broadcast_progress", broadcast_id=broadcast_id, timeout=30)
    shown = {name: proof[name] for name in ("state", "edition", "total", "areas")}
    return {"name": NAME, **shown, "channels": progress["channels"]}


def _earlier(client: Client) -> str | None:
    known = (
        one["broadcast_id"] for one in pages(client, "notify", "find_broadcasts", "broadcasts") if one["name"] == NAME
    )
    return next(known, None)


def _begun(client: Client, now: datetime) -> str:
    hour = now.replace(minute=0, second=0, microsecond=0)
    outages = {area: {"from": hour + after, "to": hour + after + LASTS} for area, after in AFTER.items()}
    fields: dict[str, Any] = {"name": NAME, "kind": KIND, "channels": list(CHANNELS), "outages": outages, "start": True}
    return str(client.command("notify", "broadcast", audience={"areas": list(rules.AREAS)}, **fields)["broadcast_id"])


def _wait(client: Client, broadcast_id: str, say: Callable[[str], None]) -> None:
    """Until everybody was told and every consumer has said what came of it; raises StackTrouble."""
    last, changed = None, time.monotonic()
    while True:
        found = client.call("notify", "broadcast_progress", broadcast_id=broadcast_id, timeout=30)
        left = sum(found["states"].get(state, 0) for state in UNDER_WAY)
        if found["doing"] is None and not left:
            return
        say(f"{found['seen']} seen, {left} of {found['messages']} messages under way")
        if found != last:
            last, changed = found, time.monotonic()
        if time.monotonic() - changed > PATIENCE_SECONDS:
            raise StackTrouble(f"the broadcast does not come to its end: {found['state']}, {left} messages under way")
        time.sleep(POLL_SECONDS)
